#include "contract/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "arrow/array.h"
#include "arrow/extension/uuid.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/limits.h"
#include "env/hash.h"

namespace weir::contract {
namespace {

using columnar::DecodedBatch;

template <class T>
T Must(Result<T> result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().ToString());
  if (!result) std::abort();
  return std::move(result).value();
}

std::unique_ptr<engine::Session> OpenSession() {
  return Must(Must(engine::Engine::Open({.memory_bytes = kEngineMemoryBytes}))->NewSession());
}

RuleSpec Rule(std::string name, std::string expect, std::string when = {},
              OnFail on_fail = OnFail::kReject) {
  return {.name = std::move(name),
          .when = {std::move(when), {}},
          .expect = {std::move(expect), {}},
          .on_fail = on_fail};
}

// "id: bigint not null" ...
ContractSpec Spec(const std::vector<std::string>& columns, std::vector<RuleSpec> rules = {}) {
  ContractSpec spec;
  for (const std::string& text : columns) {
    const size_t colon = text.find(": ");
    spec.columns.push_back(Must(ParseColumn(text.substr(0, colon), text.substr(colon + 2))));
    const Place at{
        .file = "weir.yaml", .line = spec.columns.size(), .column = 3, .byte_offset = {}};
    spec.places.push_back({at, at, at, at, at, at});
  }
  spec.rules = std::move(rules);
  return spec;
}

std::shared_ptr<arrow::Array> Column(const columnar::Type& type, const std::string& json) {
  if (type.kind == columnar::Kind::kUuid) {
    // Sixteen equal letters stand for a uuid.
    const auto storage = arrow::json::ArrayFromJSONString(arrow::fixed_size_binary(16), json);
    return arrow::ExtensionType::WrapArray(arrow::extension::uuid(), storage.ValueOrDie());
  }
  return arrow::json::ArrayFromJSONString(columnar::ToArrow(type), json).ValueOrDie();
}

// A batch whose records are the bytes "row 0\n", "row 1\n", ... `columns` are JSON lists; the last
// one may be `_rescued`, else that is all null.
DecodedBatch Batch(const ContractSpec& spec, const std::vector<std::string>& columns,
                   std::vector<columnar::CellFault> faults = {}) {
  DecodedBatch batch;
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < spec.columns.size(); ++i) {
    arrays.push_back(Column(spec.columns[i].type, columns[i]));
    fields.push_back(arrow::field(spec.columns[i].name, arrays.back()->type()));
  }
  const int64_t rows = arrays.front()->length();
  fields.push_back(arrow::field("_rescued", arrow::utf8()));
  arrays.push_back(
      columns.size() > spec.columns.size()
          ? arrow::json::ArrayFromJSONString(arrow::utf8(), columns.back()).ValueOrDie()
          : arrow::MakeArrayOfNull(arrow::utf8(), rows).ValueOrDie());
  batch.rows = arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
  auto chunk = std::make_shared<std::string>();
  batch.chunk_offset = 1000;
  for (int64_t row = 0; row < rows; ++row) {
    const std::string raw = "row " + std::to_string(row);
    batch.positions.push_back({.offset = 1000 + chunk->size(),
                               .line = static_cast<uint64_t>(row) + 2,
                               .length = static_cast<uint32_t>(raw.size())});
    *chunk += raw + "\n";
  }
  batch.chunk = std::move(chunk);
  batch.faults = std::move(faults);
  return batch;
}

columnar::CellFault Fault(uint32_t row, uint32_t column, std::string code) {
  return {.row = row,
          .column = column,
          .reason = {.code = std::move(code), .rule = {}, .column = {}, .detail = "not readable"}};
}

// "accepted 0 2; filtered 1; 3: rule.x(detail), column.null(...)", rows by their bytes.
std::string Shown(const DecodedBatch& batch, const CheckedBatch& checked) {
  std::ostringstream text;
  text << "accepted";
  for (const uint64_t offset : checked.offsets)
    for (size_t row = 0; row < batch.positions.size(); ++row)
      if (batch.positions[row].offset == offset) text << " " << row;
  if (checked.filtered != 0) text << "; filtered " << checked.filtered;
  for (const auto& [rule, rows] : checked.warned) text << "; warned " << rule << " " << rows;
  for (const auto& rejected : checked.rejected) {
    text << "; " << rejected.raw.substr(rejected.raw.find(' ') + 1) << ":";
    for (const auto& reason : rejected.reasons) {
      text << " " << reason.code;
      if (!reason.column.empty()) text << "[" << reason.column << "]";
      text << "(" << reason.detail << ")";
    }
  }
  return text.str();
}

