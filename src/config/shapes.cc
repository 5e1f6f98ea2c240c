#include "config/shapes.h"

#include <charconv>

#include "base/units.h"
#include "config/rate.h"

namespace weir::config {
namespace {

// A unit's own parser, its error turned into a fault of the key.
template <class V>
Shape<V> Unit(std::string values, std::string expected, Result<V> (*parse)(std::string_view)) {
  auto read = [expected, parse](const Node& node, const Reading& reading) -> std::optional<V> {
    const std::string* text = ScalarText(node, expected, reading);
    if (text == nullptr) return std::nullopt;
    const Result<V> value = parse(*text);
    if (value) return *value;
    WrongType(node, expected, reading);
    return std::nullopt;
  };
  return {.values = std::move(values), .read = std::move(read)};
}

std::string Joined(const std::vector<std::string>& words, std::string_view between,
                   std::string_view last) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : between;
    text += words[i];
  }
  return text;
}

}  // namespace

Reading Reading::Within(const std::string& key) const {
  return {faults, "'" + key + "'" + (where.empty() ? "" : " of " + where), entity};
}

Reading Reading::Entry(const std::string& what, const std::string& name) const {
  const std::string inner = what + " '" + name + "'" + (entity.empty() ? "" : " of " + entity);
  return {faults, inner, inner};
}

void Reading::Add(std::string_view code, std::string message, const Place& place,
                  std::string next) const {
  faults.Add(code, std::move(message), place, std::move(next));
}

void WrongType(const Node& node, std::string_view expected, const Reading& reading) {
  if (node.faulty) return;
  const std::string wanted(expected);
  if (node.is_empty()) {
    reading.Add("config.wrong_type", reading.where + " has no value", node.place,
                "give it " + wanted + ", or leave the key out");
    return;
  }
  constexpr size_t kShownMax = 60;
  std::string got(KindName(node));
  if (node.is_scalar() && node.shown().size() <= kShownMax) got = "'" + node.shown() + "'";
  reading.Add("config.wrong_type", reading.where + " takes " + wanted + ", not " + got, node.place);
}

const std::string* ScalarText(const Node& node, std::string_view expected, const Reading& reading) {
  if (node.faulty) return nullptr;
  if (node.is_scalar() && !node.is_empty()) return &node.text;
  WrongType(node, expected, reading);
  return nullptr;
}

Shape<std::string> Text() {
  auto read = [](const Node& node, const Reading& reading) -> std::optional<std::string> {
    const std::string* text = ScalarText(node, "text", reading);
    if (text == nullptr) return std::nullopt;
    return *text;
  };
  return {.values = "text", .read = read};
}

Shape<bool> Bool() {
  auto read = [](const Node& node, const Reading& reading) -> std::optional<bool> {
    constexpr std::string_view kExpected = "true or false";
    const std::string* text = ScalarText(node, kExpected, reading);
    if (text == nullptr) return std::nullopt;
    if (*text == "true") return true;
    if (*text == "false") return false;
    WrongType(node, kExpected, reading);
    return std::nullopt;
  };
  return {.values = "true | false", .read = read};
}

Shape<int64_t> Integer(int64_t least, int64_t most) {
  constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  const std::string range = most == kHighest
                                ? (least == kLowest ? "" : "from " + std::to_string(least))
                                : std::to_string(least) + " to " + std::to_string(most);
  auto read = [=](const Node& node, const Reading& reading) -> std::optional<int64_t> {
    constexpr std::string_view kExpected = "a whole number";
    const std::string* text = ScalarText(node, kExpected, reading);
    if (text == nullptr) return std::nullopt;
    int64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, ec] = std::from_chars(text->data(), end, number);
    if (ec == std::errc::invalid_argument || stop != end) {
      WrongType(node, kExpected, reading);
      return std::nullopt;
    }
    if (ec == std::errc::result_out_of_range || number < least || number > most) {
      reading.Add("config.out_of_range", reading.where + " is " + node.shown() + ", out of range",
                  node.place,
                  "write a whole number " + (range.empty() ? "of at most 64 bits" : range));
      return std::nullopt;
    }
    return number;
  };
  return {.values = range.empty() ? "whole number" : "whole number " + range,
          .read = std::move(read)};
}

Shape<uint64_t> Bytes() { return Unit("size", "a size such as 64MiB", ParseBytes); }

Shape<std::chrono::microseconds> Duration() {
  return Unit("duration", "a duration such as 500ms, 30s or 7d", ParseDuration);
}

Shape<double> Rate() { return Unit("share", "a share such as 0.5%", ParseRate); }

Shape<double> PerSecond() { return Unit("rate", "a rate such as 200/s or 5/m", ParsePerSecond); }

Shape<Node> Raw(std::string values) {
  auto read = [](const Node& node, const Reading&) -> std::optional<Node> { return node; };
  return {.values = std::move(values), .read = read};
}

Shape<size_t> WordIndex(std::vector<std::string> words, std::vector<bool> later) {
  std::vector<std::string> built;
  for (size_t i = 0; i < words.size(); ++i)
    if (!later[i]) built.push_back(words[i]);
  const std::string expected = Joined(built, ", ", " or ");
  auto read = [expected, built, words = std::move(words), later = std::move(later)](
                  const Node& node, const Reading& reading) -> std::optional<size_t> {
    const std::string* text = ScalarText(node, expected, reading);
    if (text == nullptr) return std::nullopt;
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != *text) continue;
      if (!later[i]) return i;
      reading.Add("config.not_built",
                  "'" + *text + "' is part of the language but this version does not run it yet",
                  node.place, "use " + expected);
      return std::nullopt;
    }
    reading.Add("config.bad_word",
                reading.where + " takes " + expected + ", not '" + node.shown() + "'", node.place,
                node.written.empty() ? Suggestion(*text, built) : "");
    return std::nullopt;
  };
  return {.values = Joined(built, " | ", " | "), .read = std::move(read)};
}

bool IsName(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  bool good = !name.empty() && is_lower(name.front());
  for (const char c : name) good = good && (is_lower(c) || (c >= '0' && c <= '9') || c == '_');
  return good;
}

bool CheckName(const std::string& name, std::string_view what, const Place& place, Faults& faults) {
  if (IsName(name)) return true;
  faults.Add("config.bad_name", "'" + name + "' cannot name a " + std::string(what), place,
             "use lower-case letters, digits and _, beginning with a letter");
  return false;
}

}  // namespace weir::config
