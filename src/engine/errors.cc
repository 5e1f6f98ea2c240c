#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "base/spelling.h"
#include "engine/engine_internal.h"

namespace weir::engine {
namespace {

struct KnownError {
  std::string_view type;  // DuckDB's.
  std::string_view code;
  ErrorKind kind;
};

constexpr auto kKnownErrors = std::to_array<KnownError>({
    {"Parser", "engine.parse", ErrorKind::kInvalid},
    {"Syntax", "engine.parse", ErrorKind::kInvalid},
    {"Binder", "engine.bind", ErrorKind::kInvalid},
    {"Catalog", "engine.bind", ErrorKind::kInvalid},
    {"Parameter Not Resolved", "engine.bind", ErrorKind::kInvalid},
    {"Parameter Not Allowed", "engine.bind", ErrorKind::kInvalid},
    {"Expression", "engine.bind", ErrorKind::kInvalid},
    {"Out of Memory", "engine.memory", ErrorKind::kInvalid},
    {"INTERRUPT", "engine.cancelled", ErrorKind::kCancelled},
    {"Permission", "engine.denied", ErrorKind::kInvalid},
    {"Missing Extension", "engine.denied", ErrorKind::kInvalid},
    {"Extension/Autoloading", "engine.denied", ErrorKind::kInvalid},
    {"IO", "engine.io", ErrorKind::kIo},
    {"HTTP", "engine.io", ErrorKind::kIo},
    {"INTERNAL", "engine.broken", ErrorKind::kCorrupt},
    {"FATAL", "engine.broken", ErrorKind::kCorrupt},
});

// The texts that stand in double quotes.
std::vector<std::string> QuotedWords(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = text.find('"'); begin != std::string_view::npos;) {
    const size_t end = text.find('"', begin + 1);
    if (end == std::string_view::npos) break;
    words.emplace_back(text.substr(begin + 1, end - begin - 1));
    begin = text.find('"', end + 1);
  }
  return words;
}

// Of a column that is not there: the name that was meant, else the names that there are.
std::string AdviceOnNames(std::string_view message, std::string_view candidates) {
  const std::vector<std::string> missing = QuotedWords(message);
  const std::vector<std::string> there = QuotedWords(candidates);
  if (const auto near = missing.empty() ? std::nullopt : NearestWord(missing.front(), there))
    return "did you mean '" + *near + "'?";
  return "there are " + std::string(candidates);
}

// The first line is the cause; the rest, where it is no picture of the SQL, is advice.
void SplitMessage(std::string_view text, Error& error) {
  const size_t end = text.find('\n');
  error.message = std::string(text.substr(0, end));
  while (!error.message.empty() && (error.message.back() == '!' || error.message.back() == '.'))
    error.message.pop_back();
  if (end == std::string_view::npos) return;
  std::string_view rest = text.substr(end + 1);
  const size_t line_end = rest.find('\n');
  const std::string_view line = rest.substr(0, line_end);
  if (line.starts_with("Did you mean")) error.next = "d" + std::string(line.substr(1));
  if (line.starts_with("Candidate bindings: "))
    error.next = AdviceOnNames(error.message, line.substr(20));
}

void SetPlace(std::string_view position, std::string_view sql, Error& error) {
  size_t offset = 0;
  const auto read = std::from_chars(position.data(), position.data() + position.size(), offset);
  if (read.ec != std::errc() || offset > sql.size()) return;
  const std::string_view before = sql.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
  error.place.line = 1 + static_cast<uint64_t>(std::ranges::count(before, '\n'));
  error.place.column = 1 + (offset - line_start);
}

// "Binder Error: text" of messages that are not JSON.
std::pair<std::string_view, std::string_view> SplitPlain(std::string_view text) {
  const size_t at = text.find(" Error: ");
  if (at == std::string_view::npos || at > 40) return {"", text};
  return {text.substr(0, at), text.substr(at + 8)};
}

std::string AdviceFor(std::string_view code) {
  if (code == "engine.memory") return "read fewer columns or rows at once, or allow more memory";
  if (code == "engine.denied") return "only the project's own tables and files can be read here";
  if (code == "engine.broken") return "start again; if it comes back, report the SQL";
  return {};
}

}  // namespace

Error ErrorFrom(const char* message, std::string_view sql) {
  const std::string_view text = message != nullptr ? message : "DuckDB gave no reason";
  auto [type_view, cause_view] = SplitPlain(text);
  std::string type(type_view);
  std::string cause(cause_view);
  std::string position;
  if (const size_t brace = text.find('{'); brace != std::string_view::npos && brace < 60) {
    const auto json = nlohmann::json::parse(text.substr(brace), nullptr, false);
    if (json.is_object() && json.contains("exception_message")) {
      type = json.value("exception_type", type);
      cause = json.value("exception_message", cause);
      position = json.value("position", std::string());
    }
  }
  Error error{.kind = ErrorKind::kInvalid,
              .code = "engine.runtime",
              .message = {},
              .place = {},
              .next = {}};
  for (const KnownError& known : kKnownErrors)
    if (known.type == type) {
      error.code = known.code;
      error.kind = known.kind;
    }
  SplitMessage(cause, error);
  if (error.code == "engine.cancelled") error.message = "cancelled";
  if (error.next.empty()) error.next = AdviceFor(error.code);
  if (!position.empty()) SetPlace(position, sql, error);
  return error;
}

Error ErrorFromArrow(const std::string& message) {
  return Error{.kind = ErrorKind::kInvalid,
               .code = "engine.runtime",
               .message = message,
               .place = {},
               .next = {}};
}

Error PlacedAt(Error error, const Place& origin) {
  if (error.place.known()) return error;
  error.place.file = origin.file;
  if (error.place.line == 0) {
    error.place.line = origin.line;
    error.place.column = origin.column;
    return error;
  }
  if (error.place.line == 1 && origin.column > 1) error.place.column += origin.column - 1;
  if (origin.line > 1) error.place.line += origin.line - 1;
  return error;
}

}  // namespace weir::engine