void ExpectCounted(const DecodedBatch& batch, const CheckedBatch& checked) {
  EXPECT_EQ(batch.read(), static_cast<uint64_t>(checked.accepted->num_rows()) +
                              checked.rejected.size() + checked.filtered);
  EXPECT_EQ(static_cast<size_t>(checked.accepted->num_rows()), checked.offsets.size());
  EXPECT_TRUE(checked.accepted->ValidateFull().ok());
}

struct Checking {
  std::string name;
  std::vector<std::string> columns;
  std::vector<RuleSpec> rules;
  std::vector<std::string> values;
  std::vector<columnar::CellFault> faults;
  std::string shown;
};

class CheckedRecords : public testing::TestWithParam<Checking> {};

TEST_P(CheckedRecords, AreDividedWithAllTheirReasons) {
  const auto session = OpenSession();
  const ContractSpec spec = Spec(GetParam().columns, GetParam().rules);
  const auto contract = Contract::Compile(spec, *session);
  ASSERT_TRUE(contract) << contract.error().front().ToString();
  const DecodedBatch batch = Batch(spec, GetParam().values, GetParam().faults);
  const CheckedBatch checked = Must((*contract)->Check(batch));
  EXPECT_EQ(Shown(batch, checked), GetParam().shown);
  ExpectCounted(batch, checked);
  // Again, and the same: nothing of a batch stays behind.
  EXPECT_EQ(Shown(batch, Must((*contract)->Check(batch))), GetParam().shown);
}

const std::string kPrice = "price: double";

