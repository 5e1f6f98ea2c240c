#include "pipeline/pipeline_spec.h"

#include <algorithm>
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

config::Shape<SourceSpec> SourceShape() {
  return config::OneOfKinds<SourceSpec>(
      "source", {config::FlatKind<SourceSpec>("files", source::FilesFields()),
                 config::InnerKind<SourceSpec>("generate", source::GenerateFields()),
                 config::InnerKind<SourceSpec>("http", source::HttpFields()),
                 config::LaterKind<SourceSpec>("rest"), config::LaterKind<SourceSpec>("kafka")});
}

config::Shape<SinkSpec> SinkShape() {
  return config::OneOfKinds<SinkSpec>("sink",
                                      {config::FlatKind<SinkSpec>("table", sink::TableSinkFields()),
                                       config::FlatKind<SinkSpec>("files", sink::FilesSinkFields()),
                                       config::LaterKind<SinkSpec>("postgres")});
}

// Columns that a sink names must be the contract's, and an upsert needs some.
void CheckSinkColumns(const PipelineSpec& spec, const config::Node& node,
                      const config::Reading& reading) {
  const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink);
  if (table == nullptr) return;
  const config::Node* sink = node.Find("sink");
  const Place place = sink != nullptr ? sink->place : node.place;
  if ((table->write == sink::TableWrite::kUpsert) == table->key.empty())
    reading.Add("config.upsert_key",
                table->key.empty() ? "write: upsert needs a key" : "a key is for write: upsert",
                place, "sink: { table: schema.name, write: upsert, key: id }");
  std::vector<std::string> named = table->key;
  for (const table::KeyColumn& one : table->sort_by) named.push_back(one.name);
  std::vector<std::string> known;
  for (const columnar::ColumnSpec& column : spec.contract.columns) known.push_back(column.name);
  for (const std::string& name : named)
    if (!known.empty() && std::ranges::find(known, name) == known.end())
      reading.Add("config.sink_column", "the contract has no column '" + name + "'", place,
                  config::Suggestion(name, known));
}

// What would take a file apart, or look at what an earlier one held, does not go with `write:
// replace`.
void CheckReplace(const PipelineSpec& spec, const config::Node& node,
                  const config::Reading& reading) {
  if (!spec.replaces()) return;
  const config::Node* sink = node.Find("sink");
  const auto add = [&](const config::Node* at, const std::string& what, const char* next) {
    reading.Add("config.replace", "write: replace " + what, at != nullptr ? at->place : node.place,
                next);
  };
  const auto inner = [&](const char* key, const char* of) -> const config::Node* {
    const config::Node* outer = node.Find(key);
    return outer != nullptr ? outer->Find(of) : nullptr;
  };
  const auto* files = std::get_if<source::FilesSpec>(&spec.source);
  if (files == nullptr)
    add(sink, "takes files only, in this version: each is the whole table",
        "write: upsert with a key, or a model that selects the newest rows");
  for (const char* key : {"rows", "bytes"})
    if (const config::Node* at = inner("flush", key))
      add(at, "takes a file as one batch, which flush does not cut", "leave it out");
  if (const config::Node* at = inner("source", "grow"); at != nullptr && files && files->grow)
    add(at, "reads a file that grew from its beginning", "leave grow out");
  if (const config::Node* at = inner("sink", "sort_by"))
    add(at, "cannot sort: the rows of a whole file would be held in memory", "leave sort_by out");
  if (spec.dedupe)
    add(node.Find("dedupe"),
        "goes without dedupe: each file says again what the one before it said",
        "leave dedupe out, or write: upsert with a key");
  if (spec.max_bad && spec.max_bad->over)
    add(node.Find("max_bad"), "judges each file by itself, and max_bad: { over } several together",
        "leave over out");
  if (spec.late)
    add(node.Find("late"), "goes without late: a file is the whole table, however old its rows are",
        "leave late out");
}

// A default outside of the record is one of the request's, and a parameter one of the route's.
void CheckOutside(const PipelineSpec& spec, const config::Node& node,
                  const config::Reading& reading) {
  using columnar::OutsideDefault;
  const auto* http = std::get_if<source::HttpSpec>(&spec.source);
  for (size_t i = 0; i < spec.contract.columns.size(); ++i) {
    const columnar::ColumnSpec& column = spec.contract.columns[i];
    if (!column.outside) continue;
    const Place place = spec.contract.PlacesOf(i).default_text;
    const Place& at = place.known() ? place : node.place;
    if (http == nullptr) {
      reading.Add("config.outside_default",
                  "column '" + column.name + "': path() and header() are of an http source", at,
                  "give it a value, or leave the default out");
      continue;
    }
    const auto names = http->parameters();
    if (column.outside->where == OutsideDefault::Where::kPath &&
        std::ranges::find(names, column.outside->name) == names.end())
      reading.Add(
          "config.outside_default",
          "column '" + column.name + "': the route has no parameter '" + column.outside->name + "'",
          at,
          names.empty() ? "route: /stores/{store_id}/events"
                        : config::Suggestion(column.outside->name, names));
  }
}

