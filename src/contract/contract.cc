#include "contract/contract.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/check.h"
#include "base/letter_case.h"
#include "base/limits.h"
#include "columnar/keep_rows.h"
#include "contract/rules_internal.h"
#include "env/clock.h"
#include "env/hash.h"
#include "format/decoder.h"
#include "format/json_members.h"

namespace weir::contract {
namespace {

using columnar::DecodedBatch;
using columnar::Kind;
using columnar::Reason;
using columnar::RejectedRow;

bool IsReserved(const std::string& name) {
  static const std::set<std::string> names = {
      "_ingested_at", "_batch",     "_source", "_offset",
      "_rescued",     "_file",      "_pos",    "_deleted",
      "_spec_id",     "_partition", "_row_id", "_last_updated_sequence_number"};
  return names.contains(name) || name.starts_with("_change_") || name.starts_with("_weir_");
}

bool IsTime(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTime || kind == Kind::kTimestamp ||
         kind == Kind::kTimestamptz;
}

class ColumnCheck {
 public:
  ColumnCheck(const ContractSpec& spec, Errors& errors) : spec_(spec), errors_(errors) {}

  void Run() {
    const bool evolves = spec_.unknown_columns == UnknownColumns::kEvolve;
    if (spec_.columns.empty() && !spec_.columns_faulty && !evolves)
      Add("contract.no_columns", "the contract has no columns", {}, "name at least one column");
    if (spec_.columns.size() > kColumnsMax)
      Add("contract.too_many_columns",
          "the contract has " + std::to_string(spec_.columns.size()) + " columns, over " +
              std::to_string(kColumnsMax),
          {}, "keep rare fields in a json column");
    std::set<std::string> seen;
    std::map<std::string, std::string> readers;  // Field of the input -> column.
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      const columnar::ColumnSpec& column = spec_.columns[i];
      const ColumnPlaces places = spec_.PlacesOf(i);
      const Place& place = places.name;
      const std::string name = Lower(column.name);
      if (name.empty()) Add("contract.column", "a column has no name", place, "name it");
      if (IsReserved(name))
        Add("contract.reserved_column",
            "'" + column.name + "' is a name that Weir or Iceberg keeps for itself", place,
            "write another name, with from: " + column.name);
      if (!seen.insert(name).second)
        Add("contract.duplicate_column", "a second column '" + column.name + "'", place,
            "letter case does not tell columns apart; rename one, with from:");
      const auto [reader, first] = readers.emplace(column.input_name(), column.name);
      if (!first && Lower(reader->second) != name)
        Add("contract.from_twice",
            "column " + column.name + " reads the field '" + column.input_name() +
                "', which column " + reader->second + " reads already",
            places.from, "give each its own field");
      CheckValues(column, places);
    }
  }

 private:
  // What a decoder would refuse later: its own words, at the part that is meant.
  void CheckValues(const columnar::ColumnSpec& column, const ColumnPlaces& places) {
    const std::string of = "column " + column.name;
    if (!column.format.empty() && !IsTime(column.type.kind))
      Add("contract.format", of + " has a format, but " + ToText(column.type) + " takes none",
          places.format, "leave the format out");
    if (!column.zone.empty() && column.type.kind != Kind::kTimestamptz)
      Add("contract.format", of + " has a zone, but is no timestamptz", places.zone,
          "leave the zone out, or make it a timestamptz");
    const auto readable = format::CheckColumn(column);
    // Lists and structs are the decoder's to refuse, as long as it cannot read them.
    if (readable || readable.error().code == "type.nested_input") return;
    Error error = readable.error();
    const auto about = [&error](const char* code) { return error.code == code; };
    const Place& place = about("format.pattern")   ? places.format
                         : about("format.zone")    ? places.zone
                         : about("format.default") ? places.default_text
                                                   : places.type;
    const bool named = error.message.starts_with(of);
    Add(about("format.default") ? "contract.default" : "contract.format",
        (named ? "" : of + ": ") + error.message, place, error.next);
  }

  void Add(std::string code, std::string message, const Place& place, std::string next) {
    errors_.push_back({.kind = ErrorKind::kConfig,
                       .code = std::move(code),
                       .message = std::move(message),
                       .place = place,
                       .next = std::move(next)});
  }

