// JsonCursor walks one JSON text (RFC 8259) and refuses everything that is not JSON: also inside
// the values that are only skipped. simdjson's on-demand reader does not look into those, gives no
// raw text of a nested value, and indexes every line before the first field is known; its DOM
// refuses integers over 64 bits. So the walk is ours, the check of UTF-8 is simdjson's, and the
// tests hold both against each other. The text must be valid UTF-8 (checked by the caller, in
// bulk).
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/small_bytes_internal.h"

namespace weir::format {

class JsonCursor {
 public:
  // `scratch` is where Unescape puts its result.
  JsonCursor(std::string_view text, std::string& scratch)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), scratch_(scratch) {}

  struct String {
    std::string_view raw;  // Between the quotes, as written.
    bool escaped = false;  // A backslash is in it.
  };

  const char* position() const { return at_; }
  bool done() const { return at_ == end_; }
  // '\0' at the end: no JSON value begins with it.
  char peek() const { return at_ == end_ ? '\0' : *at_; }

  void SkipBlanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) {
      ++at_;
      blanks_ = true;
    }
  }

  bool Take(char expected) {
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }

  // Whether the next bytes are `bytes`; then they are taken.
  bool TakeBytes(std::string_view bytes) {
    if (static_cast<size_t>(end_ - at_) < bytes.size() ||
        !EqualBytes(at_, bytes.data(), bytes.size()))
      return false;
    at_ += bytes.size();
    return true;
  }

  // A string whose opening quote is next. nullopt: it is none; fault() says why.
  std::optional<String> ReadString() {
    const char* const open = at_;
    const char* at = at_ + 1;
    bool escaped = false;
    while (true) {
      at = FindStop(at);
      if (at == end_) return FailCutOff(open);
      if (*at == '"') break;
      if (*at != '\\') return FailString("a control character must be escaped", at);
      escaped = true;
      if (end_ - at < 2) return FailCutOff(open);
      at += 2;
    }
    at_ = at + 1;
    return String{.raw = {open + 1, static_cast<size_t>(at - open - 1)}, .escaped = escaped};
  }

  // A number; empty: it is none.
  std::string_view ReadNumber();
  // Any value, checked to its end, as written. `depth` is that of the value around it. Empty: none.
  std::string_view ReadValue(size_t depth);

  // The characters of a string. nullopt: a bad escape. Lives until the next call.
  std::optional<std::string_view> Unescape(const String& text);

  // Why the last call failed, and where; too_deep() instead of a syntax fault.
  const char* fault() const { return fault_; }
  size_t fault_at() const { return static_cast<size_t>(fault_at_ - begin_); }
  bool too_deep() const { return too_deep_; }
  // Whether it failed at the text's end, so that a longer one might be right.
  bool ran_out() const { return fault_at_ == end_ || cut_off_; }
  void SetFault(const char* why) {
    fault_ = why;
    fault_at_ = at_;
  }

  // Whether blanks stood between tokens since ClearBlanks.
  bool blanks() const { return blanks_; }
  void ClearBlanks() { blanks_ = false; }

 private:
  // The first quote, backslash or control character from `at` on.
  const char* FindStop(const char* at) const {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    while (end_ - at >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i stop =
          _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
      const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(stop));
      if (mask != 0) return at + std::countr_zero(mask);
      at += 16;
    }
#endif
    while (at != end_ && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) > 0x1F) ++at;
    return at;
  }

  std::nullopt_t FailString(const char* why, const char* at) {
    fault_ = why;
    fault_at_ = at;
    return std::nullopt;
  }
  std::nullopt_t FailCutOff(const char* open) {
    cut_off_ = true;
    return FailString("the string that begins here does not end", open);
  }
  std::string_view FailValue(const char* why, const char* at) {
    fault_ = why;
    fault_at_ = at;
    return {};
  }
  bool SkipContainer(size_t depth);

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* fault_ = "";
  const char* fault_at_ = begin_;
  bool too_deep_ = false;
  bool cut_off_ = false;
  bool blanks_ = false;
  std::string& scratch_;
};

// One JSON value and nothing else -> the same without blanks between tokens. nullopt: no JSON.
// `scratch` is where it stands if blanks had to go; else it is a part of `text`. `strings` is for
// the cursor.
std::optional<std::string_view> NormaliseJson(std::string_view text, std::string& scratch,
                                              std::string& strings);

// The same for a text already known to be one value.
std::string_view StripBlanks(std::string_view value, std::string& scratch);

// Appends `text` (valid UTF-8) as a JSON string with its quotes.
void AppendJsonString(std::string& json, std::string_view text);

}  // namespace weir::format
