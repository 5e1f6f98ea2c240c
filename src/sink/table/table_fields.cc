#include "iceberg/partition_spec.h"
#include "sink/table/table_sink.h"
#include "table/shape.h"

namespace weir::sink {

const config::FieldTable<TableSinkSpec>& TableSinkFields() {
  using config::Field;
  static const auto parse_name = [](const std::string& text) {
    return catalog::ParseTableName(text);
  };
  static const auto name = [] {
    auto field = Field("table", &TableSinkSpec::table,
                       config::Parsed<catalog::TableName>("schema.name", parse_name),
                       config::Required(), "the lake table that accepted rows go to");
    field.read = [read = field.read](const config::Node& node, const config::Reading& reading,
                                     TableSinkSpec& into) {
      into.place = node.place;
      return read(node, reading, into);
    };
    return field;
  }();
  static const config::FieldTable<TableSinkSpec> table{
      "pipelines.NAME.sink (table)",
      {name,
       Field("write", &TableSinkSpec::write,
             config::Word<TableWrite>({{"append", TableWrite::kAppend},
                                       {"upsert", TableWrite::kUpsert},
                                       {"replace", TableWrite::kReplace}}),
             config::Default("append"), "what becomes of rows that are there"),
       Field("key", &TableSinkSpec::key, config::OneOrMore(config::Text()), config::Optional(),
             "columns that identify a row, for upsert: a later row takes the place of an earlier "
             "one"),
       Field("partition_by", &TableSinkSpec::partition_by,
             config::ListOf(config::WithPlace(config::Text())), config::Optional(),
             "columns and transforms that cut the table's files: [day(ts), region]"),
       Field("sort_by", &TableSinkSpec::sort_by,
             config::OneOrMore(
                 config::Parsed<table::KeyColumn>("column [desc]", table::ParseSortTerm)),
             config::Optional(), "order of rows within the files of a batch: [region, ts desc]")}};
  return table;
}

std::vector<std::string> TableSinkSpec::partition_terms() const {
  std::vector<std::string> terms;
  for (const auto& term : partition_by) terms.push_back(term.value);
  return terms;
}

table::TableShape TableSinkSpec::ShapeFor(columnar::Schema contract) const {
  return {.schema = table::WithSystemColumns(std::move(contract)),
          .partition_by = partition_terms()};
}

void CheckPartitionBy(const TableSinkSpec& spec, const columnar::Schema& contract,
                      config::Faults& faults) {
  const auto schema = iceberg::FromColumnar(table::WithSystemColumns(contract));
  if (!schema) return;  // The contract's own faults say why.
  std::vector<std::string> before;
  for (const auto& term : spec.partition_by) {
    before.push_back(term.value);
    if (const auto bound = iceberg::ParsePartitionSpec(before, *schema); !bound) {
      faults.Add(bound.error(), term.place);
      before.pop_back();
    }
  }
}

}  // namespace weir::sink