INSTANTIATE_TEST_SUITE_P(
    Contract, CheckedRecords,
    testing::ValuesIn(std::vector<Checking>{
        {"NoRules", {"id: bigint"}, {}, {"[1, null, 3]"}, {}, "accepted 0 1 2"},
        {"NoRows", {"id: bigint not null"}, {Rule("x", "id > 0")}, {"[]"}, {}, "accepted"},
        {"NotNull",
         {"id: bigint not null"},
         {},
         {"[1, null, 3]"},
         {},
         "accepted 0 2; 1: column.null[id](null, where the column is not null)"},
        {"NotNullButUnreadable",
         {"id: bigint not null"},
         {},
         {"[1, null, null]"},
         {Fault(1, 0, "type.bigint")},
         "accepted 0; 1: type.bigint(not readable); 2: column.null[id](null, where the column is "
         "not null)"},
        {"ARuleThatIsFalse",
         {kPrice},
         {Rule("positive", "price > 0")},
         {"[1, -1, 2]"},
         {},
         "accepted 0 2; 1: rule.positive[price](false (price is -1))"},
        {"ARuleThatIsNull",
         {kPrice},
         {Rule("positive", "price > 0")},
         {"[1, null, 2]"},
         {},
         "accepted 0 2; 1: rule.positive[price](null (price is null))"},
        {"NullsAloneAreNamedWhereARuleIsNull",
         {"a: int", "b: int"},
         {Rule("less", "a < b")},
         {"[1, 3]", "[null, 2]"},
         {},
         "accepted; 0: rule.less(null (b is null)); 1: rule.less(false (a is 3, b is 2))"},
        {"NullFromValues",
         {"s: varchar"},
         {Rule("number", "try_cast(s as int) > 0")},
         {R"(["1", "x"])"},
         {},
         "accepted 0; 1: rule.number[s](null (s is 'x'))"},
        {"IsNullIsNeverNull",
         {"a: int"},
         {Rule("some", "a is null or a > 0")},
         {"[null, 1, 0]"},
         {},
         "accepted 0 1; 2: rule.some[a](false (a is 0))"},
        {"AWhenThatIsFalseOrNull",
         {"kind: varchar", kPrice},
         {Rule("needs_price", "price is not null", "kind = 'purchase'")},
         {R"(["purchase", "purchase", "view", null])", "[1, null, null, null]"},
         {},
         "accepted 0 2 3; 1: rule.needs_price(false (kind is 'purchase', price is null))"},
        {"ExpectIsNotComputedWhereWhenIsFalse",
         {"s: varchar"},
         {Rule("number", "cast(s as int) > 0", "s <> 'x'")},
         {R"(["1", "x"])"},
         {},
         "accepted 0 1"},
        {"SeveralReasons",
         {"a: int not null", "b: int"},
         {Rule("one", "b > 0"), Rule("two", "b % 2 = 0"), Rule("three", "b < 100")},
         {"[null, 1]", "[-1, 2]"},
         {},
         "accepted 1; 0: column.null[a](null, where the column is not null) rule.one[b](false (b "
         "is -1)) rule.two[b](false (b is -1))"},
        {"OneFaultOneReason",
         {"a: int not null", "b: int"},
         {Rule("sum", "a + b > 0"), Rule("b_only", "b > 0")},
         {"[null, null]", "[-1, -1]"},
         {Fault(1, 0, "type.int")},
         "accepted; 0: column.null[a](null, where the column is not null) rule.b_only[b](false (b "
         "is -1))"
         "; 1: type.int(not readable) rule.b_only[b](false (b is -1))"},
        {"ARuleIsSkippedForItsWhenToo",
         {"a: int not null", "b: int"},
         {Rule("r", "b > 0", "a is null")},
         {"[null]", "[-1]"},
         {},
         "accepted; 0: column.null[a](null, where the column is not null)"},
        {"AnErrorInARule",
         {"s: varchar"},
         {Rule("number", "cast(s as int) > 0")},
         {R"(["1", "x", "-1", null])"},
         {},
         "accepted 0; 1: rule.error[s](Could not convert string 'x' to INT32 when casting from "
         "source column s (s is 'x'))"
         "; 2: rule.number[s](false (s is '-1')); 3: rule.number[s](null (s is null))"},
        {"AnErrorInOneOfSeveralRules",
         {"a: bigint", "b: bigint"},
         {Rule("product", "a * b > 0"), Rule("a_small", "a < 10")},
         {"[1, 9223372036854775807, 20]", "[1, 2, 1]"},
         {},
         "accepted 0; 1: rule.error(Overflow in multiplication of INT64 (9223372036854775807 * 2) "
         "(a is 9223372036854775807, b is 2))"
         " rule.a_small[a](false (a is 9223372036854775807)); 2: rule.a_small[a](false (a is 20))"},
        {"TheSameErrorTwiceInARule",
         {"s: varchar"},
         {Rule("r", "cast(s as int) > 0 and cast(s as int) < 9"), Rule("t", "cast(s as int) <> 5")},
         {R"(["1", "x", "5"])"},
         {},
         "accepted 0; 1: rule.error[s](Could not convert string 'x' to INT32 when casting from "
         "source column s (s is 'x'))"
         " rule.error[s](Could not convert string 'x' to INT32 when casting from source column s "
         "(s is 'x')); 2: rule.t[s](false (s is '5'))"},
        {"AnErrorInACase",
         {"s: varchar", "n: int"},
         {Rule("r", "case when n > 1 then coalesce(cast(s as int), 1) else n end > 0")},
         {R"(["1", "x", "x", null])", "[2, 2, 1, 2]"},
         {},
         "accepted 0 2 3; 1: rule.error(Could not convert string 'x' to INT32 when casting from "
         "source column s (s is 'x', n is 2))"},
        {"AnErrorInALambda",
         {"l: list(varchar)"},
         {Rule("r", "list_sum([cast(x as int) for x in l]) > 0")},
         {R"([["1", "2"], ["x"], [], null])"},
         {},
         "accepted 0; 1: rule.error[l](Could not convert string 'x' to INT32 when casting from "
         "source column x (l is a list of 1)); 2: rule.r[l](null (l is a list of 0)); 3: "
         "rule.r[l](null (l is null))"},
        {"AnErrorInWhen",
         {"s: varchar"},
         {Rule("r", "true", "cast(s as int) > 0")},
         {R"(["1", "x"])"},
         {},
         "accepted 0; 1: rule.error[s](Could not convert string 'x' to INT32 when casting from "
         "source column s (s is 'x'))"},
        {"Dropped",
         {"kind: varchar"},
         {Rule("known", "kind = 'a'", "", OnFail::kDrop)},
         {R"(["a", "b", null])"},
         {},
         "accepted 0; filtered 2"},
        {"DroppedComesBeforeRejected",
         {"a: int not null", "b: int"},
         {Rule("b_only", "b > 0"), Rule("keep", "b <> -1", "", OnFail::kDrop)},
         {"[null, 1, 1]", "[-1, -1, -2]"},
         {},
         "accepted; filtered 2; 2: rule.b_only[b](false (b is -2))"},
        {"UnreadableComesBeforeDropped",
         {"a: int", "b: int"},
         {Rule("keep", "b > 0", "", OnFail::kDrop)},
         {"[null, 1]", "[-1, -1]"},
         {Fault(0, 0, "type.int")},
         "accepted; filtered 1; 0: type.int(not readable)"},
        {"ABrokenDropRuleDropsNothing",
         {"s: varchar"},
         {Rule("keep", "cast(s as int) > 0", "", OnFail::kDrop)},
         {R"(["1", "x", "-1"])"},
         {},
         "accepted 0; filtered 1; 1: rule.error[s](Could not convert string 'x' to INT32 when "
         "casting from source column s (s is 'x'))"},
        {"Warned",
         {kPrice},
         {Rule("positive", "price > 0", "", OnFail::kWarn), Rule("small", "price < 100")},
         {"[1, -1, null, 500, -500]"},
         {},
         "accepted 0 1 4; warned positive 2; 2: rule.small[price](null (price is null)); 3: "
         "rule.small[price](false (price is 500))"},
        {"ABrokenWarnRuleWarns",
         {"s: varchar"},
         {Rule("number", "cast(s as int) > 0", "", OnFail::kWarn)},
         {R"(["1", "x"])"},
         {},
         "accepted 0 1; warned number 1"},
        {"AFailRuleThatHolds",
         {kPrice},
         {Rule("positive", "price > 0", "", OnFail::kFail)},
         {"[1, 2]"},
         {},
         "accepted 0 1"},
        {"AFailRuleIsSkippedWhereItsColumnFailed",
         {"a: int not null"},
         {Rule("positive", "a > 0", "", OnFail::kFail)},
         {"[null, 1]"},
         {},
         "accepted 1; 0: column.null[a](null, where the column is not null)"},
        {"Uuids",
         {"id: uuid"},
         {Rule("small", "id < 'b0000000-0000-0000-0000-000000000000'::uuid")},
         {R"(["aaaaaaaaaaaaaaaa", null])"},
         {},
         "accepted 0; 1: rule.small[id](null (id is null))"},
        {"UuidsAreShownAsText",
         {"id: uuid"},
         {Rule("never", "id is null")},
         {R"(["aaaaaaaaaaaaaaaa"])"},
         {},
         "accepted; 0: rule.never[id](false (id is 61616161-6161-6161-6161-616161616161))"},
        {"Decimals",
         {"price: decimal(10,2)"},
         {Rule("cents", "price * 100 % 5 = 0 and price < 20")},
         {R"(["19.95", "19.99", "20.00"])"},
         {},
         "accepted 0; 1: rule.cents[price](false (price is 19.99)); 2: rule.cents[price](false "
         "(price is 20.00))"},
        {"Dates",
         {"d: date"},
         {Rule("may", "month(d) = 5")},
         {"[20574, 20605]"},
         {},
         "accepted 0; 1: rule.may[d](false (d is 2026-06-01))"},
        {"Timestamps",
         {"t: timestamptz"},
         {Rule("morning", "hour(t) < 12")},
         {"[1777629600000000, 1777651200000000]"},
         {},
         "accepted 0; 1: rule.morning[t](false (t is 2026-05-01 16:00:00.000000Z))"},
        {"ListsOfStructs",
         {"items: list(struct(qty int, price decimal(12,2)))", "total: decimal(14,2)"},
         {Rule("has_items", "len(items) between 1 and 3"),
          Rule("total_matches", "abs(total - list_sum([i.qty * i.price for i in items])) < 0.01")},
         {R"([[{"qty": 2, "price": "1.50"}], [], [{"qty": 1, "price": "1.00"}, {"qty": 1, "price": "1.00"}]])",
          R"(["3.00", "0.00", "5.00"])"},
         {},
         "accepted 0; 1: rule.has_items[items](false (items is a list of 0)) "
         "rule.total_matches(null (items is a list of 0, total is 0.00))"
         "; 2: rule.total_matches(false (items is a list of 2, total is 5.00))"},
        {"Json",
         {"p: json"},
         {Rule("ok", "p->>'$.a' = 'x'")},
         {R"(["{\"a\":\"x\"}", "{\"a\":\"y\"}"])"},
         {},
         "accepted 0; 1: rule.ok[p](false (p is '{\"a\":\"y\"}'))"},
        {"QuotedNamesAndOtherCase",
         {"Odd Name: int"},
         {Rule("r", "\"odd name\" > 0")},
         {"[1, -1]"},
         {},
         "accepted 0; 1: rule.r[Odd Name](false (Odd Name is -1))"},
        {"Rescued",
         {"a: int"},
         {Rule("known", "_rescued is null", "", OnFail::kWarn)},
         {"[1, 2]", R"([null, "{\"b\":1}"])"},
         {},
         "accepted 0 1; warned known 1"},
        {"ARuleWithACommentAtItsEnd",
         {"a: int"},
         {Rule("r", "a > 0 -- of course", "true -- always")},
         {"[1, 0]"},
         {},
         "accepted 0; 1: rule.r[a](false (a is 0))"},
    }),
    [](const auto& given) { return given.param.name; });

