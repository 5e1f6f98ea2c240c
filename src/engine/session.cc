#include <algorithm>
#include <atomic>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "engine/arrow_out_internal.h"
#include "engine/engine_internal.h"

namespace weir::engine {
namespace {

constexpr size_t kStreamBytes = 16 * 1024 * 1024;  // A batch is cut soon after it holds so much.

Result<std::string> CheckedSql(std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos)
    return Fail(ErrorKind::kInvalid, "engine.parse", "the SQL holds a zero byte");
  return std::string(sql);
}

std::string TakenName(const char* name) {
  const OwnedText owned(const_cast<char*>(name));
  return name == nullptr ? "" : name;
}

class DuckStream final : public ArrowStream {
 public:
  DuckStream(std::shared_ptr<Connection> connection, std::string sql)
      : connection_(std::move(connection)),
        sql_(std::move(sql)),
        statement_(connection_->statement) {}

  // DuckDB keeps the state of an unfinished statement until the next one starts: start one.
  ~DuckStream() override {
    duckdb_destroy_result(&result_.handle);
    if (!done_ && statement_ == connection_->statement) (void)RunSql(*connection_, "SELECT NULL");
  }

  Result<void> Start(duckdb_prepared_statement prepared) {
    if (duckdb_execute_prepared_streaming(prepared, &result_.handle) != DuckDBSuccess)
      return Fail(ErrorFrom(duckdb_result_error(&result_.handle), sql_));
    std::vector<std::string> names;
    std::vector<OwnedType> types;
    std::vector<duckdb_logical_type> borrowed;
    // What gives no rows (CREATE, ...) has a column of its own making.
    const bool rows = duckdb_result_return_type(result_.handle) == DUCKDB_RESULT_TYPE_QUERY_RESULT;
    for (idx_t i = 0; rows && i < duckdb_column_count(&result_.handle); ++i) {
      names.emplace_back(duckdb_column_name(&result_.handle, i));
      types.emplace_back(duckdb_column_logical_type(&result_.handle, i));
      borrowed.push_back(types.back().get());
    }
    WEIR_ASSIGN(out_, BatchOut::Make(names, borrowed));
    done_ = !rows;
    return {};
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return out_.schema(); }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (failed_) return Fail(*failed_);
    auto batch = Gather();
    if (!batch) failed_ = batch.error();
    return batch;
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Gather() {
    while (!done_ && static_cast<size_t>(out_.rows()) + duckdb_vector_size() <= kStreamRows &&
           out_.bytes() < kStreamBytes) {
      if (statement_ != connection_->statement)
        return Fail(ErrorKind::kInvalid, "engine.closed",
                    "a later statement of the session closed this result");
      const OwnedChunk chunk(duckdb_fetch_chunk(result_.handle));
      if (chunk == nullptr) {
        if (const char* reason = duckdb_result_error(&result_.handle);
            reason != nullptr && *reason != '\0')
          return Fail(ErrorFrom(reason, sql_));
        done_ = true;
        break;
      }
      WEIR_TRY(out_.Append(chunk.get()));
    }
    if (out_.rows() == 0) return nullptr;
    return out_.Finish();
  }

  // Before `result_`: the result is destroyed first.
  std::shared_ptr<Connection> connection_;
  std::string sql_;
  uint64_t statement_;
  OwnedResult result_;
  BatchOut out_;
  bool done_ = false;
  std::optional<Error> failed_;
};

class DuckStatement final : public Statement {
 public:
  DuckStatement(std::shared_ptr<Connection> connection, std::string sql)
      : connection_(std::move(connection)), sql_(std::move(sql)) {}

  Result<void> Prepare() {
    duckdb_prepared_statement handle = nullptr;
    StartStatement(*connection_);
    const auto state = duckdb_prepare(connection_->handle, sql_.c_str(), &handle);
    prepared_.reset(handle);
    if (state != DuckDBSuccess) return Fail(ErrorFrom(duckdb_prepare_error(handle), sql_));
    for (idx_t i = 1; i <= duckdb_nparams(handle); ++i)
      names_.push_back(TakenName(duckdb_parameter_name(handle, i)));
    if (names_.empty()) return ReadSchema();
    return {};
  }

