#include "format/transcode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/piecewise_check_internal.h"

namespace weir::format {
namespace {

using namespace std::string_literals;

// The text, the encoding that was found, and "!" where the input broke.
std::string Transcoded(const std::string& bytes, Encoding declared, size_t read_bytes,
                       size_t piece) {
  auto opened = OpenText(std::make_unique<PiecewiseReader>(bytes, read_bytes), declared);
  std::string text(ToText(opened->encoding));
  text += ' ';
  std::string buffer(piece, '\0');
  while (true) {
    const auto got = opened->reader->Read(buffer);
    if (!got) {
      EXPECT_EQ(got.error().kind, ErrorKind::kCorrupt);
      EXPECT_FALSE(opened->reader->Read(buffer).has_value()) << "for ever after";
      return text + "!";
    }
    if (*got == 0) return text;
    text += buffer.substr(0, *got);
  }
}

struct TextCase {
  std::string name;
  std::string bytes;
  Encoding declared;
  std::string expected;
};

TEST(Transcode, TextsBecomeUtf8HoweverTheyAreRead) {
  const std::vector<TextCase> cases = {
      {"nothing", "", Encoding::kUtf8, "utf-8 "},
      {"UTF-8 passes, bad bytes too", "\xC3\xA9\xFF", Encoding::kUtf8, "utf-8 \xC3\xA9\xFF"},
      {"a mark of UTF-8 overrules", "\xEF\xBB\xBF\xC3\xA9", Encoding::kLatin1,
       "utf-8 \xEF\xBB\xBF\xC3\xA9"},
      {"a mark of UTF-16 overrules", "\xFF\xFE\xE9\x00"s, Encoding::kLatin1,
       "utf-16le \xEF\xBB\xBF\xC3\xA9"},
      {"big-endian", "\xFE\xFF\x20\xAC"s, Encoding::kUtf8, "utf-16be \xEF\xBB\xBF\xE2\x82\xAC"},
      {"half a mark", "\xFF", Encoding::kUtf8, "utf-8 \xFF"},
      {"no mark, little-endian", "a\0b\0"s, Encoding::kUtf16, "utf-16le ab"},
      {"no mark, big-endian", "\0a\0b"s, Encoding::kUtf16, "utf-16be ab"},
      {"a mark overrules the byte order too", "\xFE\xFF\0a"s, Encoding::kUtf16Le,
       "utf-16be \xEF\xBB\xBF"
       "a"},
      {"a pair", "\x3D\xD8\x00\xDE"s, Encoding::kUtf16Le, "utf-16le \xF0\x9F\x98\x80"},
      {"the last character of all", "\xDB\xFF\xDF\xFF", Encoding::kUtf16Be,
       "utf-16be \xF4\x8F\xBF\xBF"},
      {"a first half alone", "\x3D\xD8x\0"s, Encoding::kUtf16Le, "utf-16le \xED\xA0\xBDx"},
      {"two first halves and a second", "\x3D\xD8\x3D\xD8\x00\xDE"s, Encoding::kUtf16Le,
       "utf-16le \xED\xA0\xBD\xF0\x9F\x98\x80"},
      {"a second half alone", "\x00\xDEx\0"s, Encoding::kUtf16Le, "utf-16le \xED\xB8\x80x"},
      {"half a character at the end", "a\0b"s, Encoding::kUtf16Le, "utf-16le a!"},
      {"half a pair at the end", "a\0\x3D\xD8"s, Encoding::kUtf16Le, "utf-16le a!"},
      {"latin-1", "a\x80\xE9\xFF", Encoding::kLatin1, "latin-1 a\xC2\x80\xC3\xA9\xC3\xBF"},
      {"windows-1252", "\x80\x85\x9F\xE9", Encoding::kWindows1252,
       "windows-1252 \xE2\x82\xAC\xE2\x80\xA6\xC5\xB8\xC3\xA9"},
      {"what windows-1252 lacks stays", "\x81x\x9D", Encoding::kWindows1252,
       "windows-1252 \x81x\x9D"},
  };
  for (const TextCase& c : cases)
    for (const size_t read_bytes : {0, 1, 3})
      for (const size_t piece : {1, 2, 7, 1000})
        EXPECT_EQ(Transcoded(c.bytes, c.declared, read_bytes, piece), c.expected)
            << c.name << ", reads of " << read_bytes << ", pieces of " << piece;
}

TEST(Transcode, ALongTextIsReadInPieces) {
  std::string bytes;
  std::string expected = "utf-16le ";
  for (int i = 0; i < 100'000; ++i) {
    bytes += "x\0\xE9\0\x3D\xD8\x00\xDE"s;
    expected += "x\xC3\xA9\xF0\x9F\x98\x80";
  }
  EXPECT_EQ(Transcoded(bytes, Encoding::kUtf16Le, 0, 1000), expected);
  EXPECT_EQ(Transcoded(bytes, Encoding::kUtf16Le, 777, 100'000), expected);
}

}  // namespace
}  // namespace weir::format
