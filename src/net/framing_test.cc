#include "net/framing_internal.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::net {
namespace {

struct HeadCase {
  const char* name;
  std::string head;
  int status;  // 0: it is read.
  const char* code = "";
};

class Head : public testing::TestWithParam<HeadCase> {};

TEST_P(Head, IsReadOrRefused) {
  const HeadCase& one = GetParam();
  const auto end = FindHeadEnd(one.head, 0);
  ASSERT_EQ(end, one.head.size());
  const auto head = ReadHead(one.head, {});
  EXPECT_EQ(head ? 0 : head.error().status, one.status);
  EXPECT_EQ(head ? "" : head.error().code, one.code);
}

const std::string kPost = "POST /in HTTP/1.1\r\nHost: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Framing, Head,
    testing::Values(
        HeadCase{"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        HeadCase{"length", kPost + "Content-Length: 5\r\n\r\n", 0},
        HeadCase{"chunks", kPost + "Transfer-Encoding: Chunked\r\n\r\n", 0},
        HeadCase{"empty_line_before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        HeadCase{"old_without_host", "GET / HTTP/1.0\r\n\r\n", 0},
        HeadCase{"value_with_tab_and_utf8", kPost + "X: a\tb\xc3\xa4\r\n\r\n", 0},
        HeadCase{"length_and_chunks",
                 kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"chunks_and_length",
                 kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"two_lengths", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"list_of_lengths", kPost + "Content-Length: 5, 5\r\n\r\n", 400, "http.bad_length"},
        HeadCase{"signed_length", kPost + "Content-Length: +5\r\n\r\n", 400, "http.bad_length"},
        HeadCase{"negative_length", kPost + "Content-Length: -5\r\n\r\n", 400, "http.bad_length"},
        HeadCase{"empty_length", kPost + "Content-Length: \r\n\r\n", 400, "http.bad_length"},
        HeadCase{"huge_length", kPost + "Content-Length: 99999999999999999999\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"two_codings",
                 kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"other_coding", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
                 "http.transfer_coding"},
        HeadCase{"coding_with_a_control_character",
                 kPost + "Transfer-Encoding: \x0b"
                         "chunked\r\n\r\n",
                 400, "http.bad_header"},
        HeadCase{"old_with_chunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "http.bad_length"},
        HeadCase{"folded_header", kPost + "X: a\r\n b\r\n\r\n", 400, "http.bad_header"},
        HeadCase{"folded_first_header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400,
                 "http.bad_header"},
        HeadCase{"blank_before_colon", kPost + "Content-Length : 5\r\n\r\n", 400,
                 "http.bad_header"},
        HeadCase{"bare_cr", kPost + "X: a\rContent-Length: 5\r\n\r\n", 400, "http.bad_header"},
        HeadCase{"bare_lf", kPost + "X: a\nContent-Length: 5\r\n\r\n", 400, "http.bad_header"},
        HeadCase{"bare_lf_in_request_line", "GET /\nX HTTP/1.1\r\nHost: a\r\n\r\n", 400,
                 "http.bad_request"},
        HeadCase{"nul", kPost + std::string("X: a\0b\r\n\r\n", 10), 400, "http.bad_header"},
        HeadCase{"no_name", kPost + ": b\r\n\r\n", 400, "http.bad_header"},
        HeadCase{"no_colon", kPost + "nonsense\r\n\r\n", 400, "http.bad_header"},
        HeadCase{"no_host", "GET / HTTP/1.1\r\n\r\n", 400, "http.bad_host"},
        HeadCase{"two_hosts", kPost + "Host: b\r\n\r\n", 400, "http.bad_host"},
        HeadCase{"three_words", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", 400, "http.bad_request"},
        HeadCase{"blank_in_target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400,
                 "http.bad_request"},
        HeadCase{"one_word", "GET\r\n\r\n", 400, "http.bad_request"},
        HeadCase{"wrong_method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_request"},
        HeadCase{"newer_version", "PRI * HTTP/2.0\r\n\r\n", 505, "http.version"},
        HeadCase{"expectation", kPost + "Expect: 200-maybe\r\n\r\n", 417, "http.expectation"},
        HeadCase{"long_target",
                 "GET /" + std::string(8 * 1024, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414,
                 "http.target_too_long"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Head, WithMoreHeadersThanThereMayBeIsRefused) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 99; ++i) head += "X: a\r\n";
  EXPECT_TRUE(ReadHead(head + "\r\n", {}));
  const auto over = ReadHead(head + "X: a\r\n\r\n", {});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().status, 431);
}

TEST(Head, TellsWhatTheServerNeeds) {
  const std::string bytes =
      "POST http://host/a/b?x=1 HTTP/1.1\r\nhOsT: a\r\nContent-Length: 12\r\n"
      "Content-Encoding: GZIP\r\nExpect: 100-Continue\r\nConnection: Close, TE\r\n\r\n";
  const auto head = ReadHead(bytes, {});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->path, "/a/b");
  EXPECT_EQ(head->query, "x=1");
  EXPECT_EQ(head->content_length, 12U);
  EXPECT_EQ(head->coding, Coding::kGzip);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_FALSE(head->keep_alive);
  EXPECT_EQ(head->Find("HOST"), "a");
}

TEST(Head, EndsWhereItEndsHoweverItCame) {
  const std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nbody\r\n\r\n";
  const size_t end = bytes.find("body");
  for (size_t cut = 1; cut < 9; ++cut) {
    std::optional<size_t> found;
    for (size_t come = 0, seen = 0; !found && come < bytes.size(); seen = come)
      found = FindHeadEnd(std::string_view(bytes).substr(0, come += cut), seen);
    EXPECT_EQ(found, end) << cut;
  }
}

// The body of chunks, or the code of the refusal.
std::string Body(std::string_view bytes, size_t cut) {
  ChunkedBody chunks({});
  std::string body;
  while (!bytes.empty()) {
    const auto step = chunks.Next(bytes.substr(0, cut));
    if (!step) return std::string(step.error().code);
    body += step->piece;
    bytes.remove_prefix(step->used);
    if (step->done) return body + "|" + std::string(bytes);
  }
  return body + "...";
}

struct ChunkCase {
  const char* name;
  std::string bytes;
  std::string body;
};

class Chunks : public testing::TestWithParam<ChunkCase> {};

TEST_P(Chunks, AreReadTheSameHoweverTheyAreCut) {
  for (size_t cut = 1; cut < 40; ++cut) EXPECT_EQ(Body(GetParam().bytes, cut), GetParam().body);
}

INSTANTIATE_TEST_SUITE_P(
    Framing, Chunks,
    testing::Values(ChunkCase{"two", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET",
                              "abc0123456789|GET"},
                    ChunkCase{"none", "0\r\n\r\n", "|"},
                    ChunkCase{"extension", "3;a=\"b c\"\r\nabc\r\n0;x\r\n\r\n", "abc|"},
                    ChunkCase{"trailers", "3\r\nabc\r\n0\r\nX: y\r\nZ: q\r\n\r\n+", "abc|+"},
                    ChunkCase{"cut_off", "3\r\nab", "ab..."},
                    ChunkCase{"no_end", "3\r\nabc\r\n", "abc..."},
                    ChunkCase{"wrong_end_of_data", "3\r\nabcd\r\n0\r\n\r\n", "http.bad_chunk"},
                    ChunkCase{"no_size", "\r\n", "http.bad_chunk"},
                    ChunkCase{"blank_before_size", " 3\r\nabc\r\n", "http.bad_chunk"},
                    ChunkCase{"signed_size", "+3\r\nabc\r\n", "http.bad_chunk"},
                    ChunkCase{"prefixed_size", "0x3\r\nabc\r\n", "http.bad_chunk"},
                    ChunkCase{"bare_lf", "3\nabc\r\n", "http.bad_chunk"},
                    ChunkCase{"lf_in_extension", "3;a\nb\r\nabc\r\n", "http.bad_chunk"},
                    ChunkCase{"size_beyond_64_bits", "fffffffffffffffff\r\n", "http.bad_chunk"},
                    ChunkCase{"long_extension", "3;" + std::string(300, 'a'), "http.bad_chunk"},
                    ChunkCase{"bare_cr_in_trailer", "0\r\nX: a\rb\r\n\r\n", "http.bad_chunk"},
                    ChunkCase{"folded_trailer", "0\r\n X\r\n\r\n", "http.bad_chunk"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Request, ValuesOfTheQueryAreDecoded) {
  EXPECT_EQ(QueryValue("a=1&b=x%20y+z&c", "b"), "x y z");
  EXPECT_EQ(QueryValue("a=1&b=2&c", "c"), "");
  EXPECT_EQ(QueryValue("a=1", "b"), std::nullopt);
  EXPECT_EQ(QueryValue("a=%zz", "a"), std::nullopt);
  EXPECT_EQ(PercentDecoded("a%2Fb+c"), "a/b+c");
  EXPECT_EQ(PercentDecoded("a%00"), std::nullopt);
  EXPECT_EQ(PercentDecoded("a%2"), std::nullopt);
}

}  // namespace
}  // namespace weir::net
