#include "contract/rules_internal.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/letter_case.h"
#include "contract/rule_alone_internal.h"
#include "engine/sql.h"

namespace weir::contract {
namespace {

constexpr int kCausesAsked = 8;  // Causes of errors that one Run asks the engine for.

// What reads the time in SQL, and the batch's time in its place.
const std::map<std::string, std::string>& TimeNames() {
  static const std::string stamp = "CAST($weir_now AS TIMESTAMPTZ)";
  static const std::map<std::string, std::string> names = [] {
    std::map<std::string, std::string> made;
    for (const char* name :
         {"now", "current_timestamp", "get_current_timestamp", "transaction_timestamp"})
      made[name] = stamp;
    for (const char* name : {"today", "current_date"}) made[name] = "CAST(" + stamp + " AS DATE)";
    for (const char* name : {"localtimestamp", "current_localtimestamp"})
      made[name] = "CAST(" + stamp + " AS TIMESTAMP)";
    for (const char* name : {"current_time", "localtime", "current_localtime", "get_current_time"})
      made[name] = "CAST(" + stamp + " AS TIME)";
    return made;
  }();
  return names;
}

struct Rule {
  std::string name;
  std::string sql;  // Gives a Verdict.
  std::vector<uint32_t> columns;
};

// Reads one rule's SQL and says what is wrong with it.
class RuleReader {
 public:
  RuleReader(engine::Session& session, std::string table, const arrow::Schema& columns)
      : session_(session), table_(std::move(table)), columns_(columns) {}

  Result<Rule> Read(const RuleSpec& spec) {
    Rule rule;
    rule.name = spec.name;
    WEIR_ASSIGN(const std::string expect, ReadPart(spec.expect, "expect", rule));
    std::string when;
    if (!spec.when.value.empty()) {
      WEIR_ASSIGN(when, ReadPart(spec.when, "when", rule));
    }
    std::ranges::sort(rule.columns);
    const auto repeated = std::ranges::unique(rule.columns);
    rule.columns.erase(repeated.begin(), repeated.end());
    const std::string verdict = "coalesce(CAST((\n" + expect + "\n) AS TINYINT), 2)";
    rule.sql =
        when.empty() ? verdict : "CASE WHEN (\n" + when + "\n) THEN " + verdict + " ELSE 1 END";
    return rule;
  }

 private:
  // The part's SQL with the batch's time in the place of now().
  Result<std::string> ReadPart(const RuleSql& part, const std::string& key, Rule& rule) {
    auto sql = Checked(part.value, rule);
    if (sql) return sql;
    Error error = Told(std::move(sql).error());
    if (part.verbatim)
      KeepWithin(part.value, error.place);
    else
      error.place = {};
    error = engine::PlacedAt(std::move(error), part.place);
    error.kind = ErrorKind::kConfig;
    if (error.code != "contract.rule_type") error.code = "contract.rule";
    return Fail(WithContext(std::move(error), key + " of rule " + rule.name));
  }

  Result<std::string> Checked(const std::string& sql, Rule& rule) {
    WEIR_ASSIGN(const auto references, engine::ReferencesOfExpression(session_, sql));
    if (references.subquery) return BeyondItsRecord("it holds a subquery");
    if (references.tries)
      return Fail(ErrorKind::kUnsupported, "contract.rule", "TRY(...) cannot be used in a rule",
                  "use TRY_CAST or CASE WHEN; an error in a rule refuses the record anyway");
    if (references.window) return BeyondItsRecord("it holds a window function");
    if (references.star)
      return Fail(ErrorKind::kConfig, "contract.rule",
                  "* and COLUMNS stand for several expressions", "name the columns");
    WEIR_ASSIGN(const auto plain, Prepared("SELECT\n" + sql + "\nFROM " + table_));
    if (!plain->parameters().empty())
      return Fail(ErrorKind::kConfig, "contract.rule", "a rule has no parameters",
                  "write the value");
    if (plain->schema()->field(0)->type()->id() != arrow::Type::BOOL)
      return Fail(ErrorKind::kConfig, "contract.rule_type",
                  "it is no condition, but gives " + plain->schema()->field(0)->type()->ToString(),
                  "compare it with something");
    // Where a WHERE may not stand, neither may a rule: aggregates, unnest.
    WEIR_TRY(Prepared("SELECT 1 FROM " + table_ + " WHERE\n" + sql + "\n"));
    WEIR_ASSIGN(const std::string timed, engine::ReplaceNames(session_, sql, TimeNames()));
    if (!Prepared("SELECT TRY((\n" + timed + "\n)) FROM " + table_))
      return Fail(
          ErrorKind::kConfig, "contract.rule",
          "it changes from call to call, so that a record could pass one time and not another",
          "leave out random() and its like");
    AddColumns(references, rule);
    return timed;
  }

