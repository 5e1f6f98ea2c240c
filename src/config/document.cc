#include "config/document.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/units.h"
#include "config/text_internal.h"
#include "config/yaml_events_internal.h"

namespace weir::config {
namespace {

// Where the word of a YAML null stands at `position`; else nothing.
std::string_view NullWordAt(std::string_view text, size_t position) {
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (text.substr(position, word.size()) != word) continue;
    const size_t end = position + word.size();
    if (end >= text.size() ||
        std::string_view(" \t\r\n,:]}").find(text[end]) != std::string_view::npos)
      return word;
  }
  return {};
}

// yaml-cpp takes the end of the text for the end of an unclosed quote. True where one is closed.
bool QuoteIsClosed(std::string_view text, size_t position) {
  const char quote = text[position];
  for (size_t i = position + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return true;
      ++i;
    }
  }
  return false;
}

// Round brackets of plain text that are still open after it. Counted once per piece, since a text
// of very many pieces would be counted from its start for each of them.
int64_t OpenBrackets(const Node& node) {
  if (!node.is_scalar() || node.quoted) return 0;
  return std::count(node.text.begin(), node.text.end(), '(') -
         std::count(node.text.begin(), node.text.end(), ')');
}

// Builds the tree from the events. The nesting is bounded by ReadYamlEvents.
class Builder {
 public:
  Builder(std::string_view text, const std::string& file, std::vector<YamlEvent> events,
          Faults& faults)
      : text_(text), lines_(text, file), events_(std::move(events)), faults_(faults) {}

  // None where a quoted text is never closed: all that follows it would be misread.
  std::optional<Node> Build() {
    for (const YamlEvent& event : events_)
      if (event.kind == YamlEvent::Kind::kScalar && IsUnclosed(event)) return std::nullopt;
    ResolveNulls();
    if (events_.empty()) {
      Node root;
      root.kind = Node::Kind::kMap;
      root.place = lines_.At(0);
      return root;
    }
    return Next();
  }

 private:
  bool IsUnclosed(const YamlEvent& event) {
    const char first = event.position < text_.size() ? text_[event.position] : ' ';
    if ((first != '"' && first != '\'') || QuoteIsClosed(text_, event.position)) return false;
    faults_.Add("config.yaml", "a quoted text is never closed", lines_.At(event.position),
                std::string("close it with ") + first);
    return true;
  }

