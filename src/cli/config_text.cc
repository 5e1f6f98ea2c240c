#include "cli/config_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/letter_case.h"
#include "config/effective.h"

namespace weir::cli {
namespace {

using config::Entry;
using config::Node;
using nlohmann::json;

constexpr std::string_view kMask = "********";

bool NamesSecret(const std::string& name) {
  constexpr std::array kWords = {"password", "passwd",     "secret",     "token",
                                 "api_key",  "access_key", "credential", "private_key"};
  const std::string lower = Lower(name);
  return std::ranges::any_of(
      kWords, [&](const char* word) { return lower.find(word) != std::string::npos; });
}

// The names between the braces of ${...}; those of files with "file:" before them.
std::vector<std::string> Variables(const std::string& written) {
  std::vector<std::string> names;
  for (size_t at = written.find("${"); at != std::string::npos; at = written.find("${", at + 2)) {
    if (at > 0 && written[at - 1] == '$') continue;
    const size_t from = at + 2;
    const bool file = written.compare(from, 5, "file:") == 0;
    const size_t end = written.find_first_of(file ? "}" : ":}", from);
    names.push_back(written.substr(from, end == std::string::npos ? end : end - from));
  }
  return names;
}

// "postgresql://ann:secret@db/shop" and "host=db password=secret" without the secret.
std::string WithoutPassword(std::string text) {
  const size_t scheme = text.find("://");
  if (scheme != std::string::npos) {
    const size_t from = scheme + 3;
    const size_t end = text.find_first_of("/?", from);
    const size_t at = text.rfind('@', end == std::string::npos ? end : end - 1);
    const size_t colon = text.find(':', from);
    if (at != std::string::npos && colon != std::string::npos && at >= from && colon < at)
      text.replace(colon + 1, at - colon - 1, kMask);
  }
  const size_t word = Lower(text).find("password=");
  if (word == std::string::npos) return text;
  const size_t from = word + std::string_view("password=").size();
  size_t end = text.find_first_of(" &", from);
  if (from < text.size() && text[from] == '\'') end = text.find('\'', from + 1);
  return text.replace(from, end == std::string::npos ? end : end - from, kMask);
}

// Where a scalar stands: in a list or alone on its line, where more is read as it is.
enum class Standing : uint8_t { kAlone, kInList };

bool IsPlain(const std::string& text, Standing standing) {
  const std::string_view signs = standing == Standing::kAlone ? "_./-+*%@(), " : "_./-+*%@";
  const auto fits = [signs](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           signs.find(c) != std::string_view::npos;
  };
  const bool begins =
      !text.empty() && (std::isalnum(static_cast<unsigned char>(text.front())) != 0 ||
                        text.front() == '.' || text.front() == '/');
  return begins && text.back() != ' ' && std::ranges::all_of(text, fits);
}

// What stands in the file for a text; `${` must not be put in again.
std::string Written(const std::string& text, Standing standing) {
  if (IsPlain(text, standing)) return text;
  std::string escaped;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, "${") == 0) escaped += '$';
    escaped += text[at];
  }
  return json(escaped).dump(-1, ' ', false, json::error_handler_t::replace);
}

// Keys are not substituted, and may hold brackets: missing(user_id).
std::string WrittenKey(const std::string& key) {
  return IsPlain(key, Standing::kAlone)
             ? key
             : json(key).dump(-1, ' ', false, json::error_handler_t::replace);
}

class Text {
 public:
  explicit Text(bool origin) : origin_(origin) {}

  void Map(const Node& map, size_t depth) {
    for (const Entry& entry : map.entries) {
      Begin(depth);
      Value(entry.key.text, WrittenKey(entry.key.text) + ":", entry.value, depth);
    }
  }
  std::string Take() && { return std::move(text_); }

 private:
  void Begin(size_t depth) {
    if (dash_) {
      dash_ = false;
    } else {
      text_.append(2 * depth, ' ');
    }
  }

