// What a request says before its body, and what is answered. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

struct Header {
  std::string_view name;   // As sent; compared without case.
  std::string_view value;  // Without the blanks around it.
};

enum class Coding : uint8_t { kIdentity, kGzip, kZstd, kOther };  // Content-Encoding

// The views point into the connection's buffer: valid until the call that was given it returns.
struct RequestHead {
  std::string_view method;  // "POST"; compared with case.
  std::string_view target;  // "/stores/7/transactions?ack=committed"
  std::string_view path;    // Up to '?', as sent.
  std::string_view query;   // Behind it.
  std::vector<Header> headers;
  std::optional<uint64_t> content_length;  // None: chunked, or no body.
  bool chunked = false;
  bool expects_continue = false;
  bool keep_alive = true;
  bool http_1_0 = false;
  Coding coding = Coding::kIdentity;
  std::string_view peer;  // "127.0.0.1"

  // The first of that name; empty where there is none.
  std::string_view Find(std::string_view name) const;
  bool Has(std::string_view name) const;
  bool has_body() const { return chunked || content_length.value_or(0) != 0; }
};

// Lines that stand in every answer unless it says otherwise, each behind a CRLF.
inline constexpr std::string_view kUsualLines =
    "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store";

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string_view lines = kUsualLines;  // Of the head, as they are sent; they outlive it.
};

// "Not Found"; "Unknown" for what is no status.
std::string_view ReasonOf(int status);

// Without case, ASCII.
bool EqualName(std::string_view a, std::string_view b);

// "%2Fa+b" -> "/a+b" (a plus stays); nullopt where an escape is broken or gives NUL.
std::optional<std::string> PercentDecoded(std::string_view text);
// The decoded value of `name` in "a=1&b=2"; nullopt where it is not there, or its escapes are
// broken. A plus is a blank.
std::optional<std::string> QueryValue(std::string_view query, std::string_view name);

}  // namespace weir::net