  const ContractSpec& spec_;
  Errors& errors_;
};

// What is known of the records of a batch that are not simply accepted.
class Verdicts {
 public:
  struct Row {
    uint32_t row = 0;
    std::vector<Reason> reasons;
    std::vector<uint32_t> failed_columns;
    bool filtered = false;
  };

  explicit Verdicts(size_t rows) : rows_(rows) {}

  Row& At(uint32_t row) {
    if (index_.empty()) index_.resize(rows_);
    if (index_[row] == 0) {
      made_.push_back({.row = row, .reasons = {}, .failed_columns = {}});
      index_[row] = static_cast<uint32_t>(made_.size());
    }
    return made_[index_[row] - 1];
  }
  const Row* Find(uint32_t row) const {
    return index_.empty() || index_[row] == 0 ? nullptr : &made_[index_[row] - 1];
  }
  bool empty() const { return made_.empty(); }
  // Those left out, in the order of the rows.
  std::vector<Row> Take() && {
    std::erase_if(made_, [](const Row& each) { return each.reasons.empty() && !each.filtered; });
    std::ranges::sort(made_, {}, &Row::row);
    return std::move(made_);
  }

 private:
  size_t rows_;
  std::vector<uint32_t> index_;  // Per row: where it is in `made_`, from 1; 0 is nowhere.
  std::vector<Row> made_;
};

// "colour, size": the keys of the JSON object in `_rescued`.
std::string UnknownNames(std::string_view rescued) {
  constexpr size_t kNames = 10;
  const auto members = format::JsonMembers(rescued);
  if (!members) return std::string(rescued.substr(0, 100));
  std::string names;
  size_t count = 0;
  for (const auto& [name, value] : *members)
    if (++count <= kNames) names += (names.empty() ? "" : ", ") + name;
  if (count > kNames) names += " and " + std::to_string(count - kNames) + " more";
  return names;
}

class CompiledContract final : public Contract {
 public:
  CompiledContract(const ContractSpec& spec, std::unique_ptr<RuleSet> rules)
      : rules_(spec.rules), unknown_(spec.unknown_columns), set_(std::move(rules)) {
    schema_ = SchemaOf(spec);
  }

  const columnar::Schema& schema() const override { return schema_; }

  Result<CheckedBatch> Check(const DecodedBatch& batch, std::optional<Instant> now) override {
    CheckedBatch checked;
    WEIR_CHECK(batch.rows != nullptr);
    WEIR_CHECK(batch.rows->num_columns() == static_cast<int>(schema_.fields.size()) + 1);
    WEIR_CHECK(static_cast<size_t>(batch.rows->num_rows()) == batch.positions.size());
    Verdicts verdicts(batch.positions.size());
    for (const columnar::CellFault& fault : batch.faults) {
      auto& row = verdicts.At(fault.row);
      row.reasons.push_back(fault.reason);
      row.failed_columns.push_back(fault.column);
    }
    std::vector<Finding> findings;
    if (set_ != nullptr && batch.rows->num_rows() != 0) {
      WEIR_ASSIGN(findings, set_->Run(batch.rows, now ? *now : env::SystemClock().Now()));
    }
    Filter(findings, batch, verdicts);
    AddNulls(batch, verdicts);
    AddUnknown(batch, verdicts, checked);
    AddFindings(findings, batch, verdicts, checked);
    if (checked.fail) return checked;
    CountWarnings(findings, verdicts, checked);
    WEIR_TRY(Divide(batch, std::move(verdicts).Take(), checked));
    return checked;
  }

 private:
  // Rules with `on_fail: drop`, over records that could be decoded.
  void Filter(const std::vector<Finding>& findings, const DecodedBatch& batch, Verdicts& verdicts) {
    for (const Finding& finding : findings) {
      if (rules_[finding.rule].on_fail != OnFail::kDrop) continue;
      if (const auto* row = verdicts.Find(finding.row); row != nullptr && !row->reasons.empty())
        continue;
      // A broken rule must not make records vanish.
      if (finding.verdict == Verdict::kError)
        verdicts.At(finding.row).reasons.push_back(ReasonOf(finding, batch));
      else
        verdicts.At(finding.row).filtered = true;
    }
  }

