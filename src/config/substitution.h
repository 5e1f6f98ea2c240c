// Substitution of variables and files in the scalars of a tree, after parsing: what is put in is
// text, never YAML, and is not looked at again.
//
//   ${VAR}         the variable; unset is config.unset_variable
//   ${VAR:-text}   text where VAR is unset or empty; text may hold ${...} and balanced braces
//   ${VAR:?why}    config.unset_variable with `why` where VAR is unset or empty
//   ${file:PATH}   the file's content without its last line end; PATH from the project's folder
//   $${            a literal ${
//
// Keys are left alone. A changed scalar keeps what was written in Node::written, so that messages
// and `weir config show` do not print secrets.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/document.h"
#include "env/files.h"

namespace weir::config {

inline constexpr size_t kSubstitutedFileBytesMax = 1024 * 1024;

// The value of a variable; none where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Substitutions {
  Environment environment;
  env::Files& files;
  std::string folder;  // That PATH is relative to; empty: the working directory.
};

// Errors added: config.unset_variable, config.substitution (not one of the forms above), and
// config.file_unreadable. A scalar with a fault keeps its text as written and is Node::faulty: no
// shape reads it, and none complains of it again.
void Substitute(Node& root, const Substitutions& from, Faults& faults);

}  // namespace weir::config
