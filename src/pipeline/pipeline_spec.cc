#include "pipeline/pipeline_spec.h"

#include <nlohmann/json.hpp>

#include "config/kinds.h"

namespace weir::pipeline {
namespace {

using config::Default;
using config::Field;
using config::Optional;
using config::Required;
using nlohmann::json;

const config::FieldTable<FlushSpec>& FlushFields() {
  static const config::FieldTable<FlushSpec> table{
      "pipelines.NAME.flush",
      {Field("rows", &FlushSpec::rows, config::Integer(1), Default("100000"),
             "records of a batch, at most"),
       Field("bytes", &FlushSpec::bytes, config::Bytes(), Default("64MiB"),
             "bytes of input of a batch, about"),
       Field("every", &FlushSpec::every, config::Duration(), Default("500ms"),
             "cut after this time, where input goes on arriving")}};
  return table;
}

const config::FieldTable<MaxBadSpec>& MaxBadFields() {
  static const config::FieldTable<MaxBadSpec> table{
      "pipelines.NAME.max_bad",
      {Field("rate", &MaxBadSpec::rate, config::Rate(), Required(),
             "part of a batch's records, at most"),
       Field("over", &MaxBadSpec::later, config::Text(), Optional(),
             "time that the rate is taken over")
           .Later(),
       Field("then", &MaxBadSpec::later, config::Text(), Optional(), "fail | pause").Later()}};
  return table;
}

config::Shape<MaxBadSpec> MaxBadShape() {
  return config::ScalarOr(
      config::Converted<MaxBadSpec>(config::Rate(),
                                    [](double rate, const config::Node&, const config::Reading&) {
                                      MaxBadSpec spec;
                                      spec.rate = rate;
                                      return std::optional(spec);
                                    }),
      config::Nested(MaxBadFields()));
}

config::Shape<SourceSpec> SourceShape() {
  return config::OneOfKinds<SourceSpec>(
      "source", {config::FlatKind<SourceSpec>("files", source::FilesFields()),
                 config::InnerKind<SourceSpec>("generate", source::GenerateFields()),
                 config::LaterKind<SourceSpec>("http"), config::LaterKind<SourceSpec>("rest"),
                 config::LaterKind<SourceSpec>("kafka")});
}

config::Shape<SinkSpec> SinkShape() {
  return config::OneOfKinds<SinkSpec>("sink",
                                      {config::FlatKind<SinkSpec>("table", sink::TableSinkFields()),
                                       config::FlatKind<SinkSpec>("files", sink::FilesSinkFields()),
                                       config::LaterKind<SinkSpec>("postgres")});
}

// Which parts go together.
void CheckTogether(const PipelineSpec& spec, const config::Node& node,
                   const config::Reading& reading) {
  const bool to_files = std::holds_alternative<sink::FilesSinkSpec>(spec.sink);
  const config::Node* sink = node.Find("sink");
  if (spec.generates() != to_files) {
    reading.Add("config.not_built",
                spec.generates()
                    ? "a generate source writes to a files sink in this version"
                    : "a files sink takes rows of a generate source only, in this version",
                sink != nullptr ? sink->place : node.place,
                spec.generates() ? "sink: { files: \"data/NAME_{seq:06}.csv\" }"
                                 : "sink: { table: schema.name }");
  }
  if (const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink);
      table != nullptr && table->table.space == "dead_letters") {
    reading.Add("config.reserved_schema", "the schema dead_letters is for refused records alone",
                sink != nullptr ? sink->place : node.place, "choose another schema");
  }
  if (!spec.generates() && spec.contract.columns.empty() && node.Find("contract") == nullptr) {
    reading.Add(
        "config.missing_key", "'contract' is missing in " + reading.where, node.place,
        "say which columns a good record has: contract: { columns: { id: bigint not null } }");
  }
}

}  // namespace

const config::FieldTable<PipelineSpec>& PipelineFields() {
  static const config::FieldTable<PipelineSpec> table{
      "pipelines.NAME",
      {Field("source", &PipelineSpec::source, SourceShape(), Required(), "where records come from"),
       Field("contract", &PipelineSpec::contract, config::Nested(contract::ContractFields()),
             Optional(), "what a good record is"),
       Field("max_bad", &PipelineSpec::max_bad, MaxBadShape(), Optional(),
             "more refused records than this hold the batch before its commit"),
       Field("flush", &PipelineSpec::flush, config::Nested(FlushFields()), Optional(),
             "cuts batches"),
       Field("sink", &PipelineSpec::sink, SinkShape(), Required(), "where good records go"),
       Field("sinks", &PipelineSpec::name, config::Text(), Optional(), "several of them").Later(),
       Field("dedupe", &PipelineSpec::name, config::Text(), Optional(),
             "first of equal records wins")
           .Later(),
       Field("late", &PipelineSpec::name, config::Text(), Optional(),
             "records older than the stream")
           .Later(),
       Field("land", &PipelineSpec::name, config::Text(), Optional(), "raw bytes as received, kept")
           .Later(),
       Field("bad_records", &PipelineSpec::name, config::Text(), Optional(),
             "files of refused records")
           .Later(),
       Field("schedule", &PipelineSpec::name, config::Text(), Optional(), "when it runs by itself")
           .Later()},
      CheckTogether};
  return table;
}

std::vector<PipelineSpec> ReadPipelines(const config::Project& project, config::Faults& faults) {
  std::vector<PipelineSpec> specs;
  for (const config::Named<config::Node>& named : project.pipelines) {
    const size_t before = faults.size();
    PipelineSpec spec =
        config::Read(named.value, PipelineFields(), faults, "pipeline '" + named.name + "'");
    spec.name = named.name;
    spec.place = named.place;
    spec.faulty = faults.size() != before;
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::string Definition(const PipelineSpec& spec) {
  json columns = json::array();
  for (const columnar::ColumnSpec& column : spec.contract.columns)
    columns.push_back({{"name", column.name},
                       {"type", columnar::ToText(column.type)},
                       {"nullable", column.nullable},
                       {"from", column.from},
                       {"format", column.format},
                       {"zone", column.zone},
                       {"default", column.default_text ? json(*column.default_text) : json()}});
  json rules = json::array();
  for (const contract::RuleSpec& rule : spec.contract.rules)
    rules.push_back({{"name", rule.name},
                     {"when", rule.when.value},
                     {"expect", rule.expect.value},
                     {"on_fail", static_cast<int>(rule.on_fail)}});
  json made = {{"weir.definition", 1},
               {"columns", std::move(columns)},
               {"rules", std::move(rules)},
               {"unknown_columns", static_cast<int>(spec.contract.unknown_columns)}};
  made["max_bad"] = spec.max_bad ? json(spec.max_bad->rate) : json();
  if (const auto* files = std::get_if<source::FilesSpec>(&spec.source)) {
    made["format"] = files->format ? json(format::ToText(*files->format)) : json();
    made["compression"] = files->compression ? json(format::ToText(*files->compression)) : json();
    made["csv"] = {{"delimiter", std::string(1, files->csv.delimiter)},
                   {"quote", std::string(1, files->csv.quote)},
                   {"header", files->csv.has_header},
                   {"null", files->csv.null_text},
                   {"encoding", format::ToText(files->csv.encoding)}};
  }
  if (const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink))
    made["sink"] = {{"table", table->table.ToString()}, {"partition_by", table->partition_terms()}};
  return made.dump();
}

}  // namespace weir::pipeline
