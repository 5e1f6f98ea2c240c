#include "pipeline/gates_spec.h"

#include <algorithm>

#include "columnar/type.h"
#include "config/kinds.h"
#include "pipeline/key_hash_internal.h"

namespace weir::pipeline {
namespace {

using config::Default;
using config::Field;
using config::Optional;
using config::Required;

config::Shape<std::vector<config::Placed<std::string>>> Columns() {
  return config::OneOrMore(config::WithPlace(config::Text()));
}

const config::FieldTable<DedupeSpec>& DedupeFields() {
  static const config::FieldTable<DedupeSpec> table{
      "pipelines.NAME.dedupe",
      {Field("by", &DedupeSpec::by, Columns(), Required(), "columns that are the key together"),
       Field("within", &DedupeSpec::within, config::Duration(), Optional(),
             "look back so far, by the time of ingestion; left out, over the whole table")}};
  return table;
}

const config::FieldTable<LateSpec>& LateFields() {
  static const auto then = config::Word<LateThen>(
      {{"accept", LateThen::kAccept}, {"reject", LateThen::kReject}, {"drop", LateThen::kDrop}});
  static const config::FieldTable<LateSpec> table{
      "pipelines.NAME.late",
      {Field("by", &LateSpec::by, config::WithPlace(config::Text()), Required(),
             "column with the time of the event"),
       Field("after", &LateSpec::after, config::Duration(), Required(),
             "late is what lies further than this before the time of the batch"),
       Field("then", &LateSpec::then, then, Default("accept"),
             "count it and go on, refuse it, or leave it out")}};
  return table;
}

const config::FieldTable<MaxBadSpec>& MaxBadFields() {
  static const auto then =
      config::Word<MaxBadThen>({{"fail", MaxBadThen::kFail}, {"pause", MaxBadThen::kPause}});
  static const config::FieldTable<MaxBadSpec> table{
      "pipelines.NAME.max_bad",
      {Field("rate", &MaxBadSpec::rate, config::Rate(), Required(),
             "part of the records that may be refused, at most"),
       Field("over", &MaxBadSpec::over, config::Duration(), Optional(),
             "take the rate over the batches of this time; left out, over each batch alone"),
       Field("then", &MaxBadSpec::then, then, Default("fail"),
             "a failure of the command, which builds no models then, or a pause of this pipeline "
             "alone")}};
  return table;
}

const columnar::ColumnSpec* FindColumn(const config::Placed<std::string>& name, const char* key,
                                       const contract::ContractSpec& contract,
                                       config::Faults& faults) {
  std::vector<std::string> names;
  for (const columnar::ColumnSpec& column : contract.columns) {
    if (column.name == name.value) return &column;
    names.push_back(column.name);
  }
  faults.Add(
      std::string(key) + ".column",
      std::string(key) + " names the column '" + name.value + "', which the contract has not",
      name.place, config::Suggestion(name.value, names));
  return nullptr;
}

}  // namespace

config::Shape<DedupeSpec> DedupeShape() {
  auto brief = config::Converted<DedupeSpec>(
      Columns(),
      [](std::vector<config::Placed<std::string>> by, const config::Node&, const config::Reading&)
          -> std::optional<DedupeSpec> { return DedupeSpec{.by = std::move(by), .within = {}}; });
  return config::ScalarOr(std::move(brief), config::Nested(DedupeFields()));
}

config::Shape<LateSpec> LateShape() { return config::Nested(LateFields()); }

config::Shape<MaxBadSpec> MaxBadShape() {
  auto brief = config::Converted<MaxBadSpec>(
      config::Rate(),
      [](double rate, const config::Node&, const config::Reading&) -> std::optional<MaxBadSpec> {
        return MaxBadSpec{.rate = rate, .over = {}, .then = MaxBadThen::kFail};
      });
  return config::ScalarOr(std::move(brief), config::Nested(MaxBadFields()));
}

void CheckDedupe(const DedupeSpec& spec, const contract::ContractSpec& contract,
                 config::Faults& faults) {
  for (const auto& name : spec.by) {
    const auto* column = FindColumn(name, "dedupe", contract, faults);
    if (column == nullptr || MayBeKey(column->type)) continue;
    faults.Add("dedupe.type",
               "dedupe: column " + name.value + " is a " + columnar::ToText(column->type) +
                   ", which is no key",
               name.place, "name columns of plain types");
  }
}

void CheckLate(const LateSpec& spec, const contract::ContractSpec& contract,
               config::Faults& faults) {
  using columnar::Kind;
  const auto* column = FindColumn(spec.by, "late", contract, faults);
  if (column == nullptr) return;
  const Kind kind = column->type.kind;
  if (kind == Kind::kTimestamptz || kind == Kind::kTimestamp || kind == Kind::kDate) return;
  faults.Add("late.type",
             "late: column " + spec.by.value + " is " + columnar::ToText(column->type) +
                 ", which is no time",
             spec.by.place, "name a timestamptz, timestamp or date");
}

}  // namespace weir::pipeline
