#include <algorithm>
#include <array>
#include <charconv>

#include "net/framing_internal.h"

namespace weir::net {
namespace {

using Outcome = std::expected<void, Refusal>;

std::unexpected<Refusal> Refuse(int status, std::string_view code, std::string_view detail) {
  return std::unexpected(Refusal{status, code, detail});
}

// RFC 9110 section 5.6.2: what a method and a header's name consist of.
constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> is{};
  for (int c = '0'; c <= '9'; ++c) is[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) is[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) is[static_cast<size_t>(c)] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    is[static_cast<size_t>(c)] = true;
  return is;
}();

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Neither line ends nor other control characters; a tab may be.
bool IsFieldText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `with` for each element of a comma-separated list.
template <class F>
void ForEachElement(std::string_view list, F with) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (!Trim(one).empty()) with(Trim(one));
  }
}

// The target in absolute form names our host again; only its path counts.
std::string_view OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !EqualName(target.substr(0, scheme.size()), scheme))
      continue;
    const size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

class HeadReader {
 public:
  HeadReader(std::string_view head, const Limits& limits) : rest_(head), limits_(limits) {}

  std::expected<RequestHead, Refusal> Read() {
    if (auto read = RequestLine(); !read) return std::unexpected(read.error());
    while (!rest_.starts_with("\r\n"))
      if (auto read = HeaderLine(); !read) return std::unexpected(read.error());
    if (rest_.size() != 2)
      return Refuse(400, "http.bad_request", "something stands behind the end of the head");
    if (auto read = Framing(); !read) return std::unexpected(read.error());
    return std::move(head_);
  }

 private:
  // Up to CRLF. A CR or LF alone is found by those who read the line.
  std::optional<std::string_view> Line() {
    const size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return line;
  }

  Outcome RequestLine() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(2);  // RFC 9112 section 2.2
    const auto line = Line();
    const size_t first = line ? line->find(' ') : std::string_view::npos;
    const size_t second = line ? line->rfind(' ') : std::string_view::npos;
    if (first == std::string_view::npos || first == second)
      return Refuse(400, "http.bad_request", "the request line is not METHOD TARGET HTTP/1.1");
    const std::string_view version = line->substr(second + 1);
    head_.method = line->substr(0, first);
    head_.target = line->substr(first + 1, second - first - 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
      if (version.starts_with("HTTP/") && IsVisible(version))
        return Refuse(505, "http.version", "this server speaks HTTP/1.1");
      return Refuse(400, "http.bad_request", "the request line is not METHOD TARGET HTTP/1.1");
    }
    if (!IsToken(head_.method) || head_.target.empty() || !IsVisible(head_.target))
      return Refuse(400, "http.bad_request", "the method or the target holds a wrong character");
    if (head_.target.size() > limits_.target_bytes_max)
      return Refuse(414, "http.target_too_long", "the target is too long");
    head_.http_1_0 = version == "HTTP/1.0";
    head_.target = OriginForm(head_.target);
    head_.path = head_.target.substr(0, head_.target.find('?'));
    if (head_.path.size() < head_.target.size())
      head_.query = head_.target.substr(head_.path.size() + 1);
    return {};
  }

  Outcome HeaderLine() {
    const auto line = Line();
    const size_t colon = line ? line->find(':') : std::string_view::npos;
    if (colon == std::string_view::npos)
      return Refuse(400, "http.bad_header", "a header has no colon");
    const Header header{line->substr(0, colon), Trim(line->substr(colon + 1))};
    // A blank before the colon, and a line that begins with one, is no token either.
    if (!IsToken(header.name))
      return Refuse(400, "http.bad_header", "the name of a header holds a wrong character");
    if (!IsFieldText(header.value))
      return Refuse(400, "http.bad_header", "the value of a header holds a control character");
    if (head_.headers.size() == limits_.headers_count_max)
      return Refuse(431, "http.head_too_big", "there are too many headers");
    head_.headers.push_back(header);
    return {};
  }

  Outcome Framing() {
    size_t hosts = 0;
    head_.keep_alive = !head_.http_1_0;
    for (const Header& header : head_.headers) {
      if (EqualName(header.name, "host")) ++hosts;
      if (auto read = Meaning(header); !read) return read;
    }
    if (hosts > 1 || (hosts == 0 && !head_.http_1_0))
      return Refuse(400, "http.bad_host", "a request has one Host header");
    if (head_.chunked && head_.content_length)
      return Refuse(400, "http.bad_length", "a body has a Content-Length or chunks, not both");
    if (head_.chunked && head_.http_1_0)
      return Refuse(400, "http.bad_length", "HTTP/1.0 has no chunks");
    return {};
  }

  Outcome Meaning(const Header& header) {
    if (EqualName(header.name, "content-length")) return Length(header.value);
    if (EqualName(header.name, "transfer-encoding")) {
      if (head_.chunked || !EqualName(header.value, "chunked"))
        return header.value.empty() || head_.chunked
                   ? Refuse(400, "http.bad_length", "Transfer-Encoding stands there twice or empty")
                   : Refuse(501, "http.transfer_coding", "chunked is the one transfer coding here");
      head_.chunked = true;
    } else if (EqualName(header.name, "content-encoding")) {
      head_.coding = CodingOf(header.value);
    } else if (EqualName(header.name, "expect")) {
      if (!EqualName(header.value, "100-continue"))
        return Refuse(417, "http.expectation", "100-continue is the one expectation here");
      head_.expects_continue = !head_.http_1_0;
    } else if (EqualName(header.name, "connection")) {
      ForEachElement(header.value, [this](std::string_view one) {
        closing_ = closing_ || EqualName(one, "close");
        head_.keep_alive = !closing_ && (head_.keep_alive || EqualName(one, "keep-alive"));
      });
    }
    return {};
  }

  Outcome Length(std::string_view text) {
    uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || head_.content_length || text.front() == '-' || text.front() == '+')
      return Refuse(400, "http.bad_length", "Content-Length is not one whole number");
    head_.content_length = length;
    return {};
  }

  Coding CodingOf(std::string_view value) const {
    if (head_.coding != Coding::kIdentity) return Coding::kOther;
    if (value.empty() || EqualName(value, "identity")) return Coding::kIdentity;
    if (EqualName(value, "gzip") || EqualName(value, "x-gzip")) return Coding::kGzip;
    return EqualName(value, "zstd") ? Coding::kZstd : Coding::kOther;
  }

  std::string_view rest_;
  const Limits& limits_;
  RequestHead head_;
  bool closing_ = false;  // Connection: close was said.
};

}  // namespace

