#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/reading.h"

namespace weir::cli {
namespace {

using nlohmann::json;

struct TableRow {
  catalog::TableName name;
  uint64_t rows = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
  size_t snapshots = 0;
  int64_t changed_ms = 0;
};

uint64_t Total(const iceberg::Snapshot* snapshot, const char* key) {
  return snapshot == nullptr ? 0 : snapshot->number(key).value_or(0);
}

TableRow Describe(const table::TableState& state) {
  const iceberg::Snapshot* snapshot = state.metadata.current_snapshot();
  return {state.name,
          Total(snapshot, "total-records"),
          Total(snapshot, "total-data-files"),
          Total(snapshot, "total-files-size"),
          state.metadata.snapshots.size(),
          state.metadata.last_updated_ms};
}

json ToJson(const TableRow& row) {
  return {{"table", row.name.ToString()}, {"rows", row.rows},
          {"files", row.files},           {"bytes", row.bytes},
          {"snapshots", row.snapshots},   {"changed", FormatInstant({row.changed_ms * 1000})}};
}

}  // namespace

int TableLs(const Command& command) {
  auto opened = OpenForReading(command);
  if (!opened) return opened.error();
  const auto names = opened->state->catalog().Tables();
  if (!names) return Report(command.terminal, names.error());
  std::vector<TableRow> rows;
  Errors errors;
  for (const catalog::TableName& name : *names) {
    auto loaded = opened->state->lake().Load(name);
    if (loaded) {
      rows.push_back(Describe(**loaded));
    } else {
      errors.push_back(std::move(loaded).error());
    }
  }
  if (command.terminal.json) {
    json tables = json::array();
    for (const TableRow& row : rows) tables.push_back(ToJson(row));
    if (errors.empty())
      command.terminal.Out(
          json{{"schema", "weir.table.ls/1"}, {"tables", std::move(tables)}}.dump() + "\n");
  } else {
    size_t width = 5;
    for (const TableRow& row : rows) width = std::max(width, row.name.ToString().size());
    command.terminal.Out(fmt::format("{:<{}}  {:>13}  {:>7}  {:>10}  {}\n", "table", width, "rows",
                                     "files", "size", "changed"));
    for (const TableRow& row : rows)
      command.terminal.Out(fmt::format("{:<{}}  {:>13}  {:>7}  {:>10}  {}\n", row.name.ToString(),
                                       width, FormatCount(row.rows), FormatCount(row.files),
                                       FormatBytes(row.bytes),
                                       FormatInstant({row.changed_ms / 1000 * 1'000'000})));
  }
  return errors.empty() ? 0 : Report(command.terminal, errors);
}

int TableShow(const Command& command, const std::string& table) {
  const auto name = catalog::ParseTableName(table);
  if (!name) {
    Report(command.terminal, name.error());
    return 2;
  }
  auto opened = OpenForReading(command);
  if (!opened) return opened.error();
  const auto loaded = opened->state->lake().Load(*name);
  if (!loaded) return Report(command.terminal, loaded.error());
  const iceberg::TableMetadata& metadata = (*loaded)->metadata;
  const TableRow row = Describe(**loaded);
  if (command.terminal.json) {
    json made = ToJson(row);
    made["schema"] = "weir.table.show/1";
    made["location"] = metadata.location;
    made["metadata"] = (*loaded)->pointer;
    made["columns"] = json::parse(iceberg::ToJson(metadata.schema())).at("fields");
    made["partition_by"] = json::parse(iceberg::FieldsToJson(metadata.spec()));
    command.terminal.Out(made.dump() + "\n");
    return 0;
  }
  std::string text =
      fmt::format("{}: {} in {} ({}), {} kept\n", table, FormatCount(row.rows, "row", "rows"),
                  FormatCount(row.files, "file", "files"), FormatBytes(row.bytes),
                  FormatCount(row.snapshots, "snapshot", "snapshots"));
  text += fmt::format("location   {}\nmetadata   {}\n", metadata.location, (*loaded)->pointer);
  for (const iceberg::PartitionField& field : metadata.spec().fields) {
    const iceberg::Field* source = metadata.schema().FindById(field.source_id);
    text += fmt::format("partition  {} of {}\n", iceberg::ToText(field.transform),
                        source == nullptr ? "a dropped column" : source->name);
  }
  text += "columns\n";
  for (const iceberg::Field& field : metadata.schema().fields)
    text += fmt::format("  {:>3}  {}  {}{}\n", field.id, field.name, iceberg::ToText(field.type),
                        field.required ? " not null" : "");
  command.terminal.Out(text);
  return 0;
}

}  // namespace weir::cli
