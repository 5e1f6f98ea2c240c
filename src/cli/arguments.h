// The arguments of verbs that have verbs of their own: what CLI11 must know of them. Each sets
// `verb` to what is to be run once all is parsed.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/commands.h"

namespace weir::cli {

using Verb = std::function<int(const Command&)>;

// What is wrong with a number that must be above 0; nothing: empty.
std::string AboveZero(const std::string& text);

void AddDlq(CLI::App& app, DlqOptions& options, Verb& verb);

}  // namespace weir::cli
