#include <cstdlib>

#include "cli/commands.h"
#include "cli/config_text.h"
#include "cli/open_project.h"
#include "config/effective.h"
#include "config/substitution.h"
#include "pipeline/pipeline_spec.h"

namespace weir::cli {
namespace {

using config::Node;

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// weir.yaml as a tree, variables put in. It was read without a fault before.
Result<Node> ReadProjectFile(const config::Project& project) {
  WEIR_ASSIGN(
      const std::string text,
      env::ReadWhole(env::SystemFiles(), project.folder + "/weir.yaml", config::kDocumentBytesMax));
  config::Faults faults;
  auto root = config::ParseDocument(text, "weir.yaml", faults);
  if (root)
    config::Substitute(*root, {FromEnvironment, env::SystemFiles(), project.folder}, faults);
  if (!root || !faults.empty()) return Fail(std::move(faults).Take().front());
  return *std::move(root);
}

Node Map() {
  Node map;
  map.kind = Node::Kind::kMap;
  return map;
}

Node Scalar(std::string text) {
  return config::ScalarNode(
      std::move(text),
      {.file = std::string(config::kDefaultFile), .line = 0, .column = 0, .byte_offset = {}});
}

void Put(Node& map, const std::string& key, Node value) {
  map.entries.push_back({config::ScalarNode(key), std::move(value)});
}

Node EffectivePipeline(Node pipeline) {
  const Node* source = pipeline.Find("source");
  const bool generates = source != nullptr && source->Find("generate") != nullptr;
  // What a pipeline without a contract does is no default of the contract's keys.
  if (pipeline.Find("contract") == nullptr && !generates) {
    Node contract = Map();
    Put(contract, "unknown_columns", Scalar("evolve"));
    Put(pipeline, "contract", std::move(contract));
  }
  Node whole = config::WithDefaults(pipeline, pipeline::PipelineFields().doc());
  // They say how to read records, and a generator reads none.
  if (generates)
    std::erase_if(whole.entries, [&](const config::Entry& entry) {
      return pipeline.Find(entry.key.text) == nullptr;
    });
  return whole;
}

Node Effective(Node root, const config::Project& project) {
  std::erase_if(root.entries,
                [](const config::Entry& entry) { return entry.key.text == "pipelines"; });
  Node whole = config::WithDefaults(root, config::ProjectTableDoc());
  Node pipelines = Map();
  for (const auto& pipeline : project.pipelines)
    Put(pipelines, pipeline.name, EffectivePipeline(pipeline.value));
  if (!pipelines.entries.empty()) Put(whole, "pipelines", std::move(pipelines));
  return whole;
}

}  // namespace

int ConfigShow(const Command& command, const ConfigShowOptions& options) {
  const auto read = OpenProject(command.folder);
  if (!read) return Report(command.terminal, read.error().errors, read.error().sources);
  auto root = ReadProjectFile(read->project);
  if (!root) return Report(command.terminal, root.error());
  const Node whole = Effective(std::move(*root), read->project);
  const ConfigTextOptions text{.origin = options.origin};
  if (command.terminal.json) {
    command.terminal.Out(ConfigJson(whole, text));
    return 0;
  }
  if (options.origin)
    command.terminal.Out(
        "# project: " + read->project.folder + "\n# state: " + read->state_folder +
        (FromEnvironment("WEIR_STATE") ? "  # environment variable WEIR_STATE" : "") + "\n");
  command.terminal.Out(ConfigText(whole, text));
  return 0;
}

}  // namespace weir::cli
