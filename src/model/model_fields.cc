#include <nlohmann/json.hpp>

#include "base/path_template.h"
#include "iceberg/partition_spec.h"
#include "model/model_spec.h"

namespace weir::model {
namespace {

using config::Default;
using config::Field;
using config::Optional;

const config::FieldTable<ExportSpec>& ExportFields() {
  static const auto parse_path = [](const std::string& text) -> Result<std::string> {
    WEIR_TRY(PathTemplate::Parse(text));
    return text;
  };
  static const config::FieldTable<ExportSpec> table{
      "--| export",
      {Field("csv", &ExportSpec::csv, config::Parsed<std::string>("path", parse_path), Optional(),
             "a CSV file, replaced after each commit"),
       Field("parquet", &ExportSpec::parquet, config::Parsed<std::string>("path", parse_path),
             Optional(), "the same as Parquet"),
       Field("ndjson", &ExportSpec::ndjson, config::Parsed<std::string>("path", parse_path),
             Optional(), "the same as one JSON object per line")},
      [](const ExportSpec& spec, const config::Node& node, const config::Reading& reading) {
        if (spec.csv.empty() && spec.parquet.empty() && spec.ndjson.empty())
          reading.Add("config.missing_key", "the export says no path", node.place,
                      "export: { csv: out/{name}.csv }");
      }};
  return table;
}

void CheckHeader(const HeaderSpec& header, const config::Node&, const config::Reading& reading) {
  for (const config::Placed<std::string>& term : header.partition_by)
    if (auto parsed = iceberg::ParsePartitionTerm(term.value); !parsed)
      reading.faults.Add(std::move(parsed).error(), term.place);
  if (header.materialize == Materialize::kView && !header.partition_by.empty())
    reading.Add("model.view_key", "a view has no files that partition_by could cut",
                header.partition_by.front().place, "leave it out, or make it a table");
  if (header.materialize == Materialize::kView)
    for (const CheckSpec& check : header.checks)
      if (check.on_fail == OnFail::kReject)
        reading.Add("model.view_key", "a view keeps no rows, so none can be rejected", check.place,
                    "write it as a WHERE, or make it a table");
}

}  // namespace

const config::FieldTable<HeaderSpec>& HeaderFields() {
  static const config::FieldTable<HeaderSpec> table{
      "models/SCHEMA/TABLE.sql (lines that begin with --|)",
      {Field("materialize", &HeaderSpec::materialize,
             config::Word<Materialize>({{"table", Materialize::kTable},
                                        {"view", Materialize::kView},
                                        {"incremental", Materialize::kIncremental, true},
                                        {"scd2", Materialize::kScd2, true}}),
             Default("table"),
             "table: its rows are kept as a table; view: its SQL is, and is run "
             "by whoever reads it"),
       Field("partition_by", &HeaderSpec::partition_by,
             config::ListOf(config::WithPlace(config::Text())), Optional(),
             "columns and transforms that cut the table's files: [day(ts), region]"),
       Field("checks", &HeaderSpec::checks, config::ListOf(CheckShape()), Optional(),
             "what must hold of the result before anybody sees it: not_null(c), unique(c, ..), "
             "accepted_values(c, [..]), "
             "relationships(c -> t.c), freshness(c, 1d), rows(least, most), or a SQL boolean"),
       Field("export", &HeaderSpec::exported, config::Nested(ExportFields()), Optional(),
             "a copy as a file, written after each commit"),
       Field("schedule", &HeaderSpec::schedule, config::Raw(), Optional(),
             "when a server runs the model")
           .Later(),
       Field("by", &HeaderSpec::by, config::Text(), Optional(), "append, key or time").Later(),
       Field("key", &HeaderSpec::key, config::OneOrMore(config::Text()), Optional(),
             "columns that identify a row")
           .Later(),
       Field("time", &HeaderSpec::time, config::Text(), Optional(), "the column that windows go by")
           .Later(),
       Field("track", &HeaderSpec::track, config::OneOrMore(config::Text()), Optional(),
             "columns whose changes are kept")
           .Later(),
       Field("newest_wins", &HeaderSpec::newest_wins, config::Text(), Optional(),
             "the column that decides between two rows of a key")
           .Later(),
       Field("drop_when", &HeaderSpec::drop_when, config::Text(), Optional(),
             "rows that are left out, and counted")
           .Later()},
      CheckHeader};
  return table;
}

std::string Definition(const Model& model) {
  nlohmann::json checks = nlohmann::json::array();
  for (const CheckSpec& check : model.header.checks)
    checks.push_back({{"check", check.text},
                      {"on_fail", check.on_fail == OnFail::kWarn     ? "warn"
                                  : check.on_fail == OnFail::kReject ? "reject"
                                                                     : "fail"}});
  nlohmann::json terms = nlohmann::json::array();
  for (const auto& term : model.header.partition_by) terms.push_back(term.value);
  nlohmann::json definition = {{"query", model.query},
                               {"materialize", model.is_view() ? "view" : "table"},
                               {"partition_by", std::move(terms)},
                               {"checks", std::move(checks)}};
  for (const query::View& view : model.views) definition["views"][view.name.ToString()] = view.sql;
  return definition.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace weir::model
