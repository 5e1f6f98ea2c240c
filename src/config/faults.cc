#include "config/faults.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/spelling.h"

namespace weir::config {

void Faults::Add(std::string_view code, std::string message, const Place& place, std::string next) {
  errors_.push_back({.kind = ErrorKind::kConfig,
                     .code = std::string(code),
                     .message = std::move(message),
                     .place = place,
                     .next = std::move(next)});
}

void Faults::Add(Error error, const Place& place) {
  if (!error.place.known()) error.place = place;
  errors_.push_back(std::move(error));
}

Errors Faults::Sorted() const {
  std::map<std::string, size_t> order;
  for (const Error& error : errors_) order.emplace(error.place.file, order.size());
  Errors sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Error& a, const Error& b) {
    return std::tuple(order[a.place.file], a.place.line, a.place.column) <
           std::tuple(order[b.place.file], b.place.line, b.place.column);
  });
  return sorted;
}

Errors Faults::Take() && {
  Errors sorted = Sorted();
  errors_.clear();
  return sorted;
}

std::string Suggestion(std::string_view word, std::span<const std::string> known) {
  constexpr size_t kFew = 12;
  if (const auto nearest = NearestWord(word, known)) return "did you mean '" + *nearest + "'?";
  if (known.empty() || known.size() > kFew) return {};
  std::string list = "known: ";
  for (size_t i = 0; i < known.size(); ++i) list += (i == 0 ? "" : ", ") + known[i];
  return list;
}

void Sources::Add(std::string file, std::string text) {
  std::vector<size_t> begins = {0};
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    begins.push_back(at + 1);
  texts_[std::move(file)] = {std::move(text), std::move(begins)};
}

std::optional<std::string_view> Sources::Line(const std::string& file, uint64_t line) const {
  const auto found = texts_.find(file);
  if (found == texts_.end() || line == 0 || line > found->second.line_begins.size())
    return std::nullopt;
  std::string_view text = found->second.bytes;
  text.remove_prefix(found->second.line_begins[line - 1]);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace weir::config
