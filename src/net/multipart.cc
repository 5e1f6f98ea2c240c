#include "net/multipart.h"

#include <algorithm>

#include "base/letter_case.h"
#include "net/limits.h"
#include "net/request.h"

namespace weir::net {
namespace {

using Event = MultipartReader::Event;

std::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorKind::kInvalid, "http.bad_multipart", std::move(message),
              "send it as curl -F file=@x.csv does");
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool IsBoundary(std::string_view text) {
  static constexpr std::string_view kSpecial = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= kBoundaryBytesMax && text.back() != ' ' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kSpecial.find(c) != std::string_view::npos;
         });
}

// Parameters of a header: `; name="file"; filename=x.csv`.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}

  struct Parameter {
    std::string name;  // Lower case.
    std::string value;
  };
  // nullopt: no more, or broken.
  std::optional<Parameter> Next() {
    rest_ = Trim(rest_);
    if (rest_.empty()) return std::nullopt;
    const size_t equals = rest_.find('=');
    broken_ = !rest_.starts_with(';') || equals == std::string_view::npos;
    if (broken_) return std::nullopt;
    Parameter parameter{Lower(Trim(rest_.substr(1, equals - 1))), {}};
    rest_ = Trim(rest_.substr(equals + 1));
    auto value = rest_.starts_with('"') ? Quoted() : Plain();
    broken_ = !value || parameter.name.empty();
    if (broken_) return std::nullopt;
    parameter.value = std::move(*value);
    return parameter;
  }
  bool broken() const { return broken_; }

 private:
  std::optional<std::string> Plain() {
    const std::string_view value = rest_.substr(0, rest_.find(';'));
    rest_.remove_prefix(value.size());
    return std::string(Trim(value));
  }
  std::optional<std::string> Quoted() {
    std::string value;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return value;
      }
      // A quote or a backslash is written with one before it; else one is a folder of Windows.
      if (rest_[i] == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\'))
        ++i;
      value += rest_[i];
    }
    return std::nullopt;
  }

  std::string_view rest_;
  bool broken_ = false;
};

Result<void> ReadDisposition(std::string_view value, PartHead& into) {
  const std::string_view kind = value.substr(0, value.find(';'));
  if (Lower(Trim(kind)) != "form-data") return Wrong("a part is no form-data");
  Parameters parameters(value.substr(kind.size()));
  while (auto one = parameters.Next()) {
    if (one->name == "name") {
      if (!into.name.empty()) return Wrong("a part has two names");
      into.name = std::move(one->value);
    } else if (one->name == "filename") {
      into.filename = one->value.substr(one->value.find_last_of("/\\") + 1);
    }
  }
  if (parameters.broken()) return Wrong("a part's Content-Disposition cannot be read");
  return {};
}

Result<void> ReadPartHeader(std::string_view line, PartHead& into) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || line.front() == ' ' || line.front() == '\t')
    return Wrong("a part's header is not NAME: VALUE");
  if (std::ranges::any_of(line, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      }))
    return Wrong("a part's header holds a control character");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualName(name, "content-disposition")) {
    if (!into.name.empty()) return Wrong("a part has Content-Disposition twice");
    return ReadDisposition(value, into);
  }
  if (EqualName(name, "content-type"))
    into.content_type = Lower(Trim(value.substr(0, value.find(';'))));
  if (EqualName(name, "content-transfer-encoding") && !EqualName(value, "binary") &&
      !EqualName(value, "8bit") && !EqualName(value, "7bit"))
    return Wrong("a part has a Content-Transfer-Encoding");
  return {};
}

// `head` ends with CRLF after each line.
Result<PartHead> ReadPartHead(std::string_view head) {
  PartHead part;
  for (size_t count = 0; !head.empty(); ++count) {
    if (count == kPartHeadersCountMax) return Wrong("a part has too many headers");
    const size_t end = head.find("\r\n");
    WEIR_TRY(ReadPartHeader(head.substr(0, end), part));
    head.remove_prefix(end + 2);
  }
  if (part.name.empty()) return Wrong("a part has no name");
  return part;
}

}  // namespace

