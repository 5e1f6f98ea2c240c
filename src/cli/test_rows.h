// Rows of a test: as written, as SQL of the columns' types, and compared with what came.
//
// Both sides become text by the engine's own cast, so that 9.5 is 9.50 in a decimal(10,2). Threads:
// those of the session.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/faults.h"
#include "engine/engine.h"

namespace weir::cli {

// Column -> value; null has none.
using Cells = std::map<std::string, std::optional<std::string>>;

// Columns and their types in SQL, in order.
using TypedColumns = std::vector<std::pair<std::string, std::string>>;

// A value as text: nothing of `null`, lists and maps in the engine's notation.
std::optional<std::string> ValueText(const config::Node& node);

// Types for rows whose table nobody knows: numbers and booleans by how they are written.
TypedColumns TypesFromRows(const std::vector<config::Node>& rows);

// The rows' cells, each as text of its column's type. Adds test.row (no map), test.column (with
// "did you mean") and test.value (not of the type) to `faults`.
std::vector<Cells> ReadRows(const std::vector<config::Node>& rows, const TypedColumns& columns,
                            engine::Session& session, config::Faults& faults);

// The same rows as a SELECT with all columns, typed.
std::string RowsSql(const std::vector<Cells>& rows, const TypedColumns& columns);

// The rows of a stream of text columns.
Result<std::vector<Cells>> CellsOf(engine::ArrowStream& stream);

// Expected and actual rows that have no partner, by index.
struct Unmatched {
  std::vector<size_t> missing;
  std::vector<size_t> extra;
  bool empty() const { return missing.empty() && extra.empty(); }
};
// As many partners as can be, in any order.
Unmatched MatchRows(size_t expected, size_t actual,
                    const std::function<bool(size_t, size_t)>& matches);
// The first with the first, the second with the second.
Unmatched MatchInOrder(size_t expected, size_t actual,
                       const std::function<bool(size_t, size_t)>& matches);

// Whether `actual` has all cells of `expected`.
bool Has(const Cells& actual, const Cells& expected);

// "{ sold_on: 2026-05-01, sales: 2 }"; of `only` these columns, where there are any.
std::string ToText(const Cells& cells, const Cells& only = {});

}  // namespace weir::cli