  // The engine's words without the table and the column that only this file knows.
  Error Told(Error error) const {
    const std::string_view message = error.message;
    constexpr std::string_view kColumn = "Referenced column \"";
    if (message.starts_with(kColumn)) {
      std::string name(message.substr(kColumn.size()));
      name.resize(std::min(name.find('"'), name.size()));
      std::vector<std::string> columns;
      for (const auto& field : columns_.fields()) columns.push_back(field->name());
      error.message = "the contract has no column '" + name + "'";
      error.next = config::Suggestion(name, columns);
    } else if (error.next.find(table_) != std::string::npos ||
               error.next.find("_weir_") != std::string::npos) {
      error.next.clear();
    }
    return error;
  }

  // What the parser says of the end of the text is shown at its last character.
  static void KeepWithin(std::string_view sql, Place& place) {
    const auto lines = 1 + static_cast<uint64_t>(std::ranges::count(sql, '\n'));
    if (place.line == 0 || place.line < lines) return;
    const size_t last = sql.size() - (sql.rfind('\n') + 1);  // npos + 1 is 0.
    if (place.line > lines || place.column > last) place.column = std::max<size_t>(last, 1);
    place.line = lines;
  }

  static std::unexpected<Error> BeyondItsRecord(const std::string& what) {
    return Fail(ErrorKind::kConfig, "contract.rule", what + ", but a rule looks at one record",
                "check tables with the checks of a model");
  }

  // Places count from the line behind "SELECT".
  Result<std::unique_ptr<engine::Statement>> Prepared(const std::string& sql) {
    auto statement = session_.Prepare(sql);
    if (statement) return statement;
    Error error = std::move(statement).error();
    if (error.place.line > 1) --error.place.line;
    return Fail(std::move(error));
  }

  void AddColumns(const engine::ExpressionReferences& references, Rule& rule) {
    for (int i = 0; i < columns_.num_fields(); ++i) {
      const std::string name = Lower(columns_.field(i)->name());
      const bool read = std::ranges::any_of(references.columns, [&](const auto& parts) {
        return Lower(parts[0]) == name || (parts.size() > 1 && Lower(parts[1]) == name);
      });
      if (read) rule.columns.push_back(static_cast<uint32_t>(i));
    }
  }

  engine::Session& session_;
  std::string table_;
  const arrow::Schema& columns_;
};

// All rules at once; only the records where one of them does not hold.
std::string PlainQuery(const std::vector<Rule>& rules, const RuleTable& table) {
  std::string selected;
  std::string kept;
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::string name = "weir_rule_" + std::to_string(i);
    selected += ", CAST(" + rules[i].sql + " AS TINYINT) AS " + name;
    kept += (i == 0 ? "" : " OR ") + name + " <> 1";
  }
  return "SELECT * FROM (SELECT " + table.row_column + selected + " FROM " + table.name +
         ") WHERE " + kept;
}

}  // namespace

struct RuleSet::State {
  explicit State(engine::Session& session)
      : table{.session = session, .name = {}, .row_column = "_weir_row", .batches = nullptr} {}

  RuleTable table;
  std::shared_ptr<arrow::Schema> columns;  // And the row number behind them.
  std::vector<Rule> rules;
  std::vector<RuleAlone> alone;  // One per rule.
  std::unique_ptr<engine::Statement> plain;
  std::shared_ptr<arrow::Array> numbers;  // 0, 1, 2, ...: slices of it number the rows.
  Instant now;                            // Of the last Run.
  int causes_left = 0;

  std::shared_ptr<arrow::RecordBatch> Numbered(const arrow::RecordBatch& rows) {
    const int64_t count = rows.num_rows();
    if (numbers == nullptr || numbers->length() < count) {
      std::vector<int32_t> values(static_cast<size_t>(count));
      std::iota(values.begin(), values.end(), 0);
      numbers =
          std::make_shared<arrow::Int32Array>(count, arrow::Buffer::FromVector(std::move(values)));
    }
    arrow::ArrayVector arrays = rows.columns();
    arrays.push_back(numbers->Slice(0, count));
    return arrow::RecordBatch::Make(columns, count, std::move(arrays));
  }

