// What may stand at the end of a command line, for the shell's Tab key. The grammar is the
// program's own (CLI11), names come from the project at hand.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace weir::cli {

// Names that a word may be; asked for only where they can stand.
struct NameLookup {
  std::function<std::vector<std::string>()> pipelines;   // That read input.
  std::function<std::vector<std::string>()> generators;  // That weir gen runs.
  std::function<std::vector<std::string>()> models;
  std::function<std::vector<std::string>()> tables;
  std::function<std::vector<std::string>()> examples;
};

// Candidates for the last of `words` (the command line behind "weir"; it may be empty), sorted.
// None where a file may stand: the shell knows those.
std::vector<std::string> Completions(const CLI::App& app, const std::vector<std::string>& words,
                                     const NameLookup& names);

// The script that a shell reads: `bash`, `zsh` or `fish`.
std::string CompletionScript(const std::string& shell);

// The names of the project that is found from `folder`; none of a project with faults.
NameLookup NamesOfProject(const std::string& folder);

}  // namespace weir::cli
