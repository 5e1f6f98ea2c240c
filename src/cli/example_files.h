// The examples of examples/, inside the program (cmake/embed_examples.cmake).
#pragma once

#include <span>
#include <string_view>

namespace weir::cli {

struct ExampleFile {
  std::string_view example;  // Folder of examples/.
  std::string_view path;     // Within it.
  std::string_view content;
};

// By example, then path.
std::span<const ExampleFile> ExampleFiles();

}  // namespace weir::cli