  // Where the plain query failed: rule by rule.
  Result<std::vector<Finding>> FindAlone(const std::shared_ptr<arrow::RecordBatch>& numbered) {
    std::vector<Finding> all;
    for (RuleAlone& rule : alone) WEIR_TRY(rule.Find(numbered, now, all));
    std::ranges::sort(all, {}, [](const Finding& each) { return std::pair(each.row, each.rule); });
    return all;
  }
};

RuleSet::RuleSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
RuleSet::~RuleSet() = default;

std::unique_ptr<RuleSet> RuleSet::Compile(const std::vector<RuleSpec>& rules,
                                          std::shared_ptr<arrow::Schema> columns,
                                          engine::Session& session, Errors& errors) {
  static std::atomic<uint64_t> compiled = 0;  // Contracts of one session need tables of their own.
  auto state = std::make_unique<State>(session);
  const size_t errors_before = errors.size();
  const auto add = [&errors](Error error) {
    error.kind = ErrorKind::kConfig;
    if (!error.code.starts_with("contract.")) error.code = "contract.rule";
    errors.push_back(std::move(error));
    return nullptr;
  };
  state->table.name = "weir_contract_" + std::to_string(++compiled);
  std::string& row = state->table.row_column;
  while (columns->GetFieldIndex(row) >= 0) row += "_";
  state->columns =
      columns->AddField(columns->num_fields(), arrow::field(row, arrow::int32())).ValueOrDie();
  auto table = session.AddTable(state->table.name, state->columns);
  if (!table) return add(std::move(table).error());
  state->table.batches = std::move(*table);
  RuleReader reader(session, state->table.name, *columns);
  for (const RuleSpec& spec : rules) {
    if (auto rule = reader.Read(spec))
      state->rules.push_back(std::move(*rule));
    else
      add(std::move(rule).error());
  }
  if (errors.size() != errors_before) return nullptr;
  auto plain = session.Prepare(PlainQuery(state->rules, state->table));
  if (!plain) return add(std::move(plain).error());
  state->plain = std::move(*plain);
  for (const Rule& rule : state->rules)
    state->alone.emplace_back(state->table, rule.sql, static_cast<uint32_t>(state->alone.size()));
  return std::unique_ptr<RuleSet>(new RuleSet(std::move(state)));
}

Result<std::vector<Finding>> RuleSet::Run(const std::shared_ptr<arrow::RecordBatch>& rows,
                                          Instant now) {
  state_->now = now;
  state_->causes_left = kCausesAsked;
  const auto numbered = state_->Numbered(*rows);
  state_->table.batches->Set({numbered});
  auto findings = ReadFindings(*state_->plain, now, 0);
  if (!findings && findings.error().code == "engine.runtime")
    findings = state_->FindAlone(numbered);
  state_->table.batches->Set({});
  return findings;
}

const std::vector<uint32_t>& RuleSet::columns_of(size_t rule) const {
  return state_->rules[rule].columns;
}

std::string RuleSet::Detail(const Finding& finding, const arrow::RecordBatch& rows) {
  constexpr size_t kShown = 5;
  std::string values;
  size_t shown = 0;
  bool any_null = false;
  const auto& columns = columns_of(finding.rule);
  for (const uint32_t column : columns)
    any_null = any_null || rows.column(static_cast<int>(column))->IsNull(finding.row);
  for (const uint32_t column : columns) {
    const auto& array = *rows.column(static_cast<int>(column));
    // Of a rule that is null, the nulls in it are the cause.
    if (finding.verdict == Verdict::kNull && any_null && !array.IsNull(finding.row)) continue;
    if (++shown > kShown) continue;
    values += (values.empty() ? "" : ", ") + rows.column_name(static_cast<int>(column)) + " is " +
              CellText(array, finding.row);
  }
  if (shown > kShown) values += ", ...";
  if (!values.empty()) values = " (" + values + ")";
  if (finding.verdict == Verdict::kNull) return "null" + values;
  if (finding.verdict == Verdict::kFalse) return "false" + values;
  std::string cause;
  if (state_->causes_left > 0) {
    --state_->causes_left;
    const auto row = state_->Numbered(*rows.Slice(finding.row, 1));
    cause = state_->alone[finding.rule].CauseOf(row, state_->now);
    state_->table.batches->Set({});
  }
  return (cause.empty() ? "it cannot be computed" : cause) + values;
}

}  // namespace weir::contract