struct WrongRule {
  std::string name, expect, when, code, message;
  uint64_t line, column;
};

class WrongRules : public testing::TestWithParam<WrongRule> {};

TEST_P(WrongRules, AreToldWithTheirPlace) {
  const auto session = OpenSession();
  ContractSpec spec = Spec({"a: int", "items: list(int)"});
  spec.rules.push_back({.name = "r",
                        .when = {GetParam().when, {"weir.yaml", 20, 11, {}}},
                        .expect = {GetParam().expect, {"weir.yaml", 10, 41, {}}},
                        .on_fail = OnFail::kReject});
  const auto contract = Contract::Compile(spec, *session);
  ASSERT_FALSE(contract);
  ASSERT_EQ(contract.error().size(), 1u);
  const Error& error = contract.error().front();
  EXPECT_EQ(error.kind, ErrorKind::kConfig);
  EXPECT_EQ(error.code, GetParam().code) << error.ToString();
  EXPECT_THAT(error.message, testing::HasSubstr(GetParam().message));
  EXPECT_EQ(error.place.ToString(), "weir.yaml:" + std::to_string(GetParam().line) + ":" +
                                        std::to_string(GetParam().column));
}

INSTANTIATE_TEST_SUITE_P(
    Contract, WrongRules,
    testing::ValuesIn(std::vector<WrongRule>{
        {"AnUnknownColumn", "price > 0", "", "contract.rule", "no column 'price'", 10, 41},
        {"AnUnknownColumnFurtherOn", "a > 0 and price > 0", "", "contract.rule",
         "no column 'price'", 10, 51},
        {"AnUnknownColumnOnTheSecondLine", "a > 0\n  and price > 0", "", "contract.rule",
         "no column 'price'", 11, 7},
        {"AnUnknownColumnInWhen", "a > 0", "b", "contract.rule", "no column 'b'", 20, 11},
        {"AnUnknownFunction", "positive(a)", "", "contract.rule", "positive", 10, 41},
        {"BadSql", "a > and 0", "", "contract.rule", "expect of rule r: ", 10, 45},
        {"Try", "try(a > 0)", "", "contract.rule", "TRY", 10, 41},
        {"Nothing", "", "", "contract.rule", "", 10, 41},
        {"TwoExpressions", "a > 0, a < 5", "", "contract.rule", "not one expression", 10, 41},
        {"ANumber", "a + 1", "", "contract.rule_type", "int32", 10, 41},
        {"ANumberInWhen", "a > 0", "a", "contract.rule_type", "when of rule r", 20, 11},
        {"AText", "'true'", "", "contract.rule_type", "no condition", 10, 41},
        {"TypesThatDoNotFit", "a > DATE '2026-01-01'", "", "contract.rule", "compare", 10, 43},
        {"AnAggregate", "count(*) > 1", "", "contract.rule", "aggregates", 10, 41},
        {"AWindow", "row_number() over () > 1", "", "contract.rule", "one record", 10, 41},
        {"ASubquery", "a in (select 1)", "", "contract.rule", "one record", 10, 41},
        {"Unnest", "unnest(items) > 1", "", "contract.rule", "UNNEST", 10, 41},
        {"Random", "random() > 0.5", "", "contract.rule", "changes from call to call", 10, 41},
        {"AStar", "COLUMNS(*) is not null", "", "contract.rule", "several expressions", 10, 41},
        {"AParameter", "a > $x", "", "contract.rule", "parameters", 10, 41},
    }),
    [](const auto& given) { return given.param.name; });

