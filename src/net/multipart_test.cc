#include "net/multipart.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::net {
namespace {

// "[name|filename|type: bytes]" per part, "." at the end; or the refusal's words.
std::string Parts(std::string_view bytes, size_t cut) {
  auto reader = MultipartReader::Make("multipart/form-data; boundary=\"XX\"");
  std::string text;
  for (size_t from = 0; from < bytes.size(); from += cut) {
    std::string_view piece = bytes.substr(from, cut);
    while (true) {
      const auto event = reader->Next(piece);
      if (!event) return event.error().message;
      using Kind = MultipartReader::Event::Kind;
      if (event->kind == Kind::kNeedMore) break;
      if (event->kind == Kind::kPart)
        text += "[" + event->part.name + "|" + event->part.filename + "|" +
                event->part.content_type + ": ";
      text += event->bytes;
      if (event->kind == Kind::kPartEnd) text += "]";
    }
  }
  return text + (reader->done() ? "." : "...");
}

const std::string kFile =
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n"
    "Content-Type: Text/CSV; charset=utf-8\r\n\r\n";
const std::string kField = "--XX\r\ncontent-disposition: form-data; name=a\r\n\r\n";

struct Case {
  const char* name;
  std::string bytes;
  std::string parts;
};

class Multipart : public testing::TestWithParam<Case> {};

TEST_P(Multipart, IsTakenApartTheSameHoweverItIsCut) {
  for (size_t cut = 1; cut < 64; ++cut) EXPECT_EQ(Parts(GetParam().bytes, cut), GetParam().parts);
}

INSTANTIATE_TEST_SUITE_P(
    Multipart, Multipart,
    testing::Values(
        Case{"one_file", kFile + "a,b\r\n1,2\r\n\r\n--XX--\r\n",
             "[file|x.csv|text/csv: a,b\r\n1,2\r\n]."},
        Case{"two_parts", kFile + "1\r\n" + kField + "2\r\n--XX--",
             "[file|x.csv|text/csv: 1][a||: 2]."},
        Case{"empty_part", kField + "\r\n--XX--", "[a||: ]."},
        Case{"preamble_and_epilogue", "hello\r\n" + kField + "1\r\n--XX--\r\n--XX\r\nbye",
             "[a||: 1]."},
        Case{"nearly_a_boundary", kField + "\r\n--X\r\r\n--\r\n-\r\n--Y\r\n--XX--",
             "[a||: \r\n--X\r\r\n--\r\n-\r\n--Y]."},
        Case{"blanks_behind_a_boundary", "--XX \t\r\n" + kField.substr(6) + "1\r\n--XX--",
             "[a||: 1]."},
        Case{"cut_off_in_data", kField + "12", "[a||: 12..."},
        Case{"cut_off_before_the_end", kField + "12\r\n--XX", "[a||: 12]..."},
        Case{"no_boundary_at_all", "nothing here", "..."},
        Case{"folder_in_filename",
             "--XX\r\nContent-Disposition: form-data; name=f; filename=\"C:\\a\\..\\x "
             "\\\"q\\\".csv\"\r\n\r\n1\r\n--XX--",
             "[f|x \"q\".csv|: 1]."},
        Case{"more_behind_a_boundary", "--XXY\r\n", "a boundary does not end its line"},
        Case{"bare_lf_behind_a_boundary", "--XX\nA: b\n\n", "a boundary does not end its line"},
        Case{"no_name", "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
             "a part has no name"},
        Case{"no_disposition", "--XX\r\nContent-Type: a/b\r\n\r\n1\r\n--XX--",
             "a part has no name"},
        Case{"two_dispositions",
             "--XX\r\n" + kField.substr(6, kField.size() - 8) + kField.substr(6) + "1",
             "a part has Content-Disposition twice"},
        Case{"folded_header", "--XX\r\nContent-Disposition: form-data; a=b\r\n name=a\r\n\r\n1",
             "a part's header is not NAME: VALUE"},
        Case{"open_quote", "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1",
             "a part's Content-Disposition cannot be read"},
        Case{"base64",
             "--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
             "base64\r\n\r\n1",
             "a part has a Content-Transfer-Encoding"},
        Case{"long_head", "--XX\r\nX: " + std::string(9000, 'a'),
             "the head of a part is too long"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Multipart, NeedsABoundary) {
  for (const char* wrong :
       {"", "text/csv", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"a\rb\"", "multipart/mixed; boundary=a"})
    EXPECT_FALSE(MultipartReader::Make(wrong)) << wrong;
  EXPECT_FALSE(MultipartReader::Make("multipart/form-data; boundary=" + std::string(71, 'a')));
  EXPECT_TRUE(MultipartReader::Make("Multipart/Form-Data; charset=utf-8; BOUNDARY=a'b"));
}

TEST(Multipart, OfTooManyPartsIsRefused) {
  std::string bytes;
  for (int i = 0; i < 1001; ++i) bytes += kField + "\r\n";
  EXPECT_EQ(Parts(bytes, bytes.size()), "there are too many parts");
}

}  // namespace
}  // namespace weir::net
