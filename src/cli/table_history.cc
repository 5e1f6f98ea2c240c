#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/reading.h"
#include "table/snapshot_name.h"

namespace weir::cli {
namespace {

using nlohmann::json;

std::string Summary(const iceberg::Snapshot& snapshot, const char* key) {
  const auto found = snapshot.summary.find(key);
  return found == snapshot.summary.end() ? std::string() : found->second;
}

// Who made it: a batch, a rollback, a merge, or another program.
std::string MadeBy(const iceberg::Snapshot& snapshot) {
  if (const std::string pipeline = Summary(snapshot, "weir.pipeline"); !pipeline.empty())
    return pipeline + "/" + Summary(snapshot, "weir.instance") + "/" +
           Summary(snapshot, "weir.batch");
  if (const std::string to = Summary(snapshot, "weir.rollback"); !to.empty())
    return "rollback to " + to;
  if (!Summary(snapshot, "weir.upkeep").empty()) return "small files merged";
  return "another program";
}

// A table by the name that was typed, or an exit code after having said what is wrong.
std::expected<table::TableStatePtr, int> LoadTable(const Command& command, Reading& reading,
                                                   const std::string& text) {
  const auto name = catalog::ParseTableName(text);
  if (!name) {
    Report(command.terminal, name.error());
    return std::unexpected(2);
  }
  auto loaded = reading.state->lake().Load(*name);
  if (!loaded) return std::unexpected(Report(command.terminal, loaded.error()));
  return *loaded;
}

}  // namespace

int TableHistory(const Command& command, const TableOptions& options) {
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto state = LoadTable(command, *reading, options.table);
  if (!state) return state.error();
  json made = json::array();
  std::string text = fmt::format("{:<20}  {:>19}  {:<9}  {:>12}  {:>12}  {:>12}  {}\n", "at",
                                 "snapshot", "operation", "added", "removed", "rows", "made by");
  for (const iceberg::Snapshot& one : (*state)->metadata.snapshots) {
    const std::string at = FormatInstant({one.timestamp_ms * 1000});
    made.push_back({{"at", at},
                    {"snapshot", one.id},
                    {"operation", one.operation()},
                    {"added", one.number("added-records").value_or(0)},
                    {"removed", one.number("deleted-records").value_or(0)},
                    {"rows", one.number("total-records").value_or(0)},
                    {"made_by", MadeBy(one)}});
    text += fmt::format("{:<20}  {:>19}  {:<9}  {:>12}  {:>12}  {:>12}  {}\n",
                        FormatInstant({one.timestamp_ms / 1000 * 1'000'000}), one.id,
                        one.operation(), FormatCount(one.number("added-records").value_or(0)),
                        FormatCount(one.number("deleted-records").value_or(0)),
                        FormatCount(one.number("total-records").value_or(0)), MadeBy(one));
  }
  if (command.terminal.json)
    text = json{{"schema", "weir.table.history/1"},
                {"table", options.table},
                {"snapshots", std::move(made)}}
               .dump() +
           "\n";
  command.terminal.Out(text);
  return 0;
}

int TableFiles(const Command& command, const TableOptions& options) {
  const size_t at = options.table.find('@');
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto state = LoadTable(command, *reading, options.table.substr(0, at));
  if (!state) return state.error();
  int64_t snapshot = 0;
  if (at != std::string::npos) {
    const auto found = table::FindSnapshot(**state, options.table.substr(at + 1));
    if (!found) return Report(command.terminal, found.error());
    snapshot = *found;
  }
  const auto files = reading->state->lake().Files(**state, snapshot);
  if (!files) return Report(command.terminal, files.error());
  json made = json::array();
  std::string text = fmt::format("{:>12}  {:>10}  {}\n", "rows", "size", "file");
  const std::string folder = iceberg::DataFolder((*state)->metadata) + "/";
  for (const iceberg::DataFile& file : *files) {
    made.push_back({{"file", file.path}, {"rows", file.record_count}, {"bytes", file.file_size}});
    const std::string shown =
        file.path.starts_with(folder) ? file.path.substr(folder.size()) : file.path;
    text +=
        fmt::format("{:>12}  {:>10}  {}\n", FormatCount(static_cast<uint64_t>(file.record_count)),
                    FormatBytes(static_cast<uint64_t>(file.file_size)), shown);
  }
  if (command.terminal.json)
    text =
        json{{"schema", "weir.table.files/1"}, {"table", options.table}, {"files", std::move(made)}}
            .dump() +
        "\n";
  command.terminal.Out(text);
  return 0;
}

}  // namespace weir::cli