TEST(Compile, AllFaultsOfAContractAreToldAtOnce) {
  const auto session = OpenSession();
  ContractSpec spec = Spec({"id: int", "_source: int", "_POS: int", "_change_type: int",
                            "_weir_row: int", "day: int", "at: timestamptz", "t: date"},
                           {Rule("r", "nosuch > 0"), Rule("r", "id > 0"), Rule("s", "id and")});
  spec.columns[5].format = "%d";
  spec.columns[6].zone = "Europe/Lundon";
  spec.columns[7].zone = "Europe/London";
  const auto contract = Contract::Compile(spec, *session);
  ASSERT_FALSE(contract);
  std::vector<std::string> told;
  for (const Error& error : contract.error()) {
    EXPECT_EQ(error.kind, ErrorKind::kConfig);
    told.push_back(std::to_string(error.place.line) + " " + error.code);
  }
  EXPECT_THAT(told, testing::ElementsAre("2 contract.reserved_column", "3 contract.reserved_column",
                                         "4 contract.reserved_column", "5 contract.reserved_column",
                                         "6 contract.format", "7 contract.format",
                                         "8 contract.format", "0 contract.duplicate_rule",
                                         "1 contract.rule", "1 contract.rule"));
}

TEST(Compile, NamesThatDifferInCaseAloneAreTheSameColumn) {
  const auto session = OpenSession();
  const auto contract =
      Contract::Compile(Spec({"id: int", "ID: int"}, {Rule("r", "id > 0")}), *session);
  ASSERT_FALSE(contract);
  ASSERT_EQ(contract.error().size(), 1u);
  EXPECT_EQ(contract.error()[0].code, "contract.duplicate_column");
}