  // yaml-cpp reports `null` and nothing alike. An absent value has the position of what follows it,
  // and what follows reports itself there too.
  void ResolveNulls() {
    const size_t none = text_.size() + 1;
    size_t following = none;
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (event->kind == YamlEvent::Kind::kEnd) continue;
      if (event->kind == YamlEvent::Kind::kNull && event->position != following)
        event->text = NullWordAt(text_, event->position);
      following = event->position;
    }
  }

  Node Next() {
    YamlEvent event = std::move(events_[at_++]);
    RefuseFeatures(event);
    Node node;
    node.place = lines_.At(event.position);
    switch (event.kind) {
      case YamlEvent::Kind::kSequence:
        node.kind = Node::Kind::kSequence;
        FillSequence(event.flow, node);
        break;
      case YamlEvent::Kind::kMap:
        node.kind = Node::Kind::kMap;
        FillMap(event.flow, node);
        break;
      case YamlEvent::Kind::kScalar:
        FillScalar(std::move(event), node);
        break;
      default:
        node.text = std::move(event.text);
        node.verbatim = !node.text.empty();
        break;
    }
    return node;
  }

  void RefuseFeatures(const YamlEvent& event) {
    const Place place = lines_.At(event.position);
    const auto refuse = [&](const std::string& what) {
      faults_.Add("config.yaml_feature", what + " is YAML that Weir does not read", place,
                  "write the value out where it is used");
    };
    if (event.kind == YamlEvent::Kind::kAlias) refuse("an alias (*)");
    if (event.anchor) refuse("an anchor (&)");
    const bool bang = event.kind == YamlEvent::Kind::kScalar && event.position < text_.size() &&
                      text_[event.position] == '!';
    if (event.tag || bang) {
      faults_.Add("config.yaml_feature", "a tag (!) is YAML that Weir does not read", place,
                  "leave it out, or quote text that starts with '!'");
    }
  }

  void FillScalar(YamlEvent event, Node& node) {
    const char first = event.position < text_.size() ? text_[event.position] : ' ';
    const bool marks = first == '"' || first == '\'';
    node.quoted = marks || first == '|' || first == '>';
    node.text = std::move(event.text);
    const size_t begin = event.position + (marks ? 1 : 0);
    node.verbatim = text_.substr(std::min(begin, text_.size()), node.text.size()) == node.text &&
                    node.text.find('\n') == std::string::npos;
  }

  void FillSequence(bool flow, Node& node) {
    int64_t open = 0;
    while (events_[at_].kind != YamlEvent::Kind::kEnd) {
      Node item = Next();
      const bool goes_on = flow && open > 0 && item.is_scalar() && !item.quoted;
      open = OpenBrackets(item) + (goes_on ? open : 0);
      if (goes_on) {
        Join(node.items.back(), item);
      } else {
        node.items.push_back(std::move(item));
      }
    }
    ++at_;
  }

  void FillMap(bool flow, Node& node) {
    std::unordered_map<std::string, size_t> known;
    int64_t open = 0;  // In the value of the last entry.
    while (events_[at_].kind != YamlEvent::Kind::kEnd) {
      Node key = Next();
      Node value = Next();
      if (flow && open > 0 && key.is_scalar() && !key.quoted && value.is_empty()) {
        open += OpenBrackets(key);
        Join(node.entries.back().value, key);
        continue;
      }
      open = 0;
      const bool below = !value.is_scalar() && value.place.line > key.place.line;
      if (value.is_empty() || below) value.place = key.place;
      if (!KeyIsGood(key, known, node)) continue;
      open = OpenBrackets(value);
      node.entries.push_back({std::move(key), std::move(value)});
    }
    ++at_;
  }

  bool KeyIsGood(const Node& key, std::unordered_map<std::string, size_t>& known, const Node& map) {
    if (!key.is_scalar() || key.is_empty()) {
      faults_.Add("config.yaml_feature", "a key must be text", key.place,
                  "quote text that holds any of , : { } [ ] #");
      return false;
    }
    if (key.text == "<<" && !key.quoted) {
      faults_.Add("config.yaml_feature", "a merge key (<<) is YAML that Weir does not read",
                  key.place, "write the keys out where they are used");
      return false;
    }
    const auto [entry, is_new] = known.emplace(key.text, map.entries.size());
    if (is_new) return true;
    const Place& first = map.entries[entry->second].key.place;
    faults_.Add(
        "config.duplicate_key",
        "key '" + key.text + "' is written twice, first on line " + std::to_string(first.line),
        key.place, "keep one of the two");
    return false;
  }

  // `more` follows `node` behind a comma that stood within round brackets.
  static void Join(Node& node, const Node& more) {
    const bool one_line = node.verbatim && more.verbatim && node.place.line == more.place.line &&
                          more.place.column >= node.place.column + node.text.size();
    const size_t between = one_line ? more.place.column - node.place.column - node.text.size() : 2;
    node.text += "," + std::string(between - 1, ' ') + more.text;
    node.verbatim = one_line;
  }

  std::string_view text_;
  LineIndex lines_;
  std::vector<YamlEvent> events_;
  Faults& faults_;
  size_t at_ = 0;
};

struct Explanation {
  std::string_view theirs;  // How yaml-cpp's message begins.
  std::string_view message;
  std::string_view next;
};
constexpr std::string_view kQuote = "quote text that holds any of , : { } [ ] # or ${...}";
constexpr std::array<Explanation, 9> kExplanations = {{
    {"illegal map value", "a ':' where no key can stand",
     "indent the keys of one map alike, and quote text that holds ': '"},
    {"illegal block entry", "a '-' where no list item can stand",
     "begin the list on a line of its own, below its key"},
    {"illegal tab", "a tab in the indentation", "indent with blanks"},
    {"end of map flow", "a '{' is not closed where it must be", kQuote},
    {"end of sequence flow", "a '[' is not closed where it must be", kQuote},
    {"end of map", "this line belongs to no map", "indent the keys of one map alike"},
    {"end of sequence", "this line belongs to no list", "indent the items of one list alike"},
    {"the referenced anchor", "an alias (*) is YAML that Weir does not read",
     "quote text that starts with '*'"},
    {"unknown token", "a character that no text may start with", "quote the text"},
}};

