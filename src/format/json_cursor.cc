#include "format/json_cursor_internal.h"

#include "base/limits.h"

namespace weir::format {
namespace {

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

// Four hex digits, or -1.
int ReadHex4(const char* at) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// What people write that is no JSON.
const char* WhyNoValue(std::string_view text) {
  for (const std::string_view word : {"NaN", "nan", "Infinity", "inf", "undefined", "None"})
    if (text.starts_with(word)) return "a value must stand here, and NaN and its like are none";
  if (text.starts_with('/') || text.starts_with('#')) return "JSON has no comments";
  if (text.starts_with('\'')) return "text stands in double quotes";
  return "a value must stand here";
}

char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

std::string_view JsonCursor::ReadNumber() {
  const char* const open = at_;
  const char* at = at_;
  if (at != end_ && *at == '-') ++at;
  if (at == end_ || !IsDigit(*at)) return FailValue("a number needs a digit here", at);
  if (*at == '0' && end_ - at > 1 && IsDigit(at[1]))
    return FailValue("a number must not begin with 0", at);
  while (at != end_ && IsDigit(*at)) ++at;
  if (at != end_ && *at == '.') {
    ++at;
    if (at == end_ || !IsDigit(*at))
      return FailValue("a number needs a digit behind its point", at);
    while (at != end_ && IsDigit(*at)) ++at;
  }
  if (at != end_ && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end_ && (*at == '-' || *at == '+')) ++at;
    if (at == end_ || !IsDigit(*at)) return FailValue("an exponent needs a digit", at);
    while (at != end_ && IsDigit(*at)) ++at;
  }
  at_ = at;
  return {open, static_cast<size_t>(at - open)};
}

std::string_view JsonCursor::ReadValue(size_t depth) {
  const char* const open = at_;
  const auto taken = [&] { return std::string_view(open, static_cast<size_t>(at_ - open)); };
  switch (peek()) {
    case '"': {
      const auto text = ReadString();
      if (!text || (text->escaped && !Unescape(*text))) return {};
      return taken();
    }
    case '{':
    case '[':
      return SkipContainer(depth + 1) ? taken() : std::string_view();
    case 't':
      if (TakeBytes("true")) return taken();
      break;
    case 'f':
      if (TakeBytes("false")) return taken();
      break;
    case 'n':
      if (TakeBytes("null")) return taken();
      break;
    default:
      if (peek() == '-' || IsDigit(peek())) return ReadNumber();
      break;
  }
  if (done()) return FailValue("the text ends where a value must stand", at_);
  const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
  for (const std::string_view word : {"true", "false", "null"}) cut_off_ |= word.starts_with(rest);
  return FailValue(WhyNoValue(rest), at_);
}

// Recursive; kJsonDepthMax bounds the stack.
bool JsonCursor::SkipContainer(size_t depth) {
  if (depth > kJsonDepthMax) {
    too_deep_ = true;
    FailValue("nested too deep", at_);
    return false;
  }
  const bool object = *at_ == '{';
  const char close = object ? '}' : ']';
  ++at_;
  SkipBlanks();
  if (Take(close)) return true;
  while (true) {
    if (object) {
      if (peek() != '"') {
        SetFault("a key in quotes must stand here");
        return false;
      }
      const auto key = ReadString();
      if (!key || (key->escaped && !Unescape(*key))) return false;
      SkipBlanks();
      if (!Take(':')) {
        SetFault("':' is missing here");
        return false;
      }
      SkipBlanks();
    }
    if (ReadValue(depth).empty()) return false;
    SkipBlanks();
    if (Take(close)) return true;
    if (!Take(',')) {
      SetFault(object ? "',' or '}' is missing here" : "',' or ']' is missing here");
      return false;
    }
    SkipBlanks();
  }
}

std::optional<std::string_view> JsonCursor::Unescape(const String& text) {
  scratch_.clear();
  const char* at = text.raw.data();
  const char* const end = at + text.raw.size();
  while (at != end) {
    if (*at != '\\') {
      const char* const from = at;
      while (at != end && *at != '\\') ++at;
      scratch_.append(from, at);
      continue;
    }
    if (at[1] != 'u') {  // ReadString saw a character behind every backslash.
      const char c = SimpleEscape(at[1]);
      if (c == '\0') return FailString("no such escape", at);
      scratch_ += c;
      at += 2;
      continue;
    }
    const int first = end - at >= 6 ? ReadHex4(at + 2) : -1;
    if (first < 0) return FailString("\\u needs four hex digits", at);
    auto code = static_cast<uint32_t>(first);
    size_t length = 6;
    if (code >= 0xD800 && code <= 0xDFFF) {
      const bool pair = code < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u';
      const int second = pair ? ReadHex4(at + 8) : -1;
      if (second < 0xDC00 || second > 0xDFFF) return FailString("half a surrogate pair", at);
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
      length = 12;
    }
    AppendUtf8(scratch_, code);
    at += length;
  }
  return scratch_;
}

std::optional<std::string_view> NormaliseJson(std::string_view text, std::string& scratch,
                                              std::string& strings) {
  JsonCursor cursor(text, strings);
  cursor.SkipBlanks();
  cursor.ClearBlanks();
  const std::string_view value = cursor.ReadValue(0);
  if (value.empty()) return std::nullopt;
  const bool blanks = cursor.blanks();
  cursor.SkipBlanks();
  if (!cursor.done()) return std::nullopt;
  return blanks ? StripBlanks(value, scratch) : value;
}

std::string_view StripBlanks(std::string_view value, std::string& scratch) {
  scratch.clear();
  bool quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    scratch += c;
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') scratch += value[++i];
  }
  return scratch;
}

void AppendJsonString(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    json.append(text, from, i - from);
    from = i + 1;
    json += '\\';
    if (c == '"' || c == '\\') {
      json += static_cast<char>(c);
    } else if (c == '\n') {
      json += 'n';
    } else if (c == '\r') {
      json += 'r';
    } else if (c == '\t') {
      json += 't';
    } else {
      json += "u00";
      json += kHex[c >> 4];
      json += kHex[c & 15];
    }
  }
  json.append(text, from);
  json += '"';
}

}  // namespace weir::format