TEST(Compile, AContractNeedsColumns) {
  const auto session = OpenSession();
  const auto contract = Contract::Compile({}, *session);
  ASSERT_FALSE(contract);
  EXPECT_EQ(contract.error()[0].code, "contract.no_columns");
}

TEST(Compile, TheSchemaIsTheContractsColumns) {
  const auto session = OpenSession();
  const auto contract =
      Contract::Compile(Spec({"id: uuid not null", "name: varchar(10)"}), *session);
  ASSERT_TRUE(contract);
  const auto& fields = (*contract)->schema().fields;
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_FALSE(fields[0].nullable);
  EXPECT_EQ(columnar::ToText(fields[1].type), "varchar(10)");
}

TEST(Compile, TwoContractsOfOneSessionDoNotDisturbEachOther) {
  const auto session = OpenSession();
  const ContractSpec one = Spec({"a: int"}, {Rule("r", "a > 0")});
  const ContractSpec two = Spec({"a: varchar"}, {Rule("r", "a = 'x'")});
  const auto first = Contract::Compile(one, *session);
  const auto second = Contract::Compile(two, *session);
  ASSERT_TRUE(first && second);
  for (int round = 0; round < 2; ++round) {
    const DecodedBatch numbers = Batch(one, {"[1, -1]"});
    const DecodedBatch texts = Batch(two, {R"(["y", "x"])"});
    EXPECT_EQ(Shown(numbers, Must((*first)->Check(numbers))),
              "accepted 0; 1: rule.r[a](false (a is -1))");
    EXPECT_EQ(Shown(texts, Must((*second)->Check(texts))),
              "accepted 1; 0: rule.r[a](false (a is 'y'))");
  }
}

