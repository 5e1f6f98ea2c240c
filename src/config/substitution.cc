#include "config/substitution.h"

#include <utility>

#include "config/text_internal.h"

namespace weir::config {
namespace {

constexpr size_t kNestingMax = 8;

bool IsVariableName(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (c < '0' || c > '9')) return false;
  }
  return true;
}

// The position of the '}' that closes the '{' before `begin`; npos where there is none.
size_t ClosingBrace(std::string_view text, size_t begin) {
  size_t depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

class Scalar {
 public:
  Scalar(const Node& node, const Substitutions& from, Faults& faults)
      : node_(node), from_(from), faults_(faults) {}

  // None where a fault was added. `offset` is where `text` begins in the node's text.
  std::optional<std::string> Expand(std::string_view text, size_t offset, size_t nesting) {
    std::string out;
    size_t at = 0;
    while (true) {
      const size_t mark = text.find("${", at);
      out += text.substr(at, mark - at);
      if (mark == std::string_view::npos) return out;
      if (mark > at && text[mark - 1] == '$') {
        out += '{';  // The '$' before it is in `out` already.
        at = mark + 2;
        continue;
      }
      const size_t end = ClosingBrace(text, mark + 2);
      if (end == std::string_view::npos || nesting > kNestingMax) {
        return Fault("config.substitution",
                     nesting > kNestingMax ? "'${' is nested too deep" : "'${' is never closed",
                     offset + mark, "close it with '}', or write $${ for a literal ${");
      }
      const auto value = Value(text.substr(mark + 2, end - mark - 2), offset + mark, nesting);
      if (!value) return std::nullopt;
      out += *value;
      at = end + 1;
    }
  }

 private:
  std::nullopt_t Fault(std::string_view code, std::string message, size_t offset,
                       std::string next) {
    faults_.Add(code, std::move(message), node_.PlaceAt(offset), std::move(next));
    return std::nullopt;
  }

  // `inside` is what stands between the braces of the '$' at `offset`.
  std::optional<std::string> Value(std::string_view inside, size_t offset, size_t nesting) {
    if (inside.starts_with("file:")) return FileContent(std::string(inside.substr(5)), offset);
    const size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    const bool plain = colon == std::string_view::npos;
    const char form = plain || colon + 1 >= inside.size() ? ' ' : inside[colon + 1];
    if (!IsVariableName(name) || (!plain && form != '-' && form != '?')) {
      return Fault(
          "config.substitution", "'${" + std::string(inside) + "}' is no substitution", offset,
          "write ${NAME}, ${NAME:-text}, ${NAME:?why} or ${file:PATH}; $${ for a literal ${");
    }
    auto value = from_.environment(name);
    if (value && (plain || !value->empty())) return CheckText(std::move(*value), name, offset);
    if (form == '-') return Expand(inside.substr(colon + 2), offset + 2 + colon + 2, nesting + 1);
    const std::string why = form == '?' ? std::string(inside.substr(colon + 2)) : "";
    return Fault("config.unset_variable", "the variable " + name + " is not set", offset,
                 !why.empty() ? why
                              : "set it (export " + name + "=...), or write a default: ${" + name +
                                    ":-text}");
  }

  std::optional<std::string> FileContent(const std::string& path, size_t offset) {
    const bool from_folder = !from_.folder.empty() && !path.starts_with('/');
    auto content = env::ReadWhole(from_.files, from_folder ? from_.folder + "/" + path : path,
                                  kSubstitutedFileBytesMax);
    if (!content) {
      return Fault("config.file_unreadable",
                   "cannot read the file of '${file:" + path + "}': " + content.error().message,
                   offset, "a path that does not begin with / is from the project's folder");
    }
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return CheckText(std::move(*content), path, offset);
  }

  std::optional<std::string> CheckText(std::string value, const std::string& name, size_t offset) {
    for (size_t at = 0; at < value.size();) {
      const size_t bytes = value[at] == '\0' ? 0 : CharacterBytes(value, at);
      if (bytes == 0) {
        return Fault("config.substitution", "the value of " + name + " is not UTF-8 text", offset,
                     "set it to text");
      }
      at += bytes;
    }
    return value;
  }

  const Node& node_;
  const Substitutions& from_;
  Faults& faults_;
};

}  // namespace

void Substitute(Node& root, const Substitutions& from, Faults& faults) {
  for (Node& item : root.items) Substitute(item, from, faults);
  for (Entry& entry : root.entries) Substitute(entry.value, from, faults);
  if (!root.is_scalar() || root.text.find("${") == std::string::npos) return;
  auto expanded = Scalar(root, from, faults).Expand(root.text, 0, 0);
  root.faulty = !expanded;
  if (!expanded) return;
  root.written = std::exchange(root.text, std::move(*expanded));
  root.verbatim = false;
}

}  // namespace weir::config
