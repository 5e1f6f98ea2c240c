#include "base/check.h"
#include "catalog/sqlite_database_internal.h"
#include "env/failpoint.h"

namespace weir::catalog {

namespace {
constexpr int kBusyMillis = 10'000;
}  // namespace

Error FromSqlite(sqlite3* database, std::string_view doing) {
  const int code = sqlite3_errcode(database) & 0xff;
  const char* path = sqlite3_db_filename(database, "main");
  Error error{
      .kind = ErrorKind::kIo,
      .code = "catalog.io",
      .message = std::string(doing) + ": " + sqlite3_errmsg(database),
      .place = {.file = path == nullptr ? "" : path, .line = 0, .column = 0, .byte_offset = {}},
      .next = "see that its disk is there, writable and not full, then run the same command again"};
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
    error.kind = ErrorKind::kBusy;
    error.code = "catalog.busy";
    error.next = "another process has held the database's lock for 10 s; try again when it is done";
  } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    error.kind = ErrorKind::kCorrupt;
    error.code = code == SQLITE_NOTADB ? "catalog.not_a_database" : "catalog.corrupt";
    error.next = "restore it from a backup; keep the broken file";
  }
  return error;
}

Statement& Statement::Bind(int64_t number) {
  WEIR_CHECK(sqlite3_bind_int64(prepared_.get(), next_++, number) == SQLITE_OK);
  return *this;
}

Statement& Statement::Bind(std::string_view text) {
  WEIR_CHECK(sqlite3_bind_text64(prepared_.get(), next_++, text.data(), text.size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::BindNull() {
  WEIR_CHECK(sqlite3_bind_null(prepared_.get(), next_++) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::Step() {
  switch (sqlite3_step(prepared_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return Fail(FromSqlite(sqlite3_db_handle(prepared_.get()), "the database refused"));
  }
}

Result<void> Statement::Run() {
  while (true) {
    WEIR_ASSIGN(const bool row, Step());
    if (!row) return {};
  }
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(prepared_.get(), column))};
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Access access) {
  sqlite3* handle = nullptr;
  const int flags = access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    Error error = FromSqlite(handle, "cannot open the database");
    error.place.file = path;
    return Fail(std::move(error));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMillis);
  return database;
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &prepared,
                         nullptr) != SQLITE_OK)
    return Fail(FromSqlite(database_.get(), "the database refused"));
  return Statement(prepared);
}

Result<void> Database::Run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return Fail(FromSqlite(database_.get(), "the database refused"));
  return {};
}

Result<void> Database::Transact(const std::function<Result<void>()>& body) {
  WEIR_TRY(Run("BEGIN IMMEDIATE"));
  auto done = body();
  if (done) done = env::ReachFailpoint("catalog.before_commit");
  if (!done) {
    WEIR_TRY(Run("ROLLBACK"));
    return done;
  }
  if (auto committed = Run("COMMIT"); !committed) {
    // Still in the transaction: COMMIT did nothing (busy, disk full). Otherwise nobody knows.
    if (sqlite3_get_autocommit(database_.get()) == 0) {
      Error error = std::move(committed).error();
      WEIR_TRY(Run("ROLLBACK"));
      return Fail(std::move(error));
    }
    Error error = std::move(committed).error();
    error.kind = ErrorKind::kUnknown;
    error.code = "catalog.unknown";
    return Fail(std::move(error));
  }
  return env::ReachFailpoint("catalog.after_commit");
}

}  // namespace weir::catalog
