#include "engine/engine.h"

#include <utility>

#include "engine/engine_internal.h"
#include "engine/sql.h"

namespace weir::engine {
namespace {

struct Config {
  Config() { duckdb_create_config(&handle); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  ~Config() { duckdb_destroy_config(&handle); }
  duckdb_config handle = nullptr;
};

std::unexpected<Error> NotOpened(std::string message) {
  return Fail(ErrorKind::kInvalid, "engine.open", std::move(message));
}

Result<void> FillConfig(const EngineOptions& options, duckdb_config config) {
  const std::vector<std::pair<const char*, std::string>> settings = {
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"errors_as_json", "true"},
      {"memory_limit", std::to_string(options.memory_bytes) + "B"},
      {"threads", std::to_string(options.threads)},
      {"temp_directory", options.temp_folder},
  };
  for (const auto& [name, value] : settings)
    if (duckdb_set_config(config, name, value.c_str()) != DuckDBSuccess)
      return NotOpened("DuckDB refuses " + std::string(name) + " = '" + value + "'");
  return {};
}

std::string SettingsSql(const EngineOptions& options) {
  std::string sql = "SET GLOBAL TimeZone = 'UTC'; SET GLOBAL Calendar = 'gregorian';";
  if (options.access == Access::kNone) {
    std::string folders;
    for (const std::string& folder : options.folders)
      folders += (folders.empty() ? "" : ", ") + QuotedText(folder);
    if (!folders.empty()) sql += "SET GLOBAL allowed_directories = [" + folders + "];";
    sql += "SET GLOBAL enable_external_access = false;";
  }
  return sql + "SET GLOBAL lock_configuration = true;";
}

Result<std::shared_ptr<Database>> OpenDatabase(const EngineOptions& options) {
  Config config;
  WEIR_TRY(FillConfig(options, config.handle));
  auto database = std::make_shared<Database>();
  char* reason = nullptr;
  const auto state = duckdb_open_ext(nullptr, &database->handle, config.handle, &reason);
  const OwnedText owned_reason(reason);
  if (state != DuckDBSuccess) return NotOpened(ErrorFrom(reason, {}).message);
  WEIR_TRY(AddBatchFunction(*database));
  WEIR_ASSIGN(const auto connection, Connect(database));
  if (auto set = RunSql(*connection, SettingsSql(options)); !set)
    return NotOpened(set.error().message);
  return database;
}

class LateEngine final : public Engine {
 public:
  explicit LateEngine(EngineOptions options)
      : database_(std::make_shared<LateDatabase>(std::move(options))) {}
  Result<std::unique_ptr<Session>> NewSession() override { return MakeSession(database_); }

 private:
  const std::shared_ptr<LateDatabase> database_;
};

}  // namespace

Database::~Database() { duckdb_close(&handle); }

Connection::~Connection() { duckdb_disconnect(&handle); }

Result<std::shared_ptr<Connection>> Connect(const std::shared_ptr<Database>& database) {
  auto connection = std::make_shared<Connection>();
  connection->database = database;
  if (duckdb_connect(database->handle, &connection->handle) != DuckDBSuccess)
    return NotOpened("DuckDB gave no connection");
  return connection;
}

Result<std::shared_ptr<Connection>> LateDatabase::NewConnection() {
  const std::lock_guard lock(mutex_);
  if (database_ == nullptr) {
    WEIR_ASSIGN(database_, OpenDatabase(options_));
  }
  return Connect(database_);
}

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  return std::make_unique<LateEngine>(options);
}

std::string Version() {
  std::string_view version = duckdb_library_version();
  if (version.starts_with('v')) version.remove_prefix(1);
  return "DuckDB " + std::string(version);
}

}  // namespace weir::engine
