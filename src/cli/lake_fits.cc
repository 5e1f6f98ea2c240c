#include "cli/lake_fits.h"

#include "base/units.h"

namespace weir::cli {
namespace {

constexpr uint64_t kMetadataBytesMax = 64 * kMiB;

std::string PathOf(const std::string& location) {
  return location.starts_with("file://") ? location.substr(7) : location;
}

std::vector<catalog::TableName> TablesOf(const ReadProject& project) {
  std::vector<catalog::TableName> tables;
  for (const pipeline::PipelineSpec& spec : project.pipelines) {
    const auto* sink = std::get_if<sink::TableSinkSpec>(&spec.sink);
    if (sink == nullptr) continue;
    tables.push_back(sink->table);
    tables.push_back({"dead_letters", spec.name});
  }
  return tables;
}

// Whatever lies in the lake as SPACE/NAME.
std::vector<catalog::TableName> TablesIn(const std::string& lake) {
  std::vector<catalog::TableName> tables;
  const auto spaces = env::SystemFiles().List(lake);
  if (!spaces) return tables;
  for (const std::string& space : *spaces)
    if (const auto names = env::SystemFiles().List(lake + "/" + space))
      for (const std::string& name : *names) tables.push_back({space, name});
  return tables;
}

// Whether a batch of Weir was committed to the table in `folder`: its metadata holds the marker.
bool WeirWrote(const std::string& folder) {
  const auto names = env::SystemFiles().List(folder + "/metadata");
  if (!names) return false;
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    if (!name->ends_with(".metadata.json")) continue;
    const auto text =
        env::ReadWhole(env::SystemFiles(), folder + "/metadata/" + *name, kMetadataBytesMax);
    return text && text->find("\"weir.batch\"") != std::string::npos;
  }
  return false;
}

}  // namespace

Result<void> CheckStateIsNotLost(const ReadProject& project, State::Access access) {
  if (env::SystemFiles().Status(project.state_folder + "/weir.db")) return {};
  const std::string lake = PathOf(project.warehouse);
  for (const catalog::TableName& table :
       access == State::Access::kRead ? TablesIn(lake) : TablesOf(project)) {
    const std::string folder = lake + "/" + table.space + "/" + table.name;
    if (!WeirWrote(folder)) continue;
    return Fail({.kind = ErrorKind::kConfig,
                 .code = "state.lost",
                 .message = "the lake holds table " + table.ToString() +
                            ", but there is no state in " + project.state_folder +
                            ": a new one would not know what is in the lake",
                 .place = {.file = folder, .line = 0, .column = 0, .byte_offset = {}},
                 .next = "put the state back, or set WEIR_STATE to where it is (a relative path "
                         "counts from the working folder); to begin anew, move the lake away"});
  }
  return {};
}

Result<void> CheckWarehouse(const ReadProject& project, catalog::Catalog& catalog) {
  for (const catalog::TableName& table : TablesOf(project)) {
    WEIR_ASSIGN(const auto found, catalog.Find(table));
    if (!found || found->starts_with(project.warehouse + "/")) continue;
    const std::string end = "/" + table.space + "/" + table.name + "/";
    const std::string was = found->substr(0, std::min(found->rfind(end), found->size()));
    const bool there = env::SystemFiles().Status(PathOf(*found)).has_value();
    return Fail(
        {.kind = ErrorKind::kConfig,
         .code = "state.warehouse",
         .message = "table " + table.ToString() + " was made in " + PathOf(was) +
                    (there ? ", and the warehouse is " : ", which is gone; the warehouse is ") +
                    PathOf(project.warehouse) + " now",
         .place = {.file = "weir.yaml", .line = 0, .column = 0, .byte_offset = {}},
         .next = there ? "write warehouse: " + PathOf(was) +
                             ", or give the pipeline a table with a new name"
                       : "move the folder back: a lake keeps the paths it was made with"});
  }
  return {};
}

}  // namespace weir::cli
