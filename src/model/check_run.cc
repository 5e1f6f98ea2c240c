#include "model/check_run_internal.h"

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "engine/sql.h"
#include "model/check_sql_internal.h"

namespace weir::model {
namespace {

using engine::QuotedName;
using engine::QuotedText;

constexpr size_t kExamples = 3;
constexpr size_t kExampleBytesMax = 200;

// Rows as JSON texts: {"kind": "gift", "n": 1}.
std::string RowJson(const std::vector<std::string>& columns) {
  std::string members;
  for (const std::string& column : columns) {
    // As a number a decimal would lose digits.
    const std::string name = QuotedName(column);
    members += (members.empty() ? "" : ", ") + QuotedText(column) + ": CASE WHEN typeof(" + name +
               ") LIKE 'DECIMAL%' THEN to_json(" + name + "::VARCHAR) ELSE to_json(" + name +
               ") END";
  }
  return columns.empty() ? "'{}'" : "to_json({" + members + "})::VARCHAR";
}

// At most so many bytes, cut between characters.
std::string Cut(std::string text) {
  if (text.size() <= kExampleBytesMax) return text;
  size_t end = kExampleBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "...";
}

Error InCheck(Error error, const CheckSpec& check) {
  if (error.code == "engine.bind" || error.code == "engine.parse") error.kind = ErrorKind::kConfig;
  if (error.code == "engine.cancelled") return error;
  error.place = check.place;
  return WithContext(std::move(error), "check " + check.text);
}

// All rows with a column that says of each whether it breaks the check.
std::string Marked(const CheckSpec& check, const CheckedRelation& relation) {
  return "SELECT *, " + BreaksSql(check, relation.sql()) + " AS weir_breaks FROM " + relation.sql();
}

Result<CheckOutcome> CheckAllRows(const CheckSpec& check, const CheckedRelation& relation) {
  WEIR_ASSIGN(const auto stream,
              relation.query.Run(VerdictSql(check, relation.sql(), relation.now)));
  WEIR_ASSIGN(const auto rows, stream->Next());
  CheckOutcome outcome{.text = check.text, .on_fail = check.on_fail};
  outcome.of_all_rows = true;
  if (static_cast<const arrow::BooleanArray&>(*rows->column(0)).Value(0)) return outcome;
  outcome.failing = 1;
  outcome.examples.push_back(static_cast<const arrow::StringArray&>(*rows->column(1)).GetString(0));
  return outcome;
}

Result<std::vector<std::string>> Examples(const CheckSpec& check, const CheckedRelation& relation) {
  WEIR_ASSIGN(const auto stream,
              relation.query.Run("SELECT " + RowJson(relation.columns) + " FROM (" +
                                 Marked(check, relation) + ") WHERE weir_breaks LIMIT " +
                                 std::to_string(kExamples)));
  std::vector<std::string> examples;
  for (;;) {
    WEIR_ASSIGN(const auto rows, stream->Next());
    if (rows == nullptr) return examples;
    const auto& texts = static_cast<const arrow::StringArray&>(*rows->column(0));
    for (int64_t i = 0; i < texts.length(); ++i) examples.push_back(Cut(texts.GetString(i)));
  }
}

Result<CheckOutcome> CheckRows(const CheckSpec& check, const CheckedRelation& relation) {
  CheckOutcome outcome{.text = check.text, .on_fail = check.on_fail};
  WEIR_ASSIGN(const auto stream,
              relation.query.Run("SELECT count(*) FROM (" + Marked(check, relation) +
                                 ") WHERE weir_breaks"));
  WEIR_ASSIGN(const auto rows, stream->Next());
  outcome.failing =
      static_cast<uint64_t>(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0));
  if (outcome.failing == 0) return outcome;
  WEIR_ASSIGN(outcome.examples, Examples(check, relation));
  return outcome;
}

}  // namespace

std::string CheckedRelation::sql() const {
  return QuotedName(name.space) + "." + QuotedName(name.name);
}

