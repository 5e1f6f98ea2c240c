#include "config/project.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/kinds.h"
#include "config/project_fields_internal.h"
#include "config/text_internal.h"

namespace weir::config {
namespace {

constexpr std::string_view kProjectFile = "weir.yaml";

std::string Join(const std::string& folder, const std::string& name) {
  if (folder.empty() || folder == ".") return name;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// Reads the files of one project; names are from its folder.
class Loader {
 public:
  Loader(const LoadOptions& options, Faults& faults) : options_(options), faults_(faults) {
    project_.folder = options.folder.empty() ? "." : options.folder;
  }

  Project Load() && {
    if (options_.scope == LoadScope::kModels) {
      LoadModels();
      return std::move(project_);
    }
    if (options_.scope == LoadScope::kTests) {
      LoadTests();
      return std::move(project_);
    }
    LoadProjectFile();
    if (options_.scope == LoadScope::kTables) return std::move(project_);
    LoadPipelineFiles();
    LoadModels();
    LoadSqlFiles("endpoints", "", project_.endpoints);
    return std::move(project_);
  }

 private:
  std::string PathOf(const std::string& name) const { return Join(project_.folder, name); }

  std::optional<std::string> ReadText(const std::string& name) {
    auto content = env::ReadWhole(options_.files, PathOf(name), kDocumentBytesMax);
    if (!content) {
      Error error = std::move(content).error();
      error.kind = error.kind == ErrorKind::kInvalid ? ErrorKind::kConfig : error.kind;
      error.place = Place{.file = name, .line = 0, .column = 0, .byte_offset = std::nullopt};
      faults_.Add(std::move(error));
      return std::nullopt;
    }
    std::string text(WithoutMark(*content));
    project_.sources.Add(name, text);
    return text;
  }

  std::optional<Node> ReadYaml(const std::string& name) {
    const auto text = ReadText(name);
    if (!text) return std::nullopt;
    if (options_.scope == LoadScope::kTables) return ReadTablesOnly(*text, name);
    auto root = ParseDocument(*text, name, faults_);
    if (root) Expand(*root);
    return root;
  }

  // Faults of the text as a whole count where nothing can be made of it.
  std::optional<Node> ReadTablesOnly(const std::string& text, const std::string& name) {
    Faults of_text;
    auto root = ParseDocument(text, name, of_text);
    if (!root) {
      for (Error& error : std::move(of_text).Take()) faults_.Add(std::move(error));
      return root;
    }
    std::erase_if(root->entries, [](const Entry& entry) {
      static const std::set<std::string> needed = {"weir",    "name", "warehouse",
                                                   "catalog", "logs", "connections"};
      return !needed.contains(entry.key.text);
    });
    Expand(*root);
    return root;
  }

  void Expand(Node& root) {
    Substitute(root, Substitutions{options_.environment, options_.files, project_.folder}, faults_);
  }

  // Names in a folder; none where it does not exist.
  std::vector<std::string> List(const std::string& folder) {
    auto names = options_.files.List(PathOf(folder));
    if (names) return std::move(names).value();
    if (names.error().kind != ErrorKind::kNotFound) faults_.Add(std::move(names).error());
    return {};
  }

  bool IsFolder(const std::string& name) {
    const auto status = options_.files.Status(PathOf(name));
    return status && status->is_directory;
  }

  void BadFile(const std::string& name, std::string message, std::string next) {
    faults_.Add("config.file_name", std::move(message),
                Place{.file = name, .line = 0, .column = 0, .byte_offset = std::nullopt},
                std::move(next));
  }

  void LoadProjectFile() {
    const std::string file(kProjectFile);
    const auto root = ReadYaml(file);
    if (!root) return;
    ProjectFile keys;
    ProjectFields().ReadInto(*root, Reading{faults_, file, {}}, keys);
    project_.name = std::move(keys.name);
    project_.warehouse = std::move(keys.warehouse);
    project_.catalog = std::move(keys.catalog);
    project_.logs = std::move(keys.logs);
    project_.server = std::move(keys.server);
    project_.connections = std::move(keys.connections);
    project_.schedules = std::move(keys.schedules);
    for (auto& pipeline : keys.pipelines) AddPipeline(std::move(pipeline));
  }

  void LoadPipelineFiles() {
    const auto shape = MapOf("pipeline", Raw(), NameRule::kName);
    for (const std::string& name : List("pipelines")) {
      if (name.starts_with('.')) continue;
      const std::string file = "pipelines/" + name;
      if (name.ends_with(".yml")) {
        BadFile(file, "a file of pipelines ends in .yaml", "rename it");
        continue;
      }
      if (!name.ends_with(".yaml") || IsFolder(file)) continue;
      const auto root = ReadYaml(file);
      if (!root) continue;
      if (const Node* nested = root->Find("pipelines"); nested && root->entries.size() == 1) {
        faults_.Add("config.unknown_key", "unknown key 'pipelines' in " + file,
                    root->entries.front().key.place, "write the pipelines at the top of the file");
        continue;
      }
      auto pipelines = shape.read(*root, Reading{faults_, file, {}});
      if (!pipelines) continue;
      for (auto& pipeline : *pipelines) AddPipeline(std::move(pipeline));
    }
  }

  void AddPipeline(Named<Node> pipeline) {
    const auto [known, is_new] = pipeline_places_.emplace(pipeline.name, pipeline.place);
    if (is_new) {
      project_.pipelines.push_back(std::move(pipeline));
      return;
    }
    faults_.Add(
        "config.duplicate_name",
        "pipeline '" + pipeline.name + "' is written twice, first at " + known->second.ToString(),
        pipeline.place, "rename one of the two");
  }

  void LoadTests() {
    for (const std::string& name : List("tests")) {
      const std::string file = "tests/" + name;
      if (name.starts_with('.') || !name.ends_with(".yaml") || IsFolder(file)) continue;
      if (auto root = ReadYaml(file)) project_.tests.push_back({file, std::move(*root)});
    }
  }

  void LoadModels() {
    for (const std::string& schema : List("models")) {
      const std::string folder = "models/" + schema;
      if (IsFolder(folder)) {
        LoadSqlFiles(folder, schema, project_.models);
      } else if (schema.ends_with(".sql")) {
        BadFile(folder, "a model stands in the folder of its schema",
                "move it to models/<schema>/" + schema);
      }
    }
  }

  void LoadSqlFiles(const std::string& folder, const std::string& schema,
                    std::vector<SqlFile>& into) {
    for (const std::string& name : List(folder)) {
      const std::string file = folder + "/" + name;
      if (name.starts_with('.')) continue;
      if (IsFolder(file)) {
        BadFile(file, "a folder that no query is read from",
                "models stand in models/<schema>/, endpoints in endpoints/");
        continue;
      }
      if (!name.ends_with(".sql")) continue;
      const Place place{.file = file, .line = 0, .column = 0, .byte_offset = std::nullopt};
      const std::string stem = name.substr(0, name.size() - 4);
      CheckName(stem, schema.empty() ? "endpoint" : "model", place, faults_);
      if (!schema.empty()) CheckName(schema, "schema", place, faults_);
      const auto text = ReadText(file);
      if (!text) continue;
      SqlFile sql{.file = file, .schema = schema, .name = stem, .sql = {}};
      if (const auto bad = FindBadText(*text)) {
        faults_.Add("config.yaml", bad->message, LineIndex(*text, file).At(bad->position),
                    "save the file as UTF-8 text");
        continue;
      }
      sql.sql = SplitSqlHeader(*text, file, faults_);
      Expand(sql.sql.header);
      into.push_back(std::move(sql));
    }
  }

  const LoadOptions& options_;
  Faults& faults_;
  Project project_;
  std::map<std::string, Place> pipeline_places_;
};

}  // namespace

Result<std::string> FindProject(env::Files& files, const std::string& folder) {
  std::string at = folder.empty() ? "." : folder;
  while (at.size() > 1 && at.ends_with('/')) at.pop_back();
  while (true) {
    const auto status = files.Status(Join(at, std::string(kProjectFile)));
    if (status && !status->is_directory) return at;
    if (!status && status.error().kind != ErrorKind::kNotFound) return Fail(status.error());
    const size_t slash = at.find_last_of('/');
    if (slash == std::string::npos || at == "/") break;
    at.resize(std::max<size_t>(slash, 1));
  }
  return Fail(ErrorKind::kConfig, "config.no_project",
              "no weir.yaml in " + folder + " or a folder above it",
              "run 'weir init' to begin a project here, or name one with -C DIR");
}

Project LoadProject(const LoadOptions& options, Faults& faults) {
  return Loader(options, faults).Load();
}

}  // namespace weir::config
