// Error is the second of Weir's three channels of failure: an operation that did not happen.
// (A bad row is data, see columnar/rejected_row.h; a broken invariant is a crash, see check.h.)
//
// An Error answers four questions: which (code), where (place), why (message), what now (next).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"

namespace weir {

// What a caller may do about it; the code says what happened.
enum class ErrorKind : uint8_t {
  kInvalid,      // The request or the data is wrong: do not repeat it.
  kConfig,       // What the user wrote is wrong: exit 78.
  kNotFound,     // The thing named does not exist.
  kExists,       // It exists already (no-clobber creation).
  kConflict,     // Somebody else moved first: read again and retry.
  kFenced,       // A newer owner lives: stop and touch nothing.
  kUnknown,      // It may or may not have happened: read it back, never repeat blindly, never undo.
  kBusy,         // Held by somebody: try again later, exit 75.
  kUnavailable,  // The outside failed for now: retry with backoff.
  kIo,           // The disk said no: disk full, read-only, unreadable.
  kCorrupt,      // Stored bytes do not say what they must.
  kStopped,      // A check, max_bad or on_fail: fail stopped it: exit 3.
  kCancelled,    // The user asked to stop.
  kUnsupported,  // Correct, but not built.
};

struct Error {
  ErrorKind kind = ErrorKind::kInvalid;
  std::string code;     // Stable, dotted, lower case: "config.unknown_key".
  std::string message;  // The cause, one sentence without a final full stop.
  Place place;
  std::string next;  // The next step, a command where there is one; may be empty.

  // "code: message (place); next", on one line. For logs and tests; the CLI lays it out itself.
  std::string ToString() const;
};

// All faults of one document at once, in document order. Never empty where it stands for failure.
using Errors = std::vector<Error>;

// The exit code that `kind` ends a command with (docs/user/commands.md).
int ExitCode(ErrorKind kind);

// The kind's name as it stands in JSON: "not_found".
std::string_view ToString(ErrorKind kind);

// The same error with `context` before its message: "table raw.events: no such file".
Error WithContext(Error error, std::string_view context);

}  // namespace weir