std::optional<size_t> FindHeadEnd(std::string_view bytes, size_t seen) {
  const size_t lead = bytes.starts_with("\r\n") ? 2 : 0;  // An empty line before it is no end.
  const size_t from = std::max(lead, seen < 3 ? 0 : seen - 3);
  const size_t end = bytes.find("\r\n\r\n", from);
  if (end == std::string_view::npos) return std::nullopt;
  return end + 4;
}

std::expected<RequestHead, Refusal> ReadHead(std::string_view head, const Limits& limits) {
  return HeadReader(head, limits).Read();
}

std::expected<ChunkedBody::Step, Refusal> ChunkedBody::Next(std::string_view bytes) {
  Step step;
  while (at_ != At::kData && at_ != At::kDone && step.used < bytes.size()) {
    if (auto taken = Take(bytes[step.used]); !taken) return std::unexpected(taken.error());
    ++step.used;
  }
  if (at_ == At::kData) {
    step.piece = bytes.substr(
        step.used, static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - step.used)));
    step.used += step.piece.size();
    left_ -= step.piece.size();
    if (left_ == 0) at_ = At::kDataCr;
  }
  step.done = at_ == At::kDone;
  return step;
}

Outcome ChunkedBody::Take(char c) {
  const auto wrong = [] {
    return Refuse(400, "http.bad_chunk", "a chunk is not SIZE CRLF DATA CRLF");
  };
  switch (at_) {
    case At::kSize:
    case At::kExtension:
      return TakeSize(c);
    case At::kSizeLf:
      if (c != '\n') return wrong();
      line_ = 0;
      digits_ = 0;
      at_ = left_ == 0 ? At::kTrailer : At::kData;
      return {};
    case At::kDataCr:
      if (c != '\r') return wrong();
      at_ = At::kDataLf;
      return {};
    case At::kDataLf:
      if (c != '\n') return wrong();
      at_ = At::kSize;
      return {};
    case At::kTrailer:
      return TakeTrailer(c);
    case At::kData:
    case At::kDone:
      break;
  }
  return {};
}

Outcome ChunkedBody::TakeSize(char c) {
  if (++line_ > limits_.chunk_line_bytes_max)
    return Refuse(400, "http.bad_chunk", "the line of a chunk's size is too long");
  if (c == '\r' && digits_ != 0) {
    at_ = At::kSizeLf;
    return {};
  }
  if (at_ == At::kExtension) {
    if (IsFieldText({&c, 1})) return {};
    return Refuse(400, "http.bad_chunk", "a chunk's extension holds a control character");
  }
  if (c == ';' && digits_ != 0) {
    at_ = At::kExtension;
    return {};
  }
  unsigned digit = 0;
  if (std::from_chars(&c, &c + 1, digit, 16).ec != std::errc())
    return Refuse(400, "http.bad_chunk", "a chunk's size is no hexadecimal number");
  if (++digits_ > 15) return Refuse(400, "http.bad_chunk", "a chunk's size is too big");
  left_ = left_ * 16 + digit;
  return {};
}

// Trailers are read past; none of them means anything here.
Outcome ChunkedBody::TakeTrailer(char c) {
  if (++line_ > limits_.trailer_bytes_max)
    return Refuse(400, "http.bad_chunk", "the trailers are too long");
  if (trailer_cr_) {
    if (c != '\n') return Refuse(400, "http.bad_chunk", "a trailer holds a bare CR");
    if (trailer_at_ == 0) at_ = At::kDone;
    trailer_at_ = 0;
    trailer_cr_ = false;
  } else if (c == '\r') {
    trailer_cr_ = true;
  } else if (IsFieldText({&c, 1}) && (trailer_at_ != 0 || (c != ' ' && c != '\t'))) {
    ++trailer_at_;
  } else {
    return Refuse(400, "http.bad_chunk", "a trailer holds a wrong character");
  }
  return {};
}

}  // namespace weir::net
