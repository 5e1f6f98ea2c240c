// A check: a question to all rows of a model's result before anybody sees them.
//
//   not_null(c)                      no row where c is null
//   unique(a, b)                     no two rows with the same a and b; a null equals nothing
//   accepted_values(c, ['x', 'y'])   no other value, but null; words need no quotes
//   relationships(c -> schema.t.d)   every c that is not null is a d of table schema.t
//   freshness(c, 1d)                 the latest c is at most so old at the batch's time
//   rows(1, 1000)                    so many rows; the second may be left out
//   any other SQL boolean            true for every row (null is not true); over aggregates, once:
//                                    "sum(total) > 0"
//
// Pure; threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "catalog/table_name.h"
#include "config/shapes.h"
#include "engine/sql.h"

namespace weir::model {

enum class OnFail : uint8_t { kFail, kWarn, kReject };

struct NotNull {
  std::string column;
};
struct Unique {
  std::vector<std::string> columns;
};
struct AcceptedValues {
  std::string column;
  std::vector<std::string> values;  // As SQL.
};
struct Relationship {
  std::string column;
  catalog::TableName table;
  std::string other;
};
struct Freshness {
  std::string column;
  std::chrono::microseconds age{};
};
struct RowCount {
  uint64_t least = 0;
  std::optional<uint64_t> most;
};
struct Expression {
  std::string sql;
};

struct CheckSpec {
  std::variant<NotNull, Unique, AcceptedValues, Relationship, Freshness, RowCount, Expression> what;
  std::string text;  // As written: its name in messages and in the ledger.
  OnFail on_fail = OnFail::kFail;
  Place place;

  // Said of it by its form. A SQL boolean over aggregates is, too: the engine knows.
  bool of_all_rows() const {
    return std::holds_alternative<Freshness>(what) || std::holds_alternative<RowCount>(what);
  }
};

// "unique(a, b)" -> CheckSpec. Error model.check_text (kConfig): a known check with wrong
// arguments.
Result<CheckSpec> ParseCheck(std::string_view text);

// What of the check may name tables in subqueries, as a SELECT; empty: nothing.
std::string SubquerySql(const CheckSpec& check);

// `checks: [TEXT, { expect: TEXT, on_fail: fail | warn | reject }]`.
config::Shape<CheckSpec> CheckShape();

}  // namespace weir::model
