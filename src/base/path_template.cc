#include "base/path_template.h"

#include <algorithm>
#include <charconv>

#include "base/spelling.h"

namespace weir {
namespace {

// Of at most 18 digits, and nothing else.
uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

const std::vector<std::string>& Placeholders() {
  static const std::vector<std::string> names = {"date", "hour", "name",   "pipeline",
                                                 "run",  "n",    "entity", "seq"};
  return names;
}

bool IsNumber(std::string_view placeholder) { return placeholder == "n" || placeholder == "seq"; }

std::string OneName(std::string_view text) {
  std::string name(text);
  for (char& c : name)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
  if (!name.empty() && name[0] == '.') name[0] = '_';
  return name;
}

std::string Digits(uint64_t number, int width) {
  std::string digits = std::to_string(number);
  if (digits.size() < static_cast<size_t>(width)) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::unexpected<Error> FailAt(size_t column, std::string code, std::string message,
                              std::string next = {}) {
  Error error{.kind = ErrorKind::kInvalid,
              .code = std::move(code),
              .message = std::move(message),
              .place = {},
              .next = std::move(next)};
  error.place.column = column + 1;
  return std::unexpected(std::move(error));
}

}  // namespace

Result<PathTemplate> PathTemplate::Parse(std::string_view text) {
  std::vector<Piece> pieces;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('{', at);
    if (open != at)
      pieces.push_back({.literal = std::string(text.substr(at, open - at)), .placeholder = {}});
    if (open == std::string_view::npos) break;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos)
      return FailAt(open, "path.unclosed", "'{' is not closed", "add '}'");
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    const size_t colon = std::min(inside.find(':'), inside.size());
    Piece piece{.literal = {}, .placeholder = std::string(inside.substr(0, colon))};
    if (std::ranges::find(Placeholders(), piece.placeholder) == Placeholders().end()) {
      const auto near = NearestWord(piece.placeholder, Placeholders());
      return FailAt(open, "path.placeholder", "there is no {" + piece.placeholder + "}",
                    near ? "did you mean {" + *near + "}?"
                         : "known: {date} {hour} {name} {pipeline} {run} {entity} {n} {seq}");
    }
    if (colon < inside.size()) {
      const std::string_view digits = inside.substr(colon + 1);
      const bool is_number =
          !digits.empty() && digits.size() <= 3 &&
          std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
      piece.width = is_number ? static_cast<int>(NumberOf(digits)) : 0;
      if (piece.width < 1 || piece.width > 18 || !IsNumber(piece.placeholder))
        return FailAt(open, "path.width", "'" + std::string(inside) + "' has no width",
                      "write {n:05} or {seq:06}: 1 to 18 digits, for n and seq");
    }
    pieces.push_back(std::move(piece));
    at = close + 1;
  }
  return Of(std::move(pieces));
}

PathTemplate PathTemplate::Of(std::vector<Piece> pieces) {
  PathTemplate made;
  for (const Piece& piece : pieces) {
    if (piece.placeholder.empty())
      made.text_ += piece.literal;
    else
      made.text_ +=
          "{" + piece.placeholder + (piece.width > 0 ? ":" + Digits(piece.width, 2) : "") + "}";
  }
  made.pieces_ = std::move(pieces);
  return made;
}

std::string PathTemplate::Fill(const PathValues& values) const {
  const std::string instant = FormatInstant(values.at);  // 2026-05-01T10:00:00Z
  std::string path;
  for (const Piece& piece : pieces_) {
    const std::string& name = piece.placeholder;
    if (name.empty())
      path += piece.literal;
    else if (name == "date")
      path += instant.substr(0, 10);
    else if (name == "hour")
      path += instant.substr(11, 2);
    else if (name == "name")
      path += OneName(values.name);
    else if (name == "pipeline")
      path += OneName(values.pipeline);
    else if (name == "run")
      path += OneName(values.run);
    else if (name == "entity")
      path += OneName(values.entity);
    else if (name == "n")
      path += Digits(values.n, piece.width);
    else
      path += Digits(values.seq, piece.width);
  }
  return path;
}

bool PathTemplate::Uses(std::string_view placeholder) const {
  return std::ranges::any_of(pieces_,
                             [&](const Piece& piece) { return piece.placeholder == placeholder; });
}

PathTemplate PathTemplate::Folder() const {
  for (size_t i = pieces_.size(); i-- > 0;) {
    const size_t slash = pieces_[i].literal.rfind('/');
    if (slash == std::string::npos) continue;
    std::vector<Piece> pieces(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(i));
    pieces.push_back({.literal = pieces_[i].literal.substr(0, slash), .placeholder = {}});
    return Of(std::move(pieces));
  }
  return Of({});
}

PathTemplate PathTemplate::LastName() const {
  for (size_t i = pieces_.size(); i-- > 0;) {
    const size_t slash = pieces_[i].literal.rfind('/');
    if (slash == std::string::npos) continue;
    std::vector<Piece> pieces = {
        {.literal = pieces_[i].literal.substr(slash + 1), .placeholder = {}}};
    pieces.insert(pieces.end(), pieces_.begin() + static_cast<ptrdiff_t>(i) + 1, pieces_.end());
    return Of(std::move(pieces));
  }
  return *this;
}

uint64_t PathTemplate::LargestSeq(const std::vector<std::string>& names,
                                  const PathValues& values) const {
  const auto seq = std::ranges::find(pieces_, "seq", &Piece::placeholder);
  if (seq == pieces_.end()) return 0;
  const std::string before = Of({pieces_.begin(), seq}).Fill(values);
  const std::string after = Of({seq + 1, pieces_.end()}).Fill(values);
  uint64_t largest = 0;
  for (const std::string& name : names) {
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
        !name.ends_with(after))
      continue;
    const std::string_view digits =
        std::string_view(name).substr(before.size(), name.size() - before.size() - after.size());
    if (digits.size() > 18 ||
        !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    largest = std::max(largest, NumberOf(digits));
  }
  return largest;
}

}  // namespace weir
