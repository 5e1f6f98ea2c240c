// What a piece of SQL is and what it reads, from DuckDB's own parser. Nothing is looked up or run.
//
// Threads: as the Session's. Errors of all calls: engine.parse with the place within the SQL.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace weir::engine {

enum class ReferenceKind : uint8_t { kTable, kFunction };

// Something that a FROM reads and the query does not define itself.
struct TableReference {
  ReferenceKind kind = ReferenceKind::kTable;
  std::string catalog;  // Empty where not written; so is `schema`.
  std::string schema;
  std::string name;
  // kFunction: its arguments; a column or table name as "bronze.orders", a constant as its value,
  // any other expression as "".
  std::vector<std::string> arguments;
  Place place;  // Within the SQL.
};

// The tables and table functions that the SELECT `sql` reads, in the order of their places, each
// place once; names of its own CTEs are left out. Also error query.not_select.
Result<std::vector<TableReference>> References(Session& session, std::string_view sql);

// What an expression reads.
struct ExpressionReferences {
  // Each name as written, split at its dots: {"price"}, {"item", "qty"}. Parameters of lambdas and
  // list comprehensions are left out.
  std::vector<std::vector<std::string>> columns;
  std::vector<std::string> functions;  // Lower case, operators left out, in order of their places.
  bool star = false;                   // `*` or COLUMNS(...): any column.
  bool subquery = false;
  bool window = false;
  bool tries = false;  // TRY(...), see README.md.
};
// Error engine.parse also where `expression` is more than one expression.
Result<ExpressionReferences> ReferencesOfExpression(Session& session, std::string_view expression);

// `expression` with other SQL in the place of some of the names it reads: a call without arguments
// (`now()`) or a bare word (`current_timestamp`) that is a key of `names` (lower case).
Result<std::string> ReplaceNames(Session& session, std::string_view expression,
                                 const std::map<std::string, std::string>& names);

// Whether `sql` is exactly one SELECT (or WITH, FROM, VALUES, DESCRIBE, ...: it only reads).
// Errors: query.not_select (kInvalid) naming what it is, query.empty, query.many, query.pivot
// (kUnsupported: a PIVOT that does not name its values), query.try (kUnsupported: TRY(...), see
// README.md).
Result<void> CheckSelect(Session& session, std::string_view sql);

// "a""b" with the quotes: a name as it stands in SQL.
std::string QuotedName(std::string_view name);
// 'it''s' with the quotes: a text as it stands in SQL.
std::string QuotedText(std::string_view text);

}  // namespace weir::engine