void AddFailure(const YamlFailure& failure, std::string_view text, const LineIndex& lines,
                Faults& faults) {
  // Past the end there is no line to show: the last character stands for it.
  size_t position = std::min(failure.position, text.size());
  if (position == text.size()) {
    const size_t last = text.find_last_not_of(" \t\r\n");
    position = last == std::string_view::npos ? 0 : last;
  }
  const bool variable = position > 0 && text.substr(position - 1).starts_with("${");
  const Place place = lines.At(variable ? position - 1 : position);
  if (variable && failure.kind == YamlFailure::Kind::kSyntax) {
    const size_t end = text.find_first_of("}\n", position);
    std::string written(text.substr(position - 1, end - position + 1));
    if (end < text.size() && text[end] == '}') written += '}';
    faults.Add("config.yaml", "${...} needs quotes inside { } and [ ]", place,
               "quote the whole text: \"" + written + "...\"");
    return;
  }
  switch (failure.kind) {
    case YamlFailure::Kind::kDepth:
      faults.Add("config.too_big", "nested deeper than " + std::to_string(kDepthMax) + " levels",
                 place, "this is no configuration of Weir");
      return;
    case YamlFailure::Kind::kSecondDocument:
      faults.Add("config.yaml", "a second document begins in this file", place,
                 "keep one document per file");
      return;
    case YamlFailure::Kind::kSyntax:
      break;
  }
  for (const Explanation& each : kExplanations) {
    if (!std::string_view(failure.message).starts_with(each.theirs)) continue;
    faults.Add("config.yaml", std::string(each.message), place, std::string(each.next));
    return;
  }
  faults.Add("config.yaml", "this is no YAML: " + failure.message, place, std::string(kQuote));
}

// Directives (%YAML, %TAG) stand before the first line of content.
std::optional<size_t> FindDirective(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with('%')) return begin;
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return std::nullopt;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Node> ParseDocument(std::string_view text, const std::string& file, Faults& faults) {
  const LineIndex lines(text, file);
  if (text.size() > kDocumentBytesMax) {
    faults.Add("config.too_big", "the file is larger than " + FormatBytes(kDocumentBytesMax),
               lines.At(0), "split it over several files in pipelines/");
    return std::nullopt;
  }
  if (const auto bad = FindBadText(text)) {
    faults.Add("config.yaml", bad->message, lines.At(bad->position), "save the file as UTF-8 text");
    return std::nullopt;
  }
  if (const auto directive = FindDirective(text)) {
    faults.Add("config.yaml_feature", "a directive (%) is YAML that Weir does not read",
               lines.At(*directive), "leave the line out");
    return std::nullopt;
  }
  YamlEvents read = ReadYamlEvents(text, kDepthMax);
  if (read.failure) {
    AddFailure(*read.failure, text, lines, faults);
    return std::nullopt;
  }
  return Builder(text, file, std::move(read.events), faults).Build();
}

const Node* Node::Find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key.text == key) return &entry.value;
  return nullptr;
}

Place Node::PlaceAt(size_t offset) const {
  Place at = place;
  if (verbatim) at.column += offset + (quoted ? 1 : 0);
  return at;
}

Node ScalarNode(std::string text, Place place) {
  Node node;
  node.text = std::move(text);
  node.place = std::move(place);
  return node;
}

std::string_view KindName(const Node& node) {
  if (node.is_empty()) return "nothing";
  switch (node.kind) {
    case Node::Kind::kSequence:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    default:
      return "text";
  }
}

}  // namespace weir::config