TEST(Check, WhereNothingIsRefusedTheBatchGoesOnUncopied) {
  const auto session = OpenSession();
  const ContractSpec spec = Spec({"a: int not null"}, {Rule("r", "a > 0")});
  const auto contract = Contract::Compile(spec, *session);
  const DecodedBatch batch = Batch(spec, {"[1, 2, 3]"});
  EXPECT_EQ(Must((*contract)->Check(batch)).accepted.get(), batch.rows.get());
}

TEST(Check, AFailRuleStopsWithThePlaceOfItsFirstRecord) {
  const auto session = OpenSession();
  const ContractSpec spec = Spec({"a: int"}, {Rule("late", "a < 5", "", OnFail::kFail),
                                              Rule("early", "a > 1", "", OnFail::kFail)});
  const auto contract = Contract::Compile(spec, *session);
  const CheckedBatch checked = Must((*contract)->Check(Batch(spec, {"[2, 1, 9]"})));
  ASSERT_TRUE(checked.fail);
  EXPECT_EQ(checked.fail->code, "contract.fail");
  EXPECT_EQ(checked.fail->kind, ErrorKind::kStopped);
  EXPECT_EQ(checked.fail->message, "rule early: false (a is 1)");
  EXPECT_EQ(checked.fail->place.line, 3u);
  EXPECT_EQ(checked.fail->place.byte_offset, 1006u);
}

TEST(Check, UnknownColumnsAreKeptRefusedOrStop) {
  const auto session = OpenSession();
  ContractSpec spec = Spec({"a: int"});
  const std::vector<std::string> values = {"[1, 2]",
                                           R"([null, "{\"colour\":\"red\",\"size\":1}"])"};
  const auto check = [&](UnknownColumns unknown) {
    spec.unknown_columns = unknown;
    const auto contract = Contract::Compile(spec, *session);
    return Must((*contract)->Check(Batch(spec, values)));
  };
  const CheckedBatch kept = check(UnknownColumns::kRescue);
  EXPECT_EQ(kept.accepted->num_rows(), 2);
  EXPECT_EQ(kept.accepted->column_name(1), "_rescued");
  EXPECT_EQ(Shown(Batch(spec, values), check(UnknownColumns::kReject)),
            "accepted 0; 1: column.unknown(no column takes colour, size)");
  const CheckedBatch stopped = check(UnknownColumns::kFail);
  ASSERT_TRUE(stopped.fail);
  EXPECT_EQ(stopped.fail->code, "contract.unknown_columns");
  EXPECT_EQ(stopped.fail->place.line, 3u);
}

TEST(Check, BrokenRecordsStandAmongTheRejectedInTheOrderOfTheInput) {
  const auto session = OpenSession();
  const ContractSpec spec = Spec({"a: int not null"});
  const auto contract = Contract::Compile(spec, *session);
  DecodedBatch batch = Batch(spec, {"[null, 1, null]"});
  batch.broken.push_back(
      {.line = 3,
       .offset = 1008,
       .raw = "row x",
       .raw_length = 5,
       .raw_hash = {},
       .reasons = {{.code = "json.syntax", .rule = {}, .column = {}, .detail = "d"}}});
  const CheckedBatch checked = Must((*contract)->Check(batch));
  EXPECT_EQ(Shown(batch, checked),
            "accepted 1; 0: column.null[a](null, where the column is not null); x: json.syntax(d); "
            "2: column.null[a](null, where the column is not null)");
  ExpectCounted(batch, checked);
  EXPECT_EQ(checked.rejected[0].line, 2u);
  EXPECT_EQ(checked.rejected[0].offset, 1000u);
  EXPECT_EQ(checked.rejected[0].raw_length, 5u);
}

TEST(Check, RawBytesAreCutWithTheHashOfAllOfThem) {
  const auto session = OpenSession();
  const ContractSpec spec = Spec({"a: int not null"});
  const auto contract = Contract::Compile(spec, *session);
  DecodedBatch batch = Batch(spec, {"[null]"});
  const auto big = std::make_shared<std::string>(kRawBytesKept + 5, 'x');
  batch.chunk = big;
  batch.positions[0].length = static_cast<uint32_t>(big->size());
  const CheckedBatch checked = Must((*contract)->Check(batch));
  ASSERT_EQ(checked.rejected.size(), 1u);
  EXPECT_EQ(checked.rejected[0].raw.size(), kRawBytesKept);
  EXPECT_EQ(checked.rejected[0].raw_length, big->size());
  EXPECT_EQ(checked.rejected[0].raw_hash, env::ContentHashHex(*big));
}

