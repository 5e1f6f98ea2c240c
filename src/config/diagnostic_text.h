// Errors as people read them, and as programs do.
//
//   error[config.unknown_key]: unknown key 'contarct' in pipeline 'shop_events'
//     --> weir.yaml:12:5
//      12 |     contarct:
//         |     ^^^^^^^^
//     did you mean 'contract'?
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "config/faults.h"

namespace weir::config {

enum class Colour : uint8_t { kNone, kAnsi };

// One error, ending in a line end. The line and caret are left out where `sources` has no such
// line. Control characters in texts are shown as \xNN: a file cannot steer the terminal.
std::string RenderError(const Error& error, const Sources& sources, Colour colour = Colour::kNone);

// All of them with a blank line between, in the order given.
std::string RenderErrors(const Errors& errors, const Sources& sources,
                         Colour colour = Colour::kNone);

// [{"code", "kind", "message", "file"?, "line"?, "column"?, "byte"?, "next"?}, ...] on one line.
std::string ErrorsToJson(const Errors& errors);

}  // namespace weir::config
