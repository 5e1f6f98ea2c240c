#include "sink/table/table_sink.h"

namespace weir::sink {

const config::FieldTable<TableSinkSpec>& TableSinkFields() {
  using config::Field;
  static const auto parse_name = [](const std::string& text) {
    return catalog::ParseTableName(text);
  };
  static const config::FieldTable<TableSinkSpec> table{
      "pipelines.NAME.sink (table)",
      {Field("table", &TableSinkSpec::table,
             config::Parsed<catalog::TableName>("schema.name", parse_name), config::Required(),
             "the lake table that accepted rows are added to"),
       Field("write", &TableSinkSpec::write,
             config::Word<TableWrite>({{"append", TableWrite::kAppend},
                                       {"upsert", TableWrite::kUpsert, true},
                                       {"replace", TableWrite::kReplace, true}}),
             config::Default("append"), "what becomes of rows that are there"),
       Field("key", &TableSinkSpec::key, config::OneOrMore(config::Text()), config::Optional(),
             "columns that identify a row, for upsert")
           .Later(),
       Field("partition_by", &TableSinkSpec::partition_by, config::ListOf(config::Text()),
             config::Optional(),
             "columns and transforms that cut the table's files: [day(ts), region]"),
       Field("sort_by", &TableSinkSpec::sort_by, config::ListOf(config::Text()), config::Optional(),
             "order of rows within files")
           .Later()}};
  return table;
}

}  // namespace weir::sink
