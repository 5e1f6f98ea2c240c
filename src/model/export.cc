#include "model/export_internal.h"

#include "base/path_template.h"
#include "env/failpoint.h"
#include "query/output.h"

namespace weir::model {
namespace {

struct Target {
  query::OutputFormat format;
  std::string path;  // As written.
};

std::vector<Target> TargetsOf(const ExportSpec& spec) {
  std::vector<Target> targets;
  const auto add = [&](query::OutputFormat format, const std::string& path) {
    if (!path.empty()) targets.push_back({format, path});
  };
  add(query::OutputFormat::kCsv, spec.csv);
  add(query::OutputFormat::kParquet, spec.parquet);
  add(query::OutputFormat::kNdjson, spec.ndjson);
  return targets;
}

Result<void> WriteFile(const ModelContext& context, const Model& model, query::SnapshotQuery& query,
                       const Target& target, const std::string& path) {
  const auto begun = context.clock.Monotonic();
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0)
    WEIR_TRY(context.files.MakeFolders(path.substr(0, slash)));
  WEIR_ASSIGN(const auto stream,
              query.Run("SELECT * FROM " + engine::QuotedName(model.table.space) + "." +
                        engine::QuotedName(model.table.name)));
  WEIR_ASSIGN(const auto writer, context.files.Replace(path));
  WEIR_ASSIGN(const uint64_t rows, query::WriteOutput(*stream, {.format = target.format},
                                                      [&writer](std::string_view bytes) {
                                                        return writer->Write(bytes);
                                                      }));
  WEIR_TRY(env::ReachFailpoint("model.export"));
  WEIR_TRY(writer->Finish());
  context.log.Write(telemetry::FileWritten{model.pipeline(), path, rows, writer->position(),
                                           context.clock.Monotonic() - begun});
  return env::ReachFailpoint("model.exported");
}

}  // namespace

Result<void> WriteExports(const ModelContext& context, const Model& model,
                          query::SnapshotQuery& query, Instant at, const std::string& version) {
  if (!model.header.exported) return {};
  for (const Target& target : TargetsOf(*model.header.exported)) {
    WEIR_ASSIGN(const PathTemplate path_template, PathTemplate::Parse(target.path));
    PathValues values;
    values.at = at;
    values.name = model.table.name;
    values.pipeline = model.table.ToString();
    std::string path = path_template.Fill(values);
    ledger::ObjectProgress shown;
    shown.object = "export:" + path;
    shown.version = version;
    shown.done = true;
    if (!path.starts_with('/') && !context.folder.empty()) path = context.folder + "/" + path;
    WEIR_ASSIGN(const auto before, context.catalog.ObjectByPath(model.pipeline(), shown.object));
    if (before && before->version == shown.version && context.files.Status(path)) continue;
    if (auto written = WriteFile(context, model, query, target, path); !written) {
      const std::string what = model.is_view() ? "view " : "table ";
      return Fail(WithContext(std::move(written).error(),
                              what + model.table.ToString() +
                                  (model.is_view() ? " was checked" : " is committed") +
                                  ", its export is not written"));
    }
    catalog::Change change;
    change.progress = {shown};
    change.progress_of = model.pipeline();
    WEIR_TRY(context.catalog.Commit(change));
  }
  return {};
}

}  // namespace weir::model