  void End(const Node& value) {
    if (origin_) text_ += "  # " + OriginOf(value);
    text_ += '\n';
  }

  // `head` is what stands before the value: "rows:" or "-".
  void Value(const std::string& key, const std::string& head, const Node& value, size_t depth) {
    text_ += head;
    if (value.is_scalar()) {
      if (!value.is_empty()) text_ += " " + Written(ShownValue(key, value), Standing::kAlone);
      End(value);
    } else if (value.is_sequence() ? value.items.empty() : value.entries.empty()) {
      text_ += value.is_sequence() ? " []" : " {}";
      End(value);
    } else if (value.is_map()) {
      text_ += '\n';
      Map(value, depth + 1);
    } else if (std::ranges::all_of(value.items, &Node::is_scalar)) {
      text_ += " [";
      for (const Node& item : value.items)
        text_ += (&item == &value.items.front() ? "" : ", ") +
                 Written(ShownValue(key, item), Standing::kInList);
      text_ += "]";
      End(value.items.front());
    } else {
      text_ += '\n';
      for (const Node& item : value.items) Item(key, item, depth + 1);
    }
  }

  void Item(const std::string& key, const Node& item, size_t depth) {
    text_.append(2 * depth, ' ');
    if (!item.is_map() || item.entries.empty()) return Value(key, "-", item, depth);
    text_ += "- ";
    dash_ = true;  // The first key stands on the line of the dash.
    Map(item, depth + 1);
  }

  bool origin_;
  bool dash_ = false;
  std::string text_;
};

json ValueToJson(const std::string& key, const Node& node) {
  if (node.is_scalar()) return node.is_empty() ? json() : json(ShownValue(key, node));
  if (node.is_sequence()) {
    json list = json::array();
    for (const Node& item : node.items) list.push_back(ValueToJson(key, item));
    return list;
  }
  json map = json::object();
  for (const Entry& entry : node.entries)
    map[entry.key.text] = ValueToJson(entry.key.text, entry.value);
  return map;
}

void AddOrigins(const std::string& path, const Node& node, json& into) {
  const std::string before = path.empty() ? "" : path + ".";
  for (const Entry& entry : node.entries) AddOrigins(before + entry.key.text, entry.value, into);
  for (size_t i = 0; i < node.items.size(); ++i)
    AddOrigins(before + std::to_string(i), node.items[i], into);
  if (node.is_scalar()) into[path] = OriginOf(node);
}

}  // namespace

std::string ShownValue(const std::string& key, const Node& scalar) {
  if (NamesSecret(key) && !scalar.text.empty()) return std::string(kMask);
  for (const std::string& name : Variables(scalar.written))
    if (name.starts_with("file:") || NamesSecret(name)) return std::string(kMask);
  return WithoutPassword(scalar.text);
}

std::string OriginOf(const Node& scalar) {
  if (scalar.place.file == config::kDefaultFile) return "default";
  const std::string place = scalar.place.file + ":" + std::to_string(scalar.place.line);
  std::string variables;
  std::string unset;
  for (const std::string& name : Variables(scalar.written)) {
    if (name.starts_with("file:")) {
      variables += (variables.empty() ? "" : ", ") + ("file " + name.substr(5));
    } else if (const char* value = std::getenv(name.c_str()); value != nullptr && *value != '\0') {
      variables += (variables.empty() ? "" : ", ") + ("environment variable " + name);
    } else {
      unset += ", " + name + " is not set";
    }
  }
  return variables.empty() ? place + unset : variables + " by " + place;
}

std::string ConfigText(const Node& root, const ConfigTextOptions& options) {
  Text text(options.origin);
  text.Map(root, 0);
  return std::move(text).Take();
}

std::string ConfigJson(const Node& root, const ConfigTextOptions& options) {
  json told = {{"schema", "weir.config/1"}, {"config", ValueToJson("", root)}};
  if (options.origin) {
    told["origin"] = json::object();
    AddOrigins("", root, told["origin"]);
  }
  return told.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace weir::cli
