// Which tables of the lake a SELECT reads, and what in it cannot be read. Nothing is looked up or
// run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/table_name.h"
#include "engine/engine.h"
#include "engine/sql.h"

namespace weir::query {

// Whether SQL may name files and addresses (read_csv, FROM 'x.csv', ...). The engine must allow it
// too.
enum class Outside : uint8_t { kDenied, kAllowed };

struct TableUse {
  engine::TableReference reference;
  catalog::TableName table;
  std::string at = {};  // Its snapshot, as written behind "@"; empty: the current one.

  // Under which it is read: with the snapshot.
  catalog::TableName view() const {
    return at.empty() ? table : catalog::TableName{table.space, table.name + "@" + at};
  }
};

struct TableUses {
  std::vector<TableUse> tables;  // In the order of their places.
  // Of the names and functions that cannot be read, each with its place within the SQL:
  // query.table (kNotFound, with "did you mean"), query.function (kUnsupported), engine.denied.
  Errors faults;
};

// `known` are all tables there are. Errors: those of engine::CheckSelect.
Result<TableUses> FindTableUses(engine::Session& session, std::string_view sql,
                                const std::vector<catalog::TableName>& known, Outside outside);

// Error query.table for a name that is not in `known`.
Error UnknownTable(const std::string& written, const std::vector<catalog::TableName>& known,
                   const Place& place);

}  // namespace weir::query