// Which parts go together.
void CheckTogether(const PipelineSpec& spec, const config::Node& node,
                   const config::Reading& reading) {
  CheckSinkColumns(spec, node, reading);
  CheckReplace(spec, node, reading);
  CheckOutside(spec, node, reading);
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
  const auto* files = std::get_if<source::FilesSpec>(&spec.source);
  if (files != nullptr && !files->csv.has_header && spec.contract.columns.empty())
    reading.Add("config.missing_key",
                "a CSV without a header needs a contract: its columns name the fields", node.place,
                "contract: { columns: { id: bigint not null, name: varchar } }");
  if (files != nullptr && spec.land && source::WouldFind(*files, spec.land->path))
    reading.Add("land.path", "what is kept would be found as input by '" + files->glob + "'",
                node.Find("land")->place, "keep it in a folder outside of it");
  if (spec.generates() && (spec.late || spec.dedupe || spec.max_bad || spec.land))
    reading.Add("config.not_built", "a generate source takes no late, dedupe, max_bad or land",
                node.place, "write them where the data is read");
}

}  // namespace

const config::FieldTable<PipelineSpec>& PipelineFields() {
  static const config::FieldTable<PipelineSpec> table{
      "pipelines.NAME",
      {Field("source", &PipelineSpec::source, SourceShape(), Required(), "where records come from"),
       Field("contract", &PipelineSpec::contract, config::Nested(contract::ContractFields()),
             Optional(), "what a good record is; left out, columns evolve from the data"),
       Field("max_bad", &PipelineSpec::max_bad, MaxBadShape(), Optional(),
             "more refused records than this hold the batch before its commit"),
       Field("flush", &PipelineSpec::flush, config::Nested(FlushFields()), Optional(),
             "cuts batches"),
       Field("sink", &PipelineSpec::sink, SinkShape(), Required(), "where good records go"),
       Field("sinks", &PipelineSpec::name, config::Text(), Optional(), "several of them").Later(),
       Field("late", &PipelineSpec::late, LateShape(), Optional(),
             "what becomes of records whose time has long passed"),
       Field("dedupe", &PipelineSpec::dedupe, DedupeShape(), Optional(),
             "the first of records with equal keys wins, in the batch and against the table"),
       Field("land", &PipelineSpec::land, LandShape(), Optional(),
             "files that keep raw bytes as received; {date} {hour} {name} {seq} {pipeline}"),
       Field("bad_records", &PipelineSpec::bad_records, config::Nested(BadRecordsFields()),
             Optional(), "files of refused records, beside their table"),
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
    if (named.value.Find("contract") == nullptr)
      spec.contract.unknown_columns = contract::UnknownColumns::kEvolve;
    if (auto* files = std::get_if<source::FilesSpec>(&spec.source); files && spec.replaces()) {
      files->each_is_all = true;
      files->grow = false;
    }
    spec.place = named.place;
    spec.faulty = faults.size() != before;
    specs.push_back(std::move(spec));
  }
  return specs;
}

void CheckGates(const PipelineSpec& spec, config::Faults& faults) {
  if (spec.contract.columns_faulty) return;
  if (spec.dedupe) CheckDedupe(*spec.dedupe, spec.contract, faults);
  if (spec.late) CheckLate(*spec.late, spec.contract, faults);
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
  for (size_t i = 0; i < spec.contract.columns.size(); ++i)
    if (const auto& outside = spec.contract.columns[i].outside)
      columns[i]["outside"] = {static_cast<int>(outside->where), outside->name};
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
  if (spec.max_bad && spec.max_bad->over) made["max_bad_over"] = spec.max_bad->over->count();
  if (spec.late)
    made["late"] = {{"by", spec.late->by.value},
                    {"after", spec.late->after.count()},
                    {"then", static_cast<int>(spec.late->then)}};
  if (spec.dedupe) {
    made["dedupe"] = {{"by", json::array()}, {"within", json()}};
    for (const auto& column : spec.dedupe->by) made["dedupe"]["by"].push_back(column.value);
    if (spec.dedupe->within) made["dedupe"]["within"] = spec.dedupe->within->count();
  }
  if (const auto* files = std::get_if<source::FilesSpec>(&spec.source)) {
    made["files"] = files->glob;
    made["format"] = files->format ? json(format::ToText(*files->format)) : json();
    made["compression"] = files->compression ? json(format::ToText(*files->compression)) : json();
    made["csv"] = {{"delimiter", std::string(1, files->csv.delimiter)},
                   {"quote", std::string(1, files->csv.quote)},
                   {"header", files->csv.has_header},
                   {"null", files->csv.null_text},
                   {"encoding", format::ToText(files->csv.encoding)}};
  }
  if (const auto* table = std::get_if<sink::TableSinkSpec>(&spec.sink)) {
    made["sink"] = {{"table", table->table.ToString()}, {"partition_by", table->partition_terms()}};
    if (table->write == sink::TableWrite::kUpsert) made["sink"]["key"] = table->key;
    if (spec.replaces()) made["sink"]["write"] = "replace";
    for (const table::KeyColumn& one : table->sort_by)
      made["sink"]["sort_by"].push_back(one.name + (one.descending ? " desc" : ""));
  }
  return made.dump();
}

}  // namespace weir::pipeline