  const std::vector<std::string>& parameters() const override { return names_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<std::unique_ptr<ArrowStream>> Query(const std::vector<Parameter>& parameters) override {
    StartStatement(*connection_);
    WEIR_TRY(Bind(parameters));
    auto stream = std::make_unique<DuckStream>(connection_, sql_);
    WEIR_TRY(stream->Start(prepared_.get()));
    return stream;
  }

 private:
  Result<void> ReadSchema() {
    const duckdb_prepared_statement handle = prepared_.get();
    if (duckdb_prepared_statement_type(handle) != DUCKDB_STATEMENT_TYPE_SELECT) return {};
    std::vector<std::string> names;
    std::vector<OwnedType> types;
    std::vector<duckdb_logical_type> borrowed;
    for (idx_t i = 0; i < duckdb_prepared_statement_column_count(handle); ++i) {
      names.push_back(TakenName(duckdb_prepared_statement_column_name(handle, i)));
      types.emplace_back(duckdb_prepared_statement_column_logical_type(handle, i));
      borrowed.push_back(types.back().get());
    }
    WEIR_ASSIGN(const BatchOut out, BatchOut::Make(names, borrowed));
    schema_ = out.schema();
    return {};
  }

  Result<void> Bind(const std::vector<Parameter>& parameters) {
    for (const Parameter& given : parameters)
      if (std::ranges::find(names_, given.name) == names_.end())
        return Fail(ErrorKind::kInvalid, "engine.parameter",
                    "the SQL has no parameter $" + given.name);
    duckdb_clear_bindings(prepared_.get());
    for (size_t i = 0; i < names_.size(); ++i) {
      const auto given = std::ranges::find(parameters, names_[i], &Parameter::name);
      if (given == parameters.end())
        return Fail(ErrorKind::kInvalid, "engine.parameter", "no value for $" + names_[i]);
      WEIR_ASSIGN(duckdb_value value, MakeValue(*connection_, *given));
      const auto state = duckdb_bind_value(prepared_.get(), i + 1, value);
      duckdb_destroy_value(&value);
      if (state != DuckDBSuccess)
        return Fail(ErrorKind::kInvalid, "engine.parameter", "cannot bind $" + names_[i]);
    }
    return {};
  }

  std::shared_ptr<Connection> connection_;  // Before `prepared_`, which is destroyed first.
  std::string sql_;
  OwnedPrepared prepared_;
  std::vector<std::string> names_;
  std::shared_ptr<arrow::Schema> schema_;
};

// Connected by its first statement.
class DuckSession final : public Session {
 public:
  explicit DuckSession(std::shared_ptr<LateDatabase> database) : database_(std::move(database)) {}

  Result<void> Execute(std::string_view sql) override {
    WEIR_ASSIGN(const std::string text, CheckedSql(sql));
    WEIR_TRY(Connect());
    return RunSql(*connection_, text);
  }

  Result<std::unique_ptr<ArrowStream>> Query(std::string_view sql) override {
    WEIR_ASSIGN(const auto statement, Prepare(sql));
    return statement->Query({});
  }

  Result<std::unique_ptr<Statement>> Prepare(std::string_view sql) override {
    WEIR_TRY(Connect());
    return MakeStatement(connection_, sql);
  }

  Result<std::unique_ptr<BatchTable>> AddTable(std::string_view name,
                                               std::shared_ptr<arrow::Schema> schema) override {
    return AddStream(name, std::move(schema), nullptr);
  }

  Result<std::unique_ptr<BatchTable>> AddStream(std::string_view name,
                                                std::shared_ptr<arrow::Schema> schema,
                                                NextBatch next) override {
    WEIR_TRY(Connect());
    return MakeBatchTable(connection_, name, std::move(schema), std::move(next));
  }

  // From any thread: before the first statement there is nothing to stop, and nothing to tell.
  void Interrupt() override {
    if (const duckdb_connection connection = connected_.load()) duckdb_interrupt(connection);
  }

  std::optional<double> progress() const override {
    const duckdb_connection connection = connected_.load();
    const double percent =
        connection == nullptr ? -1 : duckdb_query_progress(connection).percentage;
    if (percent < 0) return std::nullopt;
    return percent / 100;
  }

 private:
  Result<void> Connect() {
    if (connection_ != nullptr) return {};
    WEIR_ASSIGN(connection_, database_->NewConnection());
    connected_ = connection_->handle;
    return {};
  }

  const std::shared_ptr<LateDatabase> database_;
  std::shared_ptr<Connection> connection_;
  std::atomic<duckdb_connection> connected_ = nullptr;  // The same, for other threads.
};

}  // namespace

void StartStatement(Connection& connection) {
  ++connection.statement;
  for (const auto& [id, name] : std::exchange(connection.dropped, {})) {
    // The view of this name may be a later table's by now, which stays.
    const std::string sql =
        "SELECT 1 FROM duckdb_views() WHERE temporary AND sql LIKE '%weir_batches(" +
        std::to_string(id) + ")%'";
    OwnedResult found;
    if (duckdb_query(connection.handle, sql.c_str(), &found.handle) != DuckDBSuccess) continue;
    if (OwnedChunk(duckdb_fetch_chunk(found.handle)) == nullptr) continue;
    OwnedResult drop;
    duckdb_query(connection.handle, ("DROP VIEW IF EXISTS temp." + name).c_str(), &drop.handle);
  }
}

Result<void> RunSql(Connection& connection, const std::string& sql) {
  StartStatement(connection);
  OwnedResult result;
  if (duckdb_query(connection.handle, sql.c_str(), &result.handle) != DuckDBSuccess)
    return Fail(ErrorFrom(duckdb_result_error(&result.handle), sql));
  return {};
}

Result<std::unique_ptr<Statement>> MakeStatement(const std::shared_ptr<Connection>& connection,
                                                 std::string_view sql) {
  WEIR_ASSIGN(std::string text, CheckedSql(sql));
  auto statement = std::make_unique<DuckStatement>(connection, std::move(text));
  WEIR_TRY(statement->Prepare());
  return statement;
}

std::unique_ptr<Session> MakeSession(std::shared_ptr<LateDatabase> database) {
  return std::make_unique<DuckSession>(std::move(database));
}

}  // namespace weir::engine
