#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/example_files.h"
#include "cli/project_text.h"
#include "env/files.h"
#include "infer/infer.h"

namespace weir::cli {
namespace {

constexpr std::string_view kProjectFile = "weir.yaml";

struct NewFile {
  std::string path;  // From the project's folder.
  std::string content;
};

// What is to be written, and what is to be said of it.
struct NewProject {
  std::vector<NewFile> files;
  std::vector<std::string> folders;
  std::vector<std::string> talk;
  std::vector<std::string> next;
  nlohmann::json told;
};

std::filesystem::path Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

// The folder to work in, absolute and without a slash at its end.
std::string TargetOf(const Command& command, const InitOptions& options) {
  const std::filesystem::path from = command.folder.empty() ? "." : command.folder;
  std::string folder = Absolute(from / options.folder).string();
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

std::string ProjectNameOf(const std::string& folder) {
  return NameMadeOf(folder.substr(folder.rfind('/') + 1), '-', "project");
}

std::vector<std::string> ExampleNames() {
  std::vector<std::string> names;
  for (const ExampleFile& file : ExampleFiles())
    if (names.empty() || names.back() != file.example) names.emplace_back(file.example);
  return names;
}

Result<NewProject> FromExample(const std::string& example) {
  NewProject made;
  for (const ExampleFile& file : ExampleFiles())
    if (file.example == example)
      made.files.push_back({std::string(file.path), std::string(file.content)});
  if (made.files.empty()) {
    const std::vector<std::string> names = ExampleNames();
    const auto near = NearestWord(example, names);
    return Fail(ErrorKind::kInvalid, "init.example", "there is no example '" + example + "'",
                near ? "did you mean '" + *near + "'?"
                     : fmt::format("there are: {}", fmt::join(names, ", ")));
  }
  made.next = {"README.md tells how it is run"};
  made.told = {{"example", example}};
  return made;
}

nlohmann::json ColumnsToJson(const infer::InferredFile& inferred) {
  auto columns = nlohmann::json::array();
  for (const infer::InferredColumn& column : inferred.columns) {
    nlohmann::json one = {{"name", column.spec.name},
                          {"from", column.spec.input_name()},
                          {"type", columnar::ToText(column.spec.type)}};
    if (!column.spec.format.empty()) one["format"] = column.spec.format;
    if (!column.seen.empty()) one["seen"] = column.seen;
    columns.push_back(std::move(one));
  }
  return columns;
}

std::string HowWritten(const infer::InferredFile& inferred) {
  std::string text(format::ToText(inferred.format.kind));
  if (inferred.format.kind != format::FormatKind::kCsv) return text;
  const char delimiter = inferred.format.csv.delimiter;
  text += delimiter == '\t' ? ", tabs" : delimiter == ',' ? "" : fmt::format(", '{}'", delimiter);
  return text + (inferred.format.csv.has_header ? "" : ", no header");
}

Result<NewProject> FromFile(const std::string& folder, const std::string& file) {
  const std::string path = Absolute(file).string();
  WEIR_ASSIGN(const infer::InferredFile inferred, infer::InferFile(env::SystemFiles(), path));
  const bool within = path.starts_with(folder == "/" ? folder : folder + "/");
  const FileProject project{
      .name = ProjectNameOf(folder),
      .pipeline = PipelineNameOf(path),
      .glob = GlobOf(within && folder != "/" ? path.substr(folder.size() + 1) : path)};
  NewProject made;
  made.files.push_back({std::string(kProjectFile), ProjectFor(project, inferred)});
  for (const infer::InferredList& list : inferred.lists) {
    const std::string table = project.pipeline + "_" + NameMadeOf(list.column, '_', "list");
    made.files.push_back({"models/silver/" + table + ".sql", ModelFor(project, list)});
  }
  made.talk.push_back(fmt::format("{}: {}, {} looked at{}", project.pipeline, HowWritten(inferred),
                                  FormatCount(inferred.rows, "record", "records"),
                                  inferred.whole ? "" : ", there are more"));
  size_t width = 0;
  for (const infer::InferredColumn& column : inferred.columns)
    width = std::max(width, column.spec.name.size());
  for (const infer::InferredColumn& column : inferred.columns)
    made.talk.push_back(fmt::format("  {:<{}}  {}{}", column.spec.name, width,
                                    columnar::ToText(column.spec.type),
                                    column.seen.empty() ? "" : "  # " + column.seen));
  for (const infer::InferredList& list : inferred.lists)
    made.talk.push_back(fmt::format("  {} is a list of {}: a model makes rows of them", list.column,
                                    FormatCount(list.items, "object", "objects")));
  for (const std::string& note : inferred.notes) made.talk.push_back("  " + note);
  if (inferred.refused != 0)
    made.talk.push_back("  " + FormatCount(inferred.refused, "record", "records") +
                        " will be dead letters");
  made.next = {"weir check", "weir run",
               fmt::format("weir query \"select * from raw.{} limit 10\"", project.pipeline)};
  made.told = {{"pipeline", project.pipeline}, {"rows", inferred.rows},
               {"refused", inferred.refused},  {"whole", inferred.whole},
               {"notes", inferred.notes},      {"columns", ColumnsToJson(inferred)}};
  return made;
}

NewProject Minimal(const std::string& folder) {
  NewProject made;
  made.files.push_back({std::string(kProjectFile), EmptyProject(ProjectNameOf(folder))});
  made.folders = {"in"};
  made.next = {"put a file into in/", "weir run"};
  return made;
}

// `.gitignore` is added to: what stands in it is the user's.
Result<void> AddIgnored(const std::string& folder) {
  const std::string path = folder + "/.gitignore";
  constexpr uint64_t kBytesMax = 1024 * 1024;
  auto content = env::ReadWhole(env::SystemFiles(), path, kBytesMax);
  if (!content && content.error().kind != ErrorKind::kNotFound) return Fail(content.error());
  std::string text = content ? *content : "";
  const size_t before = text.size();
  for (const std::string_view line : {".weir/", "lake/"}) {
    const std::string wanted = "\n" + std::string(line) + "\n";
    if (("\n" + text + "\n").find(wanted) != std::string::npos) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += std::string(line) + "\n";
  }
  if (text.size() == before) return {};
  return env::WriteWhole(env::SystemFiles(), path, text);
}

Result<void> Write(const std::string& folder, const NewProject& made) {
  env::Files& files = env::SystemFiles();
  for (const NewFile& file : made.files)
    if (files.Status(folder + "/" + file.path))
      return Fail(ErrorKind::kExists, "init.exists",
                  folder + "/" + file.path + " is there already, and nothing was written",
                  "weir init DIR makes a project in a folder of its own");
  WEIR_TRY(files.MakeFolders(folder));
  for (const std::string& inner : made.folders) WEIR_TRY(files.MakeFolders(folder + "/" + inner));
  for (const NewFile& file : made.files) {
    const std::string path = folder + "/" + file.path;
    WEIR_TRY(files.MakeFolders(path.substr(0, path.rfind('/'))));
    WEIR_ASSIGN(const auto writer, files.Create(path));
    WEIR_TRY(writer->Write(file.content));
    WEIR_TRY(writer->Finish());
  }
  return AddIgnored(folder);
}

Result<NewProject> Make(const std::string& folder, const InitOptions& options) {
  if (!options.example.empty()) return FromExample(options.example);
  if (!options.from_file.empty()) return FromFile(folder, options.from_file);
  return Minimal(folder);
}

void Tell(const Command& command, const std::string& folder, const InitOptions& options,
          const NewProject& made) {
  if (command.terminal.json) {
    nlohmann::json told = made.told.is_null() ? nlohmann::json::object() : made.told;
    told["schema"] = "weir.init/1";
    told["folder"] = folder;
    auto& files = told["files"] = nlohmann::json::array();
    for (const NewFile& file : made.files) files.push_back(file.path);
    command.terminal.Out(told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                         "\n");
    return;
  }
  for (const std::string& line : made.talk) command.terminal.Talk(line);
  std::vector<std::string> names;
  for (const NewFile& file : made.files) names.push_back(file.path);
  command.terminal.Talk(fmt::format(
      "wrote {}{}", options.folder == "." ? "" : options.folder + ": ", fmt::join(names, ", ")));
  std::vector<std::string> next = made.next;
  if (options.folder != ".") next.insert(next.begin(), "cd " + options.folder);
  for (size_t i = 0; i < next.size(); ++i)
    command.terminal.Talk((i == 0 ? "next: " : "      ") + next[i]);
}

}  // namespace

int Init(const Command& command, const InitOptions& options) {
  const std::string folder = TargetOf(command, options);
  const auto made = Make(folder, options);
  if (!made) {
    const int code = Report(command.terminal, made.error());
    return made.error().code == "init.example" ? 2 : code;
  }
  if (const auto written = Write(folder, *made); !written)
    return Report(command.terminal, written.error());
  Tell(command, folder, options, *made);
  return 0;
}

}  // namespace weir::cli
