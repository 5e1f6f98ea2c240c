// The forms of an event: JSON line and console text, both without secrets.
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/spelling.h"
#include "telemetry/describe_internal.h"

namespace weir::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

// Of one field: a line stays small enough to be written in one piece.
constexpr size_t kFieldBytesMax = 4096;

bool EndsToken(char c) {
  return std::isspace(static_cast<unsigned char>(c)) || c == '&' || c == ';' || c == ',' ||
         c == '"';
}

bool SameLetters(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
  return true;
}

// How many bytes after `at` are a secret's value, where a word that announces one ends there.
size_t ValueLength(std::string_view text, size_t at) {
  if (at < text.size() && (text[at] == '\'' || text[at] == '"')) {
    const size_t close = text.find(text[at], at + 1);
    return close == std::string_view::npos ? text.size() - at : close + 1 - at;
  }
  size_t end = at;
  while (end < text.size() && !EndsToken(text[end])) ++end;
  return end - at;
}

// The password of "scheme://user:password@host", where `at` stands on "://".
struct Stretch {
  size_t begin = 0;
  size_t end = 0;
};
std::optional<Stretch> UrlPassword(std::string_view text, size_t at) {
  size_t end = at + 3;
  while (end < text.size() && !EndsToken(text[end]) && text[end] != '/') ++end;
  const std::string_view authority = text.substr(at + 3, end - at - 3);
  const size_t host = authority.rfind('@');
  if (host == std::string_view::npos) return std::nullopt;
  const size_t colon = authority.find(':');
  if (colon == std::string_view::npos || colon > host) return std::nullopt;
  return Stretch{at + 3 + colon + 1, at + 3 + host};
}

std::string Form(const std::string& text) {
  std::string masked = MaskSecrets(text);
  if (masked.size() > kFieldBytesMax) masked = masked.substr(0, kFieldBytesMax) + "...";
  return masked;
}

}  // namespace

std::string_view ToString(Level level) { return kLevelNames[static_cast<size_t>(level)]; }

Result<Level> ParseLevel(std::string_view text) {
  for (size_t i = 0; i < kLevelNames.size(); ++i)
    if (text == kLevelNames[i]) return static_cast<Level>(i);
  const std::vector<std::string> known(kLevelNames.begin(), kLevelNames.end());
  const auto near = NearestWord(text, known);
  return Fail(ErrorKind::kConfig, "telemetry.level", "'" + std::string(text) + "' is no log level",
              near ? "did you mean '" + *near + "'?" : "use debug, info, warn or error");
}

std::string MaskSecrets(std::string_view text) {
  static constexpr std::string_view kAnnouncing[] = {
      "password=",   "pwd=",    "secret=",    "token=",
      "secret_key=", "bearer ", "secretkey=", "authorization: basic "};
  std::string masked;
  masked.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i, 3) == "://") {
      if (const auto password = UrlPassword(text, i)) {
        masked.append(text.substr(i, password->begin - i)).append("***");
        i = password->end;
        continue;
      }
    }
    size_t taken = 0;
    for (const std::string_view word : kAnnouncing) {
      if (!SameLetters(text.substr(i), word)) continue;
      const size_t length = ValueLength(text, i + word.size());
      if (length == 0) continue;
      masked.append(text.substr(i, word.size())).append("***");
      taken = word.size() + length;
      break;
    }
    if (taken == 0) masked += text[i];
    i += taken == 0 ? 1 : taken;
  }
  return masked;
}

std::string ToJsonLine(const Event& event, Instant at) {
  const Description description = Describe(event);
  nlohmann::ordered_json line;
  line["ts"] = FormatInstant(at);
  line["level"] = ToString(description.level);
  line["event"] = description.event;
  for (const auto& [name, value] : description.fields) {
    std::visit(
        [&line, key = std::string(name)](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            line[key] = Form(v);
          else
            line[key] = v;
        },
        value);
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string ToText(const Event& event) { return Form(Describe(event).text); }

}  // namespace weir::telemetry
