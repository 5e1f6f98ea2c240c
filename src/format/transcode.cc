#include "format/transcode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "format/peek_internal.h"

namespace weir::format {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

// Characters of windows-1252 from 0x80 to 0x9F; 0: not defined.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// Also of half a surrogate pair, whose three bytes are no UTF-8.
void AppendUtf8(std::string& text, uint32_t character) {
  const auto put = [&text](uint32_t byte) { text += static_cast<char>(byte); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | character >> 6);
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | character >> 12);
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | character >> 18);
    put(0x80 | (character >> 12 & 0x3F));
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

bool IsHighHalf(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowHalf(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

class Transcoder final : public env::ByteReader {
 public:
  Transcoder(std::unique_ptr<env::ByteReader> bytes, Encoding encoding)
      : bytes_(std::move(bytes)), encoding_(encoding) {}

  Result<size_t> Read(std::span<char> into) override {
    while (used_ == text_.size() && !ended_) {
      text_.clear();
      used_ = 0;
      WEIR_TRY(Refill());
    }
    if (used_ == text_.size() && torn_) return Fail(*torn_);
    const size_t count = std::min(into.size(), text_.size() - used_);
    std::memcpy(into.data(), text_.data() + used_, count);
    used_ += count;
    return count;
  }

 private:
  Result<void> Refill() {
    const size_t kept = piece_.size();  // Bytes of a character that was not whole.
    std::optional<Error> failed;
    piece_.resize_and_overwrite(kept + kPieceBytes, [&](char* to, size_t size) {
      Result<size_t> got = bytes_->Read(std::span(to + kept, size - kept));
      if (!got) failed = std::move(got).error();
      ended_ = !failed && *got == 0;
      return kept + (failed ? 0 : *got);
    });
    if (failed) return Fail(std::move(*failed));
    const size_t taken = TakeUtf16() ? TakePairs() : TakeBytes();
    piece_.erase(0, taken);
    if (ended_ && !piece_.empty())
      torn_ = Error{.kind = ErrorKind::kCorrupt,
                    .code = "input.corrupt",
                    .message = "the text ends within a character of UTF-16, " +
                               std::to_string(piece_.size()) + " bytes are left over",
                    .place = {},
                    .next = "get the object again from where it came"};
    return {};
  }

  bool TakeUtf16() const {
    return encoding_ == Encoding::kUtf16Le || encoding_ == Encoding::kUtf16Be;
  }

  size_t TakeBytes() {
    for (const char c : piece_) {
      const auto byte = static_cast<unsigned char>(c);
      const bool special = encoding_ == Encoding::kWindows1252 && byte >= 0x80 && byte < 0xA0;
      if (!special) {
        AppendUtf8(text_, byte);
      } else if (kWindows1252[byte - 0x80] != 0) {
        AppendUtf8(text_, kWindows1252[byte - 0x80]);
      } else {
        text_ += c;
      }
    }
    return piece_.size();
  }

  // The units that are there, but not a first half of a pair that waits for its second.
  size_t TakePairs() {
    const size_t low = encoding_ == Encoding::kUtf16Le ? 0 : 1;
    const auto unit = [&](size_t at) {
      return static_cast<uint32_t>(static_cast<unsigned char>(piece_[at + low]) |
                                   static_cast<unsigned char>(piece_[at + 1 - low]) << 8);
    };
    size_t at = 0;
    for (; at + 2 <= piece_.size(); at += 2) {
      const uint32_t first = unit(at);
      if (!IsHighHalf(first)) {
        AppendUtf8(text_, first);
        continue;
      }
      if (at + 4 > piece_.size()) break;
      const uint32_t second = unit(at + 2);
      if (IsLowHalf(second)) {
        AppendUtf8(text_, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
        at += 2;
      } else {
        AppendUtf8(text_, first);
      }
    }
    return at;
  }

  std::unique_ptr<env::ByteReader> bytes_;
  Encoding encoding_;
  std::string piece_;
  std::string text_;
  size_t used_ = 0;
  bool ended_ = false;
  std::optional<Error> torn_;
};

}  // namespace

std::unique_ptr<env::ByteReader> ReadAsUtf8(std::unique_ptr<env::ByteReader> bytes,
                                            Encoding encoding) {
  WEIR_CHECK(encoding != Encoding::kUtf16);
  if (encoding == Encoding::kUtf8) return bytes;
  return std::make_unique<Transcoder>(std::move(bytes), encoding);
}

Result<OpenedText> OpenText(std::unique_ptr<env::ByteReader> bytes, Encoding declared) {
  using namespace std::string_view_literals;
  WEIR_ASSIGN(Peeked peeked, Peek(std::move(bytes), 3));
  const std::string_view front = peeked.front;
  Encoding found = declared;
  if (front.starts_with("\xEF\xBB\xBF"sv)) {
    found = Encoding::kUtf8;
  } else if (front.starts_with("\xFF\xFE"sv)) {
    found = Encoding::kUtf16Le;
  } else if (front.starts_with("\xFE\xFF"sv)) {
    found = Encoding::kUtf16Be;
  } else if (declared == Encoding::kUtf16) {
    found = front.starts_with('\0') ? Encoding::kUtf16Be : Encoding::kUtf16Le;
  }
  return OpenedText{.reader = ReadAsUtf8(std::move(peeked.whole), found), .encoding = found};
}

}  // namespace weir::format
