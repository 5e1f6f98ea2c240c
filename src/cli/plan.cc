#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/compile_project.h"
#include "cli/open_project.h"
#include "cli/table_plan.h"

namespace weir::cli {
namespace {

using nlohmann::json;
using Kind = table::ShapeChange::Kind;

// What is in a table now, and stays as it is.
struct Content {
  uint64_t files = 0;
  uint64_t rows = 0;
  uint64_t partitions = 0;
};

Result<Content> ContentOf(table::Lake& lake, const TablePlan& plan) {
  Content content;
  if (plan.state == nullptr || plan.changes.empty()) return content;
  WEIR_ASSIGN(const auto files, lake.Files(*plan.state));
  std::set<std::string> folders;
  for (const iceberg::DataFile& file : files) {
    ++content.files;
    content.rows += static_cast<uint64_t>(file.record_count);
    folders.insert(file.path.substr(0, file.path.rfind('/')));
  }
  content.partitions = folders.size();
  return content;
}

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kAddColumn:
      return "add_column";
    case Kind::kWiden:
      return "widen_column";
    case Kind::kAllowNull:
      return "allow_null";
    case Kind::kReplace:
      return "replace_column";
    case Kind::kRepartition:
      return "repartition";
  }
  return "";
}

const char* ActionOf(const TablePlan& plan) {
  if (plan.state == nullptr) return "create";
  if (plan.changes.empty()) return "none";
  if (plan.by_itself()) return "evolve";
  return plan.breaking() ? "apply_breaking" : "apply";
}

bool NeedsApply(const TablePlan& plan) { return !plan.changes.empty() && !plan.by_itself(); }

json ToJson(const TablePlan& plan, const Content& content) {
  json changes = json::array();
  for (const table::ShapeChange& change : plan.changes) {
    const Place place = plan.PlaceOf(change);
    changes.push_back({{"change", KindName(change.kind)},
                       {"column", change.column},
                       {"from", change.from},
                       {"to", change.to},
                       {"breaking", change.breaking()},
                       {"action", change.action()},
                       {"why", change.why()},
                       {"effect", change.effect()},
                       {"file", place.file},
                       {"line", place.line}});
  }
  return {{"table", plan.table.ToString()},  {"pipeline", plan.pipeline->name},
          {"action", ActionOf(plan)},        {"changes", std::move(changes)},
          {"files", content.files},          {"rows", content.rows},
          {"partitions", content.partitions}};
}

std::string Counted(uint64_t count, const std::string& what) {
  return FormatCount(count) + " " + what + (count == 1 ? "" : "s");
}

std::string ToText(const TablePlan& plan, const Content& content) {
  std::string text = fmt::format("{} (pipeline {})", plan.table.ToString(), plan.pipeline->name);
  if (plan.state == nullptr)
    return text + fmt::format(": new, weir run makes it with {}\n",
                              Counted(plan.shape.schema.fields.size(), "column"));
  if (plan.changes.empty()) return text + ": fits its contract\n";
  text += "\n";
  for (const table::ShapeChange& change : plan.changes) {
    text += fmt::format("  {} {}\n      {}\n", change.breaking() ? "!" : "+", change.action(),
                        change.why());
    if (change.breaking()) text += "      " + change.effect() + "\n";
  }
  text += content.files == 0
              ? "  the table is empty\n"
              : fmt::format("  no data file is rewritten: {} with {} in {}\n",
                            Counted(content.files, "file"), Counted(content.rows, "row"),
                            Counted(content.partitions, "partition"));
  if (plan.by_itself())
    text += "  weir run does it with its next commit: unknown_columns is evolve\n";
  return text;
}

struct PlannedModel {
  std::string name;
  model::ModelPlan plan;
};

Result<std::vector<PlannedModel>> PlanModels(const CompiledProject& compiled, State& state) {
  std::vector<PlannedModel> planned;
  std::vector<catalog::TableName> rebuilt;
  for (const model::Model& one : compiled.models) {
    WEIR_ASSIGN(auto plan,
                model::PlanModel(state.catalog(), state.lake(), one, compiled.columns, rebuilt));
    if (!plan.why.empty()) rebuilt.push_back(one.table);
    planned.push_back({one.table.ToString(), std::move(plan)});
  }
  return planned;
}

json ToJson(const PlannedModel& model) {
  const auto& [name, plan] = model;
  return {{"model", name},
          {"action", plan.is_view       ? "view"
                     : plan.why.empty() ? "none"
                                        : "build"},
          {"why", plan.why},
          {"changes", plan.changes}};
}

std::string ToText(const PlannedModel& model) {
  const auto& [name, plan] = model;
  std::string text = name + " (model): ";
  if (plan.is_view) return text + "a view\n";
  if (plan.why.empty()) return text + "as it should be\n";
  text += "weir run builds it";
  for (const std::string& why : plan.why) text += (&why == plan.why.data() ? ", " : "; ") + why;
  text += "\n";
  for (const std::string& change : plan.changes) text += "  + " + change + "\n";
  return text;
}

std::string Conclusion(const std::vector<TablePlan>& plans) {
  const auto apply = static_cast<uint64_t>(std::ranges::count_if(plans, NeedsApply));
  if (apply == 0) return "nothing to apply\n";
  const bool breaking = std::ranges::any_of(plans, &TablePlan::breaking);
  return Counted(apply, "table") + " to change: weir apply" +
         (breaking ? " --allow-breaking (see the lines with !)\n" : "\n");
}

}  // namespace

int Plan(const Command& command) {
  const Terminal& terminal = command.terminal;
  const auto read = ReadWholeProject(command.folder);
  if (!read) return Report(terminal, read.error().errors, read.error().sources);
  const auto compiled = CompileProject(*read);
  if (!compiled) return Report(terminal, compiled.error(), read->project.sources);
  std::vector<const pipeline::PipelineSpec*> pipelines;
  for (const auto& spec : read->pipelines) pipelines.push_back(&spec);
  auto state = State::Open(*read, State::Access::kRead);
  if (!state) {
    if (state.error().code != "catalog.not_found") return Report(terminal, state.error());
    terminal.Talk("nothing has run here yet: weir run makes all tables");
    if (terminal.json)
      terminal.Out(json{{"schema", "weir.plan/1"},
                        {"tables", json::array()},
                        {"models", json::array()},
                        {"apply", false}}
                       .dump() +
                   "\n");
    return 0;
  }
  const auto plans = PlanTables(pipelines, (*state)->lake());
  if (!plans) return Report(terminal, plans.error());
  json tables = json::array();
  std::string text;
  for (const TablePlan& plan : *plans) {
    const auto content = ContentOf((*state)->lake(), plan);
    if (!content) return Report(terminal, content.error());
    tables.push_back(ToJson(plan, *content));
    text += ToText(plan, *content);
  }
  const auto models = PlanModels(*compiled, **state);
  if (!models) return Report(terminal, models.error());
  json planned = json::array();
  for (const PlannedModel& model : *models) {
    planned.push_back(ToJson(model));
    text += ToText(model);
  }
  const bool apply = std::ranges::any_of(*plans, NeedsApply);
  if (terminal.json)
    text = json{{"schema", "weir.plan/1"},
                {"tables", std::move(tables)},
                {"models", std::move(planned)},
                {"apply", apply}}
               .dump() +
           "\n";
  else
    text += Conclusion(*plans);
  terminal.Out(text);
  return apply ? 3 : 0;
}

}  // namespace weir::cli
