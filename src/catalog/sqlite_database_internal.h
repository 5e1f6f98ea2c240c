// SQLite behind Result: an open database, prepared statements, one transaction at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::catalog {

// A prepared statement with its values bound. Valid as long as its database.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* prepared) : prepared_(prepared, &sqlite3_finalize) {}

  Statement& Bind(int64_t number);
  Statement& Bind(std::string_view text);
  Statement& BindNull();

  // true: a row stands ready; false: no more.
  Result<bool> Step();
  // Steps to the end; for statements that return nothing.
  Result<void> Run();

  int64_t Number(int column) const { return sqlite3_column_int64(prepared_.get(), column); }
  bool IsNull(int column) const {
    return sqlite3_column_type(prepared_.get(), column) == SQLITE_NULL;
  }
  std::string Text(int column) const;

 private:
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> prepared_;
  int next_ = 1;
};

class Database {
 public:
  enum class Access : uint8_t { kReadOnly, kReadWrite };
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Access access);

  Result<Statement> Prepare(std::string_view sql);
  Result<void> Run(const char* sql);  // One or more statements without values.
  int64_t changes() const { return sqlite3_changes64(database_.get()); }
  // Runs `body` in BEGIN IMMEDIATE .. COMMIT; an error of it rolls back. An error of COMMIT itself
  // is catalog.unknown unless SQLite still stands in the transaction (then it is rolled back).
  Result<void> Transact(const std::function<Result<void>()>& body);

 private:
  explicit Database(sqlite3* database) : database_(database, &sqlite3_close) {}
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

// The error that SQLite's last call on `database` left.
Error FromSqlite(sqlite3* database, std::string_view doing);

}  // namespace weir::catalog