Result<Scope> ScopeOf(const CheckSpec& check, const CheckedRelation& relation) {
  const auto binds = [&](const std::string& sql) -> Result<void> {
    WEIR_TRY(relation.query.Bind(sql));
    return {};
  };
  if (check.of_all_rows()) {
    if (auto bound = binds(VerdictSql(check, relation.sql(), relation.now)); !bound)
      return Fail(InCheck(std::move(bound).error(), check));
    return Scope::kAllRows;
  }
  // Where the other table lacks the column, the whole would be told of a name that nobody wrote.
  if (const auto* there = std::get_if<Relationship>(&check.what))
    if (auto bound = binds("SELECT " + QuotedName(there->other) + " FROM " +
                           QuotedName(there->table.space) + "." + QuotedName(there->table.name));
        !bound)
      return Fail(InCheck(std::move(bound).error(), check));
  auto by_row = binds(Marked(check, relation));
  if (by_row) return Scope::kRow;
  // Over aggregates there is no row to stand beside.
  if (std::holds_alternative<Expression>(check.what) &&
      binds(VerdictSql(check, relation.sql(), relation.now)))
    return Scope::kAllRows;
  return Fail(InCheck(std::move(by_row).error(), check));
}

Error NotOfRows(const CheckSpec& check) {
  return {.kind = ErrorKind::kConfig,
          .code = "model.check_text",
          .message =
              "'" + check.text + "' is about all rows together, so no row can be rejected for it",
          .place = check.place,
          .next = "on_fail: fail, or warn"};
}

Result<CheckOutcome> RunCheck(const CheckSpec& check, const CheckedRelation& relation) {
  WEIR_ASSIGN(const Scope scope, ScopeOf(check, relation));
  auto outcome =
      scope == Scope::kAllRows ? CheckAllRows(check, relation) : CheckRows(check, relation);
  if (!outcome) return Fail(InCheck(std::move(outcome).error(), check));
  return outcome;
}

Rejects RejectsOf(std::span<const CheckSpec* const> checks, const CheckedRelation& relation,
                  const BatchId& batch, const std::string& file) {
  std::string breaks;
  std::string any;
  std::string reasons;
  for (size_t i = 0; i < checks.size(); ++i) {
    const std::string name = "weir_breaks_" + std::to_string(i);
    breaks += ", " + BreaksSql(*checks[i], relation.sql()) + " AS " + name;
    any += (i == 0 ? "" : " OR ") + name;
    reasons += (i == 0 ? "" : ", ") + std::string("CASE WHEN ") + name +
               " THEN {'code': 'model.check', 'rule': " + QuotedText(checks[i]->text) +
               ", 'column': NULL::VARCHAR, 'detail': NULL::VARCHAR} END";
  }
  const std::string marked = "(SELECT *" + breaks + " FROM " + relation.sql() + ")";
  std::string columns;
  for (const std::string& column : relation.columns)
    columns += (columns.empty() ? "" : ", ") + QuotedName(column);
  Rejects rejects;
  rejects.passing = "SELECT " + columns + " FROM " + marked + " WHERE NOT (" + any + ")";
  rejects.letters =
      "SELECT md5(" + QuotedText(batch.ToString() + "/") + " || weir_n) AS id, " +
      QuotedText(batch.ToString()) + " AS batch, " + QuotedText(file) +
      " AS source, NULL::BIGINT AS line, weir_n AS \"offset\", encode(weir_row) AS raw, "
      "octet_length(encode(weir_row)) AS raw_length, md5(weir_row) AS raw_hash, 'record' AS kind, "
      "NULL::VARCHAR AS sink, weir_reasons AS reasons, TIMESTAMPTZ " +
      QuotedText(FormatInstant(relation.now)) +
      " AS received_at, NULL::VARCHAR AS read_as FROM (SELECT " + RowJson(relation.columns) +
      " AS weir_row, row_number() OVER () - 1 AS weir_n, list_filter([" + reasons +
      "], lambda reason: reason IS NOT NULL) AS weir_reasons FROM " + marked + " WHERE " + any +
      ")";
  return rejects;
}

std::string CheckOutcome::ToText() const {
  std::string words =
      of_all_rows ? text + " does not hold"
                  : FormatCount(failing) + (failing == 1 ? " row breaks " : " rows break ") + text;
  for (const std::string& example : examples)
    words += (&example == examples.data() ? ": " : ", ") + example;
  if (!of_all_rows && failing > examples.size())
    words += " and " + FormatCount(failing - examples.size()) + " more";
  return words;
}

catalog::TableName LettersOf(const catalog::TableName& model) {
  return {"dead_letters." + model.space, model.name};
}

}  // namespace weir::model