  static bool IsFiltered(const Verdicts& verdicts, uint32_t row) {
    const auto* known = verdicts.Find(row);
    return known != nullptr && known->filtered && known->reasons.empty();
  }

  void AddNulls(const DecodedBatch& batch, Verdicts& verdicts) const {
    for (uint32_t column = 0; column < schema_.fields.size(); ++column) {
      const auto& array = *batch.rows->column(static_cast<int>(column));
      if (schema_.fields[column].nullable || array.null_count() == 0) continue;
      for (const uint32_t row : columnar::NullRows(array)) {
        if (IsFiltered(verdicts, row)) continue;
        auto& refused = verdicts.At(row);
        if (std::ranges::find(refused.failed_columns, column) != refused.failed_columns.end())
          continue;
        refused.failed_columns.push_back(column);
        refused.reasons.push_back({.code = "column.null",
                                   .rule = {},
                                   .column = schema_.fields[column].name,
                                   .detail = "null, where the column is not null"});
      }
    }
  }

  void AddUnknown(const DecodedBatch& batch, Verdicts& verdicts, CheckedBatch& checked) const {
    if (unknown_ == UnknownColumns::kRescue || unknown_ == UnknownColumns::kEvolve) return;
    const auto& rescued = *batch.rows->column(batch.rows->num_columns() - 1);
    if (rescued.null_count() == rescued.length()) return;
    const auto& texts = static_cast<const arrow::StringArray&>(rescued);
    for (uint32_t row = 0; row < static_cast<uint32_t>(texts.length()); ++row) {
      if (texts.IsNull(row) || IsFiltered(verdicts, row)) continue;
      const std::string detail = "no column takes " + UnknownNames(texts.GetView(row));
      if (unknown_ == UnknownColumns::kFail) {
        Stop("contract.unknown_columns", detail, batch, row, checked);
        return;
      }
      verdicts.At(row).reasons.push_back(
          {.code = "column.unknown", .rule = {}, .column = {}, .detail = detail});
    }
  }

  void AddFindings(const std::vector<Finding>& findings, const DecodedBatch& batch,
                   Verdicts& verdicts, CheckedBatch& checked) {
    for (const Finding& finding : findings) {
      const OnFail on_fail = rules_[finding.rule].on_fail;
      if (on_fail == OnFail::kDrop || on_fail == OnFail::kWarn) continue;
      if (IsFiltered(verdicts, finding.row) || ReadsFailed(finding, verdicts)) continue;
      if (on_fail == OnFail::kFail) {
        Stop("contract.fail",
             "rule " + rules_[finding.rule].name + ": " + set_->Detail(finding, *batch.rows), batch,
             finding.row, checked);
        return;
      }
      verdicts.At(finding.row).reasons.push_back(ReasonOf(finding, batch));
    }
  }

  void CountWarnings(const std::vector<Finding>& findings, const Verdicts& verdicts,
                     CheckedBatch& checked) const {
    for (const Finding& finding : findings)
      if (rules_[finding.rule].on_fail == OnFail::kWarn && verdicts.Find(finding.row) == nullptr)
        ++checked.warned[rules_[finding.rule].name];
  }

  bool ReadsFailed(const Finding& finding, const Verdicts& verdicts) const {
    const auto* row = verdicts.Find(finding.row);
    if (row == nullptr || row->failed_columns.empty()) return false;
    return std::ranges::any_of(set_->columns_of(finding.rule), [row](uint32_t column) {
      return std::ranges::find(row->failed_columns, column) != row->failed_columns.end();
    });
  }

  Reason ReasonOf(const Finding& finding, const DecodedBatch& batch) {
    const RuleSpec& rule = rules_[finding.rule];
    const auto& columns = set_->columns_of(finding.rule);
    return {.code = finding.verdict == Verdict::kError ? "rule.error" : "rule." + rule.name,
            .rule = rule.name,
            .column = columns.size() == 1 ? batch.rows->column_name(static_cast<int>(columns[0]))
                                          : std::string(),
            .detail = set_->Detail(finding, *batch.rows)};
  }