TEST(Check, ReasonsAreBoundedAndTheLastSaysHowManyMore) {
  const auto session = OpenSession();
  std::vector<RuleSpec> rules;
  for (size_t i = 0; i < kReasonsMax + 6; ++i)
    rules.push_back(Rule("r" + std::to_string(i), "a > 0"));
  const ContractSpec spec = Spec({"a: int"}, rules);
  const auto contract = Contract::Compile(spec, *session);
  const CheckedBatch checked = Must((*contract)->Check(Batch(spec, {"[-1]"})));
  ASSERT_EQ(checked.rejected[0].reasons.size(), kReasonsMax);
  EXPECT_EQ(checked.rejected[0].reasons.back().detail, "7 more reasons");
}

TEST(Check, NowIsTheTimeOfTheBatch) {
  const auto session = OpenSession();
  const ContractSpec spec =
      Spec({"t: timestamptz", "d: date"},
           {Rule("past", "t <= NOW()"), Rule("today", "d <= current_date"),
            Rule("stamp", "t <= current_timestamp and t <= get_current_timestamp()")});
  const auto contract = Contract::Compile(spec, *session);
  ASSERT_TRUE(contract) << contract.error()[0].ToString();
  const DecodedBatch batch = Batch(spec, {"[1777629600000000]", "[20574]"});  // 2026-05-01 10:00.
  EXPECT_EQ(Must((*contract)->Check(batch, Instant{1777629600000000})).rejected.size(), 0u);
  const auto before = Must((*contract)->Check(batch, Instant{1777500000000000}));
  ASSERT_EQ(before.rejected.size(), 1u);
  EXPECT_EQ(before.rejected[0].reasons.size(), 3u);
  EXPECT_EQ(Must((*contract)->Check(batch)).rejected.size(), 0u);  // The machine's clock is later.
}

// Of many rows in a batch some fail in every way; nothing is mixed up between them.
TEST(Check, AFullBatchIsDividedRowByRow) {
  const auto session = OpenSession();
  const ContractSpec spec =
      Spec({"n: bigint not null", "s: varchar"},
           {Rule("seven", "n % 7 <> 0"), Rule("number", "cast(s as bigint) = n"),
            Rule("drop", "n % 11 <> 0", "", OnFail::kDrop)});
  const auto contract = Contract::Compile(spec, *session);
  std::string n = "[";
  std::string s = "[";
  constexpr int64_t kRows = 65'536;
  for (int64_t i = 0; i < kRows; ++i) {
    n += (i == 0 ? "" : ",") + (i % 1000 == 3 ? std::string("null") : std::to_string(i));
    s += (i == 0 ? "\"" : ",\"") + (i % 13 == 0 ? "x" : std::to_string(i)) + "\"";
  }
  const DecodedBatch batch = Batch(spec, {n + "]", s + "]"});
  const CheckedBatch checked = Must((*contract)->Check(batch));
  ExpectCounted(batch, checked);
  uint64_t filtered = 0;
  size_t rejected = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    std::string expected;
    const bool null = i % 1000 == 3;
    if (null || i % 11 == 0) {  // Null drops too, before the column is found to be null.
      ++filtered;
      continue;
    }
    if (i % 7 == 0) expected += " rule.seven";
    if (i % 13 == 0) expected += " rule.error";
    if (expected.empty()) continue;
    ASSERT_LT(rejected, checked.rejected.size());
    std::string got;
    for (const auto& reason : checked.rejected[rejected].reasons) got += " " + reason.code;
    ASSERT_EQ(got, expected) << i;
    ASSERT_EQ(checked.rejected[rejected].raw, "row " + std::to_string(i));
    ++rejected;
  }
  EXPECT_EQ(checked.filtered, filtered);
  EXPECT_EQ(checked.rejected.size(), rejected);
  const auto& kept = static_cast<const arrow::Int64Array&>(*checked.accepted->column(0));
  for (int64_t i = 1; i < kept.length(); ++i) ASSERT_LT(kept.Value(i - 1), kept.Value(i));
}

}  // namespace
}  // namespace weir::contract
