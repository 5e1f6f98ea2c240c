#include "cli/completion.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "cli/commands.h"
#include "cli/example_files.h"
#include "cli/open_project.h"

namespace weir::cli {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kBash = R"(# bash completion of weir: source <(weir completion bash)
_weir() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _weir weir
)";

constexpr std::string_view kZsh = R"(#compdef weir
# zsh completion of weir: source <(weir completion zsh)
_weir() {
  local -a found
  found=("${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _weir weir
)";

constexpr std::string_view kFish = R"(# fish completion of weir: weir completion fish | source
complete -c weir -a '(weir complete (commandline -opc)[2..] (commandline -ct | string collect --allow-empty) 2>/dev/null)'
)";

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// The flag or option that `word` names, of the verb or of those above it.
const CLI::Option* FindOption(const CLI::App& verb, const std::string& word) {
  for (const CLI::App* app = &verb; app != nullptr; app = app->get_parent())
    if (const CLI::Option* option = app->get_option_no_throw(word)) return option;
  return nullptr;
}

const CLI::App* FindVerb(const CLI::App& app, const std::string& word) {
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (verb->get_name() == word) return verb;
  return nullptr;
}

Words VerbsOf(const CLI::App& app) {
  Words names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

Words FlagsOf(const CLI::App& verb) {
  Words flags;
  for (const CLI::App* app = &verb; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
      if (option->get_lnames().empty())
        for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
    }
  return flags;
}

// "table show", without the program's name.
std::string PathOf(const CLI::App& verb) {
  std::string path;
  for (const CLI::App* app = &verb; app->get_parent() != nullptr; app = app->get_parent())
    path = app->get_name() + (path.empty() ? "" : " " + path);
  return path;
}

Words ValuesOf(const CLI::App& verb, const CLI::Option& option, const NameLookup& names) {
  const std::string name = option.get_name();
  if (name == "--example") return names.examples();
  if (name == "--output") return {"table", "csv", "json", "ndjson", "parquet", "md"};
  if (name == "--format" && PathOf(verb).starts_with("dlq")) return {"csv", "ndjson"};
  return {};
}

Words Joined(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// What the verb's `position`th word may be.
Words PositionalsOf(const CLI::App& verb, size_t position, const NameLookup& names) {
  const std::string path = PathOf(verb);
  if (path == "run") return Joined(names.pipelines(), names.models());
  if (position != 0) return {};
  if (path == "completion") return {"bash", "zsh", "fish"};
  if (path == "gen") return names.generators();
  if (path.starts_with("dlq ") || path.starts_with("batch ")) return names.pipelines();
  if (path.starts_with("table ")) return names.tables();
  return {};
}

}  // namespace

Words Completions(const CLI::App& app, const Words& words, const NameLookup& names) {
  const std::string last = words.empty() ? "" : words.back();
  const CLI::App* verb = &app;
  const CLI::Option* waiting = nullptr;  // Its value comes next.
  size_t position = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (waiting != nullptr) {
      waiting = nullptr;
    } else if (words[i].starts_with('-')) {
      const CLI::Option* option = FindOption(*verb, words[i]);
      if (option != nullptr && TakesValue(*option)) waiting = option;
    } else if (const CLI::App* inner = FindVerb(*verb, words[i]);
               inner != nullptr && position == 0) {
      verb = inner;
    } else {
      ++position;
    }
  }
  Words found;
  if (waiting != nullptr) {
    found = ValuesOf(*verb, *waiting, names);
  } else if (last.starts_with('-')) {
    found = FlagsOf(*verb);
  } else {
    found = VerbsOf(*verb);
    if (found.empty()) found = PositionalsOf(*verb, position, names);
  }
  std::erase_if(found, [&](const std::string& word) { return !word.starts_with(last); });
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string CompletionScript(const std::string& shell) {
  return std::string(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
}

NameLookup NamesOfProject(const std::string& folder) {
  const auto pipelines = [folder](bool generates) {
    Words names;
    if (const auto read = OpenProject(folder))
      for (const pipeline::PipelineSpec& spec : read->pipelines)
        if (spec.generates() == generates) names.push_back(spec.name);
    return names;
  };
  NameLookup names;
  names.pipelines = [pipelines] { return pipelines(false); };
  names.generators = [pipelines] { return pipelines(true); };
  names.models = [folder] {
    Words models;
    if (const auto read = OpenProject(folder))
      for (const config::SqlFile& model : read->project.models)
        models.push_back(model.schema + "." + model.name);
    return models;
  };
  names.tables = [folder] {
    Words tables;
    const auto read = OpenTables(folder);
    if (!read) return tables;
    const auto state = State::Open(*read, State::Access::kRead);
    if (!state) return tables;
    if (const auto known = (*state)->catalog().Tables())
      for (const catalog::TableName& table : *known) tables.push_back(table.ToString());
    return tables;
  };
  names.examples = [] {
    Words examples;
    for (const ExampleFile& file : ExampleFiles()) examples.emplace_back(file.example);
    return examples;
  };
  return names;
}

}  // namespace weir::cli
