#include "format/json_scanner_internal.h"

namespace weir::format {
namespace {

constexpr size_t kRemembered = 1024 * 1024;  // Open brackets.

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

std::optional<size_t> JsonScanner::FindEnd(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (kind_ == Kind::kUnknown) {
      Begin(c);
      if (kind_ != Kind::kBrackets) {
        last_ = c;
        // Outside of an array these stand alone.
        if (!in_array_ && (c == ',' || c == ':' || c == '}' || c == ']')) return i + 1;
        continue;
      }
    } else if (kind_ == Kind::kSlash) {
      kind_ = c == '/' ? Kind::kLineComment : c == '*' ? Kind::kBlockComment : Kind::kStray;
      last_ = '\0';  // The star that opens a comment does not close it.
      if (kind_ != Kind::kStray) continue;
    }
    switch (kind_) {
      case Kind::kBrackets:
        if (const auto taken = TakeBracketed(c)) return i + *taken;
        break;
      case Kind::kLineComment:
        if (c == '\n') return i;
        break;
      case Kind::kBlockComment:
        if (c == '/' && last_ == '*') return i + 1;
        last_ = c;
        break;
      default:
        if (EndsStray(c)) return i;
    }
  }
  return std::nullopt;
}

void JsonScanner::Begin(char first) {
  if (first == '{' || first == '[') {
    kind_ = Kind::kBrackets;
  } else if (first == '/') {
    kind_ = Kind::kSlash;
  } else {
    kind_ = first == '#' ? Kind::kLineComment : Kind::kStray;
  }
}

bool JsonScanner::EndsStray(char c) const {
  return c == '\n' || (in_array_ && (c == ',' || c == ']'));
}

std::optional<size_t> JsonScanner::TakeBracketed(char c) {
  if (quoted_ && TakeQuoted(c)) return std::nullopt;
  if (c == '\n') {
    TakeNewline();
    return std::nullopt;
  }
  if (IsBlank(c)) {
    if (line_blank_) ++lead_;
    return std::nullopt;
  }
  if (line_blank_) {
    if (lines_ == 1 && first_line_bare_ && lead_ <= column_) flat_ = true;
    if (BeginsSibling(c)) return 0;
    if (c == ',') {
      ++lead_;
    } else {
      line_blank_ = false;
    }
  }
  if (lines_ == 0 && !open_.empty()) first_line_bare_ = false;
  return TakeSignificant(c);
}

std::optional<size_t> JsonScanner::TakeSignificant(char c) {
  const char before = last_;
  last_ = c;
  switch (c) {
    case '"':
      quoted_ = true;
      break;
    case '{':
      if (before == ',' && deeper_ == 0 && !open_.empty() && open_.back() == '{') {
        // No key can begin so: the objects that stand open were torn.
        while (!open_.empty() && open_.back() == '{') Pop();
        if (open_.empty()) return 0;
      }
      Push(c);
      break;
    case '[':
      Push(c);
      break;
    case '}':
      if (CloseTo('{') && open_.empty()) return 1;
      break;
    case ']':
      if (CloseTo('[')) {
        if (open_.empty()) return 1;
      } else if (in_array_) {
        return 0;
      }
      break;
    default:
      break;
  }
  return std::nullopt;
}

// False: the line ends here, and the string with it.
bool JsonScanner::TakeQuoted(char c) {
  if (c == '\n') {
    quoted_ = escaped_ = false;
    torn_ = true;
    return false;
  }
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    quoted_ = false;
  }
  return true;
}

void JsonScanner::TakeNewline() {
  ++lines_;
  line_blank_ = true;
  lead_ = 0;
}

bool JsonScanner::BeginsSibling(char c) {
  if (flat_ || lead_ > column_ || (c != '{' && (c != ']' || !in_array_))) return false;
  flat_ = !torn_ && Fits(c);
  return !flat_;
}

// Whether the thing's own brackets allow for `c` here.
bool JsonScanner::Fits(char c) const {
  if (c == ']') return lists_open_ != 0;
  const bool in_list = deeper_ != 0 || (!open_.empty() && open_.back() == '[');
  return last_ == ':' || (in_list && (last_ == '[' || last_ == ','));
}

void JsonScanner::Push(char open) {
  if (open_.size() >= kRemembered) {
    ++deeper_;
    return;
  }
  open_ += open;
  lists_open_ += open == '[' ? 1 : 0;
}

void JsonScanner::Pop() {
  lists_open_ -= open_.back() == '[' ? 1 : 0;
  open_.pop_back();
}

bool JsonScanner::CloseTo(char open) {
  if (deeper_ != 0) {
    --deeper_;
    return true;
  }
  if ((open == '[' ? lists_open_ : open_.size() - lists_open_) == 0) return false;
  while (open_.back() != open) Pop();
  Pop();
  return true;
}

}  // namespace weir::format
