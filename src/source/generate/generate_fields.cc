// The keys of `generate`, and what can be said about them without SQL.
#include <algorithm>

#include "source/generate/generate.h"

namespace weir::source {
namespace {

struct DefectWord {
  const char* word;
  DefectKind kind;
  bool has_column;
};
constexpr DefectWord kDefects[] = {{"missing", DefectKind::kMissing, true},
                                   {"bad", DefectKind::kBad, true},
                                   {"truncated_line", DefectKind::kTruncatedLine, false},
                                   {"bad_utf8", DefectKind::kBadUtf8, false},
                                   {"duplicate", DefectKind::kDuplicate, false},
                                   {"corrupt_file", DefectKind::kCorruptFile, false}};

std::string Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// "missing(user_id)" -> DefectSpec.
std::optional<DefectSpec> ParseDefect(const config::Named<double>& named,
                                      const config::Reading& reading) {
  const size_t open = named.name.find('(');
  const bool has_brackets = open != std::string::npos;
  const std::string word = Trimmed(named.name.substr(0, open));
  const auto* found = std::ranges::find(kDefects, word, &DefectWord::word);
  if (found == std::end(kDefects)) {
    std::vector<std::string> known;
    for (const auto& each : kDefects) known.push_back(each.word);
    reading.Add("generate.fault", "there is no fault '" + word + "'", named.place,
                config::Suggestion(word, known));
    return std::nullopt;
  }
  DefectSpec spec{
      .kind = found->kind, .column = {}, .rate = named.value, .text = {}, .place = named.place};
  if (has_brackets && named.name.ends_with(')'))
    spec.column =
        Trimmed(std::string_view(named.name).substr(open + 1, named.name.size() - open - 2));
  if (found->has_column && spec.column.empty()) {
    reading.Add("generate.fault_column", "'" + word + "' of which field?", named.place,
                "write " + word + "(FIELD)");
    return std::nullopt;
  }
  if (!found->has_column && has_brackets) {
    reading.Add("generate.fault_column", "'" + word + "' concerns no single field", named.place,
                "write " + word + " alone");
    return std::nullopt;
  }
  spec.text = spec.column.empty() ? word : word + "(" + spec.column + ")";
  return spec;
}

config::Shape<std::vector<DefectSpec>> Defects() {
  auto parse = [](const std::vector<config::Named<double>>& named, const config::Node&,
                  const config::Reading& reading) -> std::optional<std::vector<DefectSpec>> {
    std::vector<DefectSpec> specs;
    for (const auto& each : named)
      if (auto spec = ParseDefect(each, reading)) specs.push_back(std::move(*spec));
    return specs.size() == named.size() ? std::optional(std::move(specs)) : std::nullopt;
  };
  return config::Converted<std::vector<DefectSpec>>(
      config::MapOf("fault", config::Rate()), parse,
      "map from missing(FIELD), bad(FIELD), truncated_line, bad_utf8, "
      "duplicate, corrupt_file to a rate");
}

void CheckSpec(const GenerateSpec& spec, const config::Node& node, const config::Reading& reading) {
  if (spec.fields.empty())
    reading.Add("generate.no_fields", "there are no fields to generate", node.Find("fields")->place,
                "add a field, such as id: uuid4()");
  std::vector<std::string> names;
  for (const auto& field : spec.fields) {
    names.push_back(field.name);
    if (field.name == "i" || field.name.starts_with("_weir_"))
      reading.Add("generate.reserved_name",
                  "'" + field.name + "' cannot name a field: it is the row's number or our own",
                  field.place, "call it otherwise");
  }
  for (const DefectSpec& fault : spec.faults)
    if (!fault.column.empty() && std::ranges::find(names, fault.column) == names.end())
      reading.Add("generate.unknown_column", "there is no field '" + fault.column + "'",
                  fault.place, config::Suggestion(fault.column, names));
}

}  // namespace

const config::FieldTable<GenerateSpec>& GenerateFields() {
  using namespace config;
  // A field's value stays a node, so that a fault in its SQL can be shown inside it.
  auto sql = [](Node node, const Node&, const Reading& reading) -> std::optional<Node> {
    if (ScalarText(node, "SQL, such as int(1, 100)", reading) == nullptr) return std::nullopt;
    return node;
  };
  static const FieldTable<GenerateSpec> table{
      "pipelines.NAME.source.generate",
      {Field("fields", &GenerateSpec::fields, MapOf("field", Converted<Node>(Raw("SQL"), sql)),
             Required(),
             "SQL of each field, in order, with uuid4() int(a, b) decimal(a, b) pick(value, "
             "weight, ...) choice(list) now() and i; "
             "a field may use those before it"),
       Field("rate", &GenerateSpec::rate, PerSecond(), Optional(), "rows per second of event time"),
       Field("rows", &GenerateSpec::rows, Integer(1), Optional(), "so many rows, then the end"),
       Field("seed", &GenerateSpec::seed, Integer(0), Optional(),
             "same seed, same bytes; left out: another each time"),
       Field("faults", &GenerateSpec::faults, Defects(), Optional(),
             "defects to put in, each at its rate")},
      CheckSpec};
  return table;
}

}  // namespace weir::source
