#include "base/error.h"

namespace weir {

std::string Error::ToString() const {
  std::string text = code + ": " + message;
  if (place.known()) text += " (" + place.ToString() + ")";
  if (!next.empty()) text += "; " + next;
  return text;
}

int ExitCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConfig:
      return 78;
    case ErrorKind::kBusy:
      return 75;
    case ErrorKind::kStopped:
      return 3;
    case ErrorKind::kCancelled:
      return 130;
    default:
      return 1;
  }
}

std::string_view ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kConfig:
      return "config";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kExists:
      return "exists";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kFenced:
      return "fenced";
    case ErrorKind::kUnknown:
      return "unknown";
    case ErrorKind::kBusy:
      return "busy";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kStopped:
      return "stopped";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kUnsupported:
      return "unsupported";
  }
  return "invalid";
}

Error WithContext(Error error, std::string_view context) {
  error.message = std::string(context) + ": " + error.message;
  return error;
}

}  // namespace weir
