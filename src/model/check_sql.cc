#include "model/check_sql_internal.h"

#include "base/check.h"

namespace weir::model {
namespace {

using engine::QuotedName;
using engine::QuotedText;

// A line of its own: the SQL may end in a comment.
std::string Bracketed(const std::string& sql) { return "(\n" + sql + "\n)"; }

// The caller asked the wrong one of the two questions.
std::string Never() {
  WEIR_CHECK(false);
  return {};
}

struct Breaks {
  std::string relation;

  std::string operator()(const NotNull& check) const {
    return QuotedName(check.column) + " IS NULL";
  }
  std::string operator()(const Unique& check) const {
    std::string keys;
    std::string known;
    std::string key;
    for (const std::string& column : check.columns) {
      keys += (keys.empty() ? "" : ", ") + QuotedName(column);
      key += (key.empty() ? "" : ", ") + QuotedText(column) + ": " + QuotedName(column);
      known += QuotedName(column) + " IS NOT NULL AND ";
    }
    key = "{" + key + "}";
    return known + key + " IN (SELECT " + key + " FROM " + relation + " GROUP BY " + keys +
           " HAVING count(*) > 1)";
  }
  std::string operator()(const AcceptedValues& check) const {
    std::string values;
    for (const std::string& value : check.values) values += (values.empty() ? "" : ", ") + value;
    return "(" + QuotedName(check.column) + " NOT IN (" + values + ")) IS TRUE";
  }
  std::string operator()(const Relationship& check) const {
    return QuotedName(check.column) + " IS NOT NULL AND " + QuotedName(check.column) +
           " NOT IN (SELECT weir_there." + QuotedName(check.other) + " FROM " +
           QuotedName(check.table.space) + "." + QuotedName(check.table.name) +
           " AS weir_there WHERE weir_there." + QuotedName(check.other) + " IS NOT NULL)";
  }
  std::string operator()(const Expression& check) const {
    return Bracketed(check.sql) + " IS NOT TRUE";
  }
  template <class OfAllRows>
  std::string operator()(const OfAllRows&) const {
    return Never();
  }
};

struct Verdict {
  std::string relation;
  Instant now;

  // A date counts until its day is over.
  std::string operator()(const Freshness& check) const {
    const std::string latest = "max(" + QuotedName(check.column) + ")";
    const std::string oldest =
        "TIMESTAMPTZ " + QuotedText(FormatInstant({now.micros - check.age.count()}));
    return "SELECT (" + latest + "::TIMESTAMPTZ >= CASE typeof(" + latest +
           ") WHEN 'DATE' THEN date_trunc('day', " + oldest + ") ELSE " + oldest +
           " END) IS TRUE, coalesce('the latest is ' || " + latest +
           "::VARCHAR, 'there is none') FROM " + relation;
  }
  std::string operator()(const RowCount& check) const {
    std::string good = "count(*) >= " + std::to_string(check.least);
    if (check.most) good += " AND count(*) <= " + std::to_string(*check.most);
    return "SELECT " + good +
           ", count(*)::VARCHAR || CASE count(*) WHEN 1 THEN ' row' ELSE ' rows' "
           "END FROM " +
           relation;
  }
  std::string operator()(const Expression& check) const {
    return "SELECT weir_holds IS TRUE, CASE WHEN weir_holds IS NULL THEN 'it is null' ELSE 'it is "
           "false' END FROM (SELECT " +
           Bracketed(check.sql) + " AS weir_holds FROM " + relation + ")";
  }
  template <class OfRows>
  std::string operator()(const OfRows&) const {
    return Never();
  }
};

}  // namespace

std::string BreaksSql(const CheckSpec& check, std::string_view relation) {
  return std::visit(Breaks{std::string(relation)}, check.what);
}

std::string VerdictSql(const CheckSpec& check, std::string_view relation, Instant now) {
  return std::visit(Verdict{std::string(relation), now}, check.what);
}

}  // namespace weir::model
