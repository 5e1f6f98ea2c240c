// The files of a project that does not exist yet, as texts: what `weir init` writes.
#pragma once

#include <string>
#include <string_view>

#include "infer/infer.h"

namespace weir::cli {

// A project's and a pipeline's name made of a folder's or a file's: lower-case letters, digits and
// `joint`, beginning with a letter; `otherwise` where nothing is left.
std::string NameMadeOf(std::string_view text, char joint, const std::string& otherwise);

// sales-2026.csv.gz -> sales_2026
std::string PipelineNameOf(const std::string& path);

// A project that takes whatever files come, in columns that follow the data.
std::string EmptyProject(const std::string& name);

struct FileProject {
  std::string name;
  std::string pipeline;
  std::string glob;  // Of the file, from the project's folder.
};
// A project with the contract that was inferred, and what was seen as comments.
std::string ProjectFor(const FileProject& project, const infer::InferredFile& inferred);

// A model that makes rows of a list in a document: the text of models/SCHEMA/TABLE.sql.
std::string ModelFor(const FileProject& project, const infer::InferredList& list);

// A path as a glob that finds it alone.
std::string GlobOf(std::string_view path);

}  // namespace weir::cli
