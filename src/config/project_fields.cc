#include <algorithm>
#include <utility>

#include "config/kinds.h"
#include "config/project_fields_internal.h"

namespace weir::config {
namespace {

const FieldTable<LogsSpec>& LogsFields() {
  static const auto level = Converted<std::string>(
      WordIndex({"debug", "info", "warn", "error"}, std::vector<bool>(4)),
      [](size_t, const Node& node, const Reading&) { return std::optional(node.text); });
  static const FieldTable<LogsSpec> table{
      "logs",
      {Field("dir", &LogsSpec::folder, Text(), Default(".weir/logs"), "folder of the log files"),
       Field("level", &LogsSpec::level, level, Default("info"), "least severe line that is kept")}};
  return table;
}

const FieldTable<TlsSpec>& TlsFields() {
  static const FieldTable<TlsSpec> table{
      "server.tls",
      {Field("cert", &TlsSpec::cert, Text(), Required(), "certificate with its chain, PEM"),
       Field("key", &TlsSpec::key, Text(), Required(), "its private key, PEM")}};
  return table;
}

const FieldTable<ServerSpec>& ServerFields() {
  using Auth = ServerSpec::Auth;
  static const FieldTable<ServerSpec> table{
      "server",
      {Field("listen", &ServerSpec::listen, WithPlace(Text()), Default("127.0.0.1:8000"),
             "address and port; PORT in the environment overrides the port"),
       Field("auth", &ServerSpec::auth,
             Word<Auth>({{"tokens", Auth::kTokens}, {"none", Auth::kNone}}), Optional(),
             "who may call; needed where listen is not a loopback address"),
       Field("tls", &ServerSpec::tls, Nested(TlsFields()), Optional(), "certificate and key"),
       Field("shutdown_grace", &ServerSpec::shutdown_grace, Duration(), Default("30s"),
             "time in which running requests may end"),
       Field("limits", &ServerSpec::limits, Nested(ServerLimitsFields()), Default("{}"),
             "bounds of requests, connections, and what is kept")}};
  return table;
}

Shape<CatalogSpec> Catalog() {
  enum class Local : uint8_t { kSqlite };
  auto local = Converted<CatalogSpec>(
      Word<Local>({{"sqlite", Local::kSqlite}}),
      [](Local, const Node& node, const Reading&) -> std::optional<CatalogSpec> {
        return CatalogSpec{CatalogSpec::Kind::kSqlite, {}, node.place};
      });
  auto shared = Converted<CatalogSpec>(
      Text(), [](std::string text, const Node& node, const Reading&) -> std::optional<CatalogSpec> {
        return CatalogSpec{CatalogSpec::Kind::kPostgres, std::move(text), node.place};
      });
  auto kinds = OneOfKinds<CatalogSpec>("catalog", {ShapeKind<CatalogSpec>("postgres", shared)});
  kinds.values = "{postgres: CONN}";
  return ScalarOr(std::move(local), std::move(kinds));
}

Shape<ConnectionSpec> Connection() {
  std::vector<KindOf<ConnectionSpec>> kinds;
  for (const std::string kind : {"postgres", "rest", "s3", "kafka"}) {
    auto keep = [kind](Node value, const Node&, const Reading&) -> std::optional<ConnectionSpec> {
      return ConnectionSpec{kind, std::move(value)};
    };
    kinds.push_back(ShapeKind<ConnectionSpec>(kind, Converted<ConnectionSpec>(Raw(), keep)));
  }
  return OneOfKinds<ConnectionSpec>("connection", std::move(kinds));
}

constexpr int64_t kVersion = 1;

Shape<int64_t> Version() {
  return Converted<int64_t>(
      Text(),
      [](const std::string& text, const Node& node,
         const Reading& reading) -> std::optional<int64_t> {
        if (text == std::to_string(kVersion)) return kVersion;
        reading.Add("config.version",
                    "this version of Weir reads 'weir: 1', not '" + node.shown() + "'", node.place,
                    "write 'weir: 1', or install a Weir that knows this language");
        return std::nullopt;
      },
      "1");
}

// A project's name may hold '-' where a pipeline's may not: no table is named after it.
Shape<std::string> ProjectName() {
  return Converted<std::string>(
      Text(),
      [](std::string name, const Node& node, const Reading& reading) -> std::optional<std::string> {
        std::string as_name = name;
        std::replace(as_name.begin(), as_name.end(), '-', '_');
        if (name.front() != '-' && IsName(as_name)) return name;
        reading.Add("config.bad_name", "'" + node.shown() + "' cannot name a project", node.place,
                    "use lower-case letters, digits, - and _, beginning with a letter");
        return std::nullopt;
      });
}

}  // namespace

const FieldTable<ProjectFile>& ProjectFields() {
  static const FieldTable<ProjectFile> table{
      "weir.yaml",
      {Field("weir", &ProjectFile::version, Version(), Required(), "version of this language"),
       Field("name", &ProjectFile::name, ProjectName(), Required(), "name of the project"),
       Field("warehouse", &ProjectFile::warehouse, Text(), Default("./lake"), "where tables live"),
       Field("catalog", &ProjectFile::catalog, Catalog(), Default("sqlite"),
             "where tables, ledger and runs are recorded"),
       Field("logs", &ProjectFile::logs, Nested(LogsFields()), Default("{}"),
             "logs of the program"),
       Field("server", &ProjectFile::server, Nested(ServerFields()), Default("{}"),
             "the HTTP server of 'weir serve'"),
       Field("connections", &ProjectFile::connections,
             MapOf("connection", Connection(), NameRule::kName), Optional(),
             "named once, used by name"),
       Field("pipelines", &ProjectFile::pipelines, MapOf("pipeline", Raw(), NameRule::kName),
             Optional(), "from a source over a contract to sinks; also in pipelines/*.yaml"),
       Field("schedules", &ProjectFile::schedules, MapOf("schedule", Raw(), NameRule::kName),
             Optional(), "when selected pipelines and models run")}};
  return table;
}

const TableDoc& ProjectTableDoc() { return ProjectFields().doc(); }

}  // namespace weir::config
