// DuckDB's handles as owners, its errors as ours. Private to engine/.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "duckdb.h"
#include "engine/engine.h"

namespace weir::engine {

struct BatchSource;

// The database, and the Arrow tables that its table function `weir_batches(id)` reads. Shared by
// all sessions; closed when the last of them is gone.
struct Database {
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  duckdb_database handle = nullptr;
  std::mutex mutex;  // Guards what follows.
  std::unordered_map<int64_t, std::shared_ptr<BatchSource>> sources;
  int64_t next_source = 1;
};

struct Connection {
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  std::shared_ptr<Database> database;
  duckdb_connection handle = nullptr;
  uint64_t statement = 0;  // Counts the statements started; a stream of an earlier one is closed.
  std::vector<std::pair<int64_t, std::string>> dropped;  // Tables of batches (id, name in quotes).
};

Result<std::shared_ptr<Connection>> Connect(const std::shared_ptr<Database>& database);

// A database that is opened with its first connection. Threads: any.
class LateDatabase {
 public:
  explicit LateDatabase(EngineOptions options) : options_(std::move(options)) {}
  // Also error engine.open.
  Result<std::shared_ptr<Connection>> NewConnection();

 private:
  const EngineOptions options_;
  std::mutex mutex_;
  std::shared_ptr<Database> database_;  // Null: not opened yet.
};

// Makes `weir_batches` known to the database.
Result<void> AddBatchFunction(Database& database);
Result<std::unique_ptr<BatchTable>> MakeBatchTable(const std::shared_ptr<Connection>& connection,
                                                   std::string_view name,
                                                   std::shared_ptr<arrow::Schema> schema,
                                                   NextBatch next);

// To be called before each statement: closes an open stream, and drops what was to be dropped,
// which could not be done earlier without closing that stream.
void StartStatement(Connection& connection);

Result<void> RunSql(Connection& connection, const std::string& sql);
Result<std::unique_ptr<Statement>> MakeStatement(const std::shared_ptr<Connection>& connection,
                                                 std::string_view sql);
std::unique_ptr<Session> MakeSession(std::shared_ptr<LateDatabase> database);

// A value of `parameter`'s type, for binding; the caller destroys it.
Result<duckdb_value> MakeValue(Connection& connection, const Parameter& parameter);

// What DuckDB says (JSON, since errors_as_json is on) about `sql`.
Error ErrorFrom(const char* message, std::string_view sql);

// The error an Arrow status stands for.
Error ErrorFromArrow(const std::string& message);

// Frees what DuckDB allocated.
struct FreeText {
  void operator()(char* text) const { duckdb_free(text); }
};
using OwnedText = std::unique_ptr<char, FreeText>;

struct DestroyType {
  void operator()(duckdb_logical_type type) const { duckdb_destroy_logical_type(&type); }
};
using OwnedType = std::unique_ptr<_duckdb_logical_type, DestroyType>;

struct DestroyChunk {
  void operator()(duckdb_data_chunk chunk) const { duckdb_destroy_data_chunk(&chunk); }
};
using OwnedChunk = std::unique_ptr<_duckdb_data_chunk, DestroyChunk>;

struct DestroyPrepared {
  void operator()(duckdb_prepared_statement statement) const { duckdb_destroy_prepare(&statement); }
};
using OwnedPrepared = std::unique_ptr<_duckdb_prepared_statement, DestroyPrepared>;

// A result, destroyed with its owner.
struct OwnedResult {
  OwnedResult() = default;
  OwnedResult(const OwnedResult&) = delete;
  OwnedResult& operator=(const OwnedResult&) = delete;
  ~OwnedResult() { duckdb_destroy_result(&handle); }
  duckdb_result handle = {};
};

}  // namespace weir::engine