Result<MultipartReader> MultipartReader::Make(std::string_view content_type) {
  const std::string_view kind = content_type.substr(0, content_type.find(';'));
  if (Lower(Trim(kind)) != "multipart/form-data")
    return Wrong("the body is no multipart/form-data");
  std::optional<std::string> boundary;
  Parameters parameters(content_type.substr(kind.size()));
  while (auto one = parameters.Next()) {
    if (one->name != "boundary") continue;
    if (boundary) return Wrong("Content-Type names two boundaries");
    boundary = std::move(one->value);
  }
  if (parameters.broken() || !boundary || !IsBoundary(*boundary))
    return Wrong("Content-Type names no boundary of 1 to 70 characters");
  return MultipartReader(*boundary);
}

Result<Event> MultipartReader::Next(std::string_view& input) {
  given_.clear();
  while (!input.empty()) {
    Event event;
    if (at_ == At::kEpilogue) {
      input = {};
      continue;
    }
    if (at_ == At::kBehindBoundary) {
      WEIR_ASSIGN(event, BehindBoundary(input));
    } else if (at_ == At::kHead) {
      WEIR_ASSIGN(event, Head(input));
    } else {
      const bool preamble = at_ == At::kPreamble;
      WEIR_ASSIGN(event, Data(input));
      if (preamble) continue;
    }
    if (event.kind != Event::Kind::kNeedMore) return event;
  }
  return Event{};
}

// What may be a delimiter begins with CR, and no CR stands within one: so what is held is never
// looked at twice.
Result<Event> MultipartReader::Data(std::string_view& input) {
  if (!held_.empty()) {
    const size_t more = std::min(delimiter_.size() - held_.size(), input.size());
    if (delimiter_.compare(held_.size(), more, input.substr(0, more)) != 0) {
      given_ = std::exchange(held_, {});
      return Event{.kind = Event::Kind::kBytes, .bytes = given_};
    }
    held_ += input.substr(0, more);
    input.remove_prefix(more);
    if (held_.size() < delimiter_.size()) return Event{};
    held_.clear();
    at_ = At::kBehindBoundary;
    return Event{.kind = Event::Kind::kPartEnd};
  }
  size_t end = input.find(delimiter_);
  size_t used = end + delimiter_.size();
  if (end != 0) {
    if (end == std::string_view::npos) {
      end = input.size();
      const size_t cr = input.rfind('\r');
      if (cr != std::string_view::npos && delimiter_.starts_with(input.substr(cr))) end = cr;
    }
    used = end;
  }
  const std::string_view bytes = input.substr(0, end);
  if (end == 0 && used == 0) {
    held_ = input;
    input = {};
    return Event{};
  }
  input.remove_prefix(used);
  if (!bytes.empty()) return Event{.kind = Event::Kind::kBytes, .bytes = bytes};
  at_ = At::kBehindBoundary;
  return Event{.kind = Event::Kind::kPartEnd};
}

// Behind a boundary stands "--", or the end of its line.
Result<Event> MultipartReader::BehindBoundary(std::string_view& input) {
  held_ += input.front();
  input.remove_prefix(1);
  if (held_ == "--") {
    held_.clear();
    at_ = At::kEpilogue;
    return Event{.kind = Event::Kind::kDone};
  }
  if (held_ == "-") return Event{};
  if (held_.ends_with("\r\n")) {
    if (++parts_ > kPartsCountMax) return Wrong("there are too many parts");
    held_.clear();
    at_ = At::kHead;
    return Event{};
  }
  const std::string_view blanks = std::string_view(held_).substr(0, held_.find('\r'));
  const bool fits = blanks.find_first_not_of(" \t") == std::string_view::npos &&
                    held_.size() <= blanks.size() + 1;
  if (!fits || held_.size() > kBoundaryBytesMax) return Wrong("a boundary does not end its line");
  return Event{};
}

Result<Event> MultipartReader::Head(std::string_view& input) {
  const size_t before = held_.size();
  held_ += input.substr(0, kPartHeadBytesMax + 1 - std::min(before, kPartHeadBytesMax));
  const size_t end = held_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (held_.size() > kPartHeadBytesMax) return Wrong("the head of a part is too long");
    input = {};
    return Event{};
  }
  input.remove_prefix(end + 4 - before);
  WEIR_ASSIGN(PartHead part, ReadPartHead(std::string_view(held_).substr(0, end + 2)));
  held_.clear();
  at_ = At::kData;
  return Event{.kind = Event::Kind::kPart, .part = std::move(part)};
}

}  // namespace weir::net