  // The first of the records that stop the batch is the one that is told of.
  static void Stop(std::string code, std::string message, const DecodedBatch& batch, uint32_t row,
                   CheckedBatch& checked) {
    const auto& at = batch.positions[row];
    if (checked.fail && checked.fail->place.byte_offset <= at.offset) return;
    checked.fail =
        Error{.kind = ErrorKind::kStopped,
              .code = std::move(code),
              .message = std::move(message),
              .place = {.file = {}, .line = at.line, .column = 0, .byte_offset = at.offset},
              .next = "mend the input or the contract, then run again"};
  }

  static Result<void> Divide(const DecodedBatch& batch, std::vector<Verdicts::Row> left_out,
                             CheckedBatch& checked) {
    const auto rows = static_cast<uint32_t>(batch.positions.size());
    std::vector<bool> kept(rows, true);
    checked.offsets.reserve(rows - left_out.size());
    auto next = left_out.begin();
    for (uint32_t row = 0; row < rows; ++row) {
      if (next == left_out.end() || next->row != row) {
        checked.offsets.push_back(batch.positions[row].offset);
        continue;
      }
      kept[row] = false;
      if (next->reasons.empty())
        ++checked.filtered;
      else
        checked.rejected.push_back(Refused(batch, next->row, std::move(next->reasons)));
      ++next;
    }
    WEIR_ASSIGN(checked.accepted, columnar::KeepRows(batch.rows, kept));
    AddBroken(batch, checked);
    return {};
  }

  static void AddBroken(const DecodedBatch& batch, CheckedBatch& checked) {
    const auto middle = static_cast<std::ptrdiff_t>(checked.rejected.size());
    checked.rejected.insert(checked.rejected.end(), batch.broken.begin(), batch.broken.end());
    std::inplace_merge(
        checked.rejected.begin(), checked.rejected.begin() + middle, checked.rejected.end(),
        [](const RejectedRow& a, const RejectedRow& b) { return a.offset < b.offset; });
  }

  columnar::Schema schema_;
  std::vector<RuleSpec> rules_;
  UnknownColumns unknown_;
  std::unique_ptr<RuleSet> set_;  // Null where there are no rules.
};

}  // namespace

RejectedRow Refused(const DecodedBatch& batch, uint32_t refused, std::vector<Reason> reasons) {
  const std::string made = batch.raw_of ? batch.raw_of(refused) : std::string();
  const std::string_view raw = batch.raw_of ? made : batch.raw(refused);
  RejectedRow row;
  row.line = batch.positions[refused].line;
  row.offset = batch.positions[refused].offset;
  row.raw = std::string(raw.substr(0, kRawBytesKept));
  row.raw_length = raw.size();
  if (raw.size() > kRawBytesKept) row.raw_hash = env::ContentHashHex(raw);
  row.reasons = std::move(reasons);
  if (row.reasons.size() > kReasonsMax) {
    const size_t left_out = row.reasons.size() - kReasonsMax + 1;
    row.reasons.resize(kReasonsMax - 1);
    row.reasons.push_back({.code = "contract.more",
                           .rule = {},
                           .column = {},
                           .detail = std::to_string(left_out) + " more reasons"});
  }
  return row;
}

std::expected<std::unique_ptr<Contract>, Errors> Contract::Compile(const ContractSpec& spec,
                                                                   engine::Session& session) {
  Errors errors;
  ColumnCheck(spec, errors).Run();
  std::set<std::string> names;
  for (const RuleSpec& rule : spec.rules)
    if (!names.insert(rule.name).second)
      errors.push_back({.kind = ErrorKind::kConfig,
                        .code = "contract.duplicate_rule",
                        .message = "a second rule '" + rule.name + "'",
                        .place = rule.expect.place,
                        .next = "give it a name of its own"});
  // Rules are read where the columns make a table at all, with every column in it.
  std::unique_ptr<RuleSet> rules;
  if (!spec.rules.empty() && !spec.columns_faulty) {
    arrow::FieldVector fields;
    for (const columnar::ColumnSpec& column : spec.columns)
      fields.push_back(arrow::field(column.name, columnar::ToArrow(column.type)));
    fields.push_back(arrow::field("_rescued", arrow::utf8()));
    if (std::ranges::find(errors, "contract.duplicate_column", &Error::code) == errors.end())
      rules = RuleSet::Compile(spec.rules, arrow::schema(std::move(fields)), session, errors);
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return std::make_unique<CompiledContract>(spec, std::move(rules));
}

}  // namespace weir::contract
