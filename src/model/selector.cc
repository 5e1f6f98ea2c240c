#include "model/selector.h"

#include <algorithm>
#include <functional>

#include "base/spelling.h"

namespace weir::model {
namespace {

struct Word {
  std::string text;  // As written.
  std::string name;  // Without "+"; may end in "*".
  bool upstream = false;
  bool downstream = false;
};

Word Parse(std::string text) {
  Word word{.text = text, .name = std::move(text)};
  if (word.name.starts_with('+')) {
    word.upstream = true;
    word.name.erase(0, 1);
  }
  if (word.name.ends_with('+')) {
    word.downstream = true;
    word.name.pop_back();
  }
  return word;
}

std::vector<Word> Words(std::span<const std::string> selectors) {
  std::vector<Word> words;
  for (const std::string& selector : selectors) {
    for (size_t at = 0; at <= selector.size();) {
      const size_t end = std::min(selector.find_first_of(" \t", at), selector.size());
      if (end > at) words.push_back(Parse(selector.substr(at, end - at)));
      at = end + 1;
    }
  }
  return words;
}

bool Matches(const Word& word, const std::string& name) {
  if (word.name.ends_with('*'))
    return name.starts_with(std::string_view(word.name).substr(0, word.name.size() - 1));
  return word.name == name;
}

bool ReadsOf(const Step& reader, const Step& made) {
  return std::ranges::any_of(made.makes, [&](const catalog::TableName& table) {
    return std::ranges::find(reader.reads, table) != reader.reads.end();
  });
}

// Marks `from` and all that is linked to it, step by step.
void Follow(std::span<const Step> steps, size_t from,
            const std::function<bool(const Step&, const Step&)>& linked,
            std::vector<bool>& chosen) {
  std::vector<bool> seen(steps.size());
  std::vector<size_t> open = {from};
  seen[from] = true;
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    chosen[at] = true;
    for (size_t next = 0; next < steps.size(); ++next) {
      if (seen[next] || !linked(steps[at], steps[next])) continue;
      seen[next] = true;
      open.push_back(next);
    }
  }
}

}  // namespace

Result<std::vector<bool>> Select(std::span<const Step> steps,
                                 std::span<const std::string> selectors) {
  const std::vector<Word> words = Words(selectors);
  std::vector<bool> chosen(steps.size(), words.empty());
  for (const Word& word : words) {
    bool found = false;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (!Matches(word, steps[i].name)) continue;
      found = chosen[i] = true;
      if (word.upstream) Follow(steps, i, ReadsOf, chosen);
      if (word.downstream)
        Follow(
            steps, i, [](const Step& at, const Step& next) { return ReadsOf(next, at); }, chosen);
    }
    if (found) continue;
    std::vector<std::string> names;
    for (const Step& step : steps) names.push_back(step.name);
    const auto near = NearestWord(word.name, names);
    return Fail(ErrorKind::kInvalid, "run.selector", "no pipeline or model '" + word.name + "'",
                near ? "did you mean '" + *near + "'?" : "weir check lists what the project has");
  }
  return chosen;
}

}  // namespace weir::model
