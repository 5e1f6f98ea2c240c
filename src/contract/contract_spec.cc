#include "contract/contract_spec.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/letter_case.h"

namespace weir::contract {
namespace {

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the keyword off the front of `text`, where it stands there as a word of its own.
bool TakeWord(std::string_view& text, std::string_view word) {
  const std::string_view rest = Trimmed(text);
  if (Lower(rest.substr(0, word.size())) != word) return false;
  if (rest.size() > word.size() && IsWordByte(rest[word.size()])) return false;
  text = rest.substr(word.size());
  return true;
}

// Where the type ends: at the first `not` or `default` outside of brackets and quotes.
size_t TypeEnd(std::string_view text) {
  int depth = 0;
  char quote = '\0';
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (depth == 0 && at > 0 && !IsWordByte(text[at - 1])) {
      std::string_view rest = text.substr(at);
      if (TakeWord(rest, "not") || TakeWord(rest, "default")) return at;
    }
  }
  return text.size();
}

std::string Of(const std::string& name) { return name.empty() ? "" : "column " + name + ": "; }

std::unexpected<Error> BadColumn(const std::string& name, std::string cause) {
  return Fail(ErrorKind::kInvalid, "contract.column", Of(name) + std::move(cause),
              "write TYPE [not null] [default X], such as varchar not null");
}

// How much of `text` the literal at its front takes.
size_t LiteralEnd(std::string_view text) {
  if (!text.starts_with('\'')) {
    size_t end = 0;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    return end;
  }
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] != '\'') continue;
    if (at + 1 < text.size() && text[at + 1] == '\'')
      ++at;
    else
      return at + 1;
  }
  return std::string_view::npos;
}

bool IsNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  bool digit = false;
  bool point = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digit = true;
    } else if (c == '.' && !point) {
      point = true;
    } else if ((c == 'e' || c == 'E') && digit && at + 1 < text.size()) {
      std::string_view exponent = text.substr(at + 1);
      if (exponent.front() == '-' || exponent.front() == '+') exponent.remove_prefix(1);
      return !exponent.empty() &&
             std::ranges::all_of(exponent, [](unsigned char d) { return std::isdigit(d) != 0; });
    } else {
      return false;
    }
  }
  return digit;
}

// The value of a literal; none for null.
Result<std::optional<std::string>> ReadLiteral(const std::string& name, std::string_view text) {
  if (text.starts_with('\'')) {
    std::string value;
    for (size_t at = 1; at + 1 < text.size(); ++at) {
      value += text[at];
      if (text[at] == '\'') ++at;
    }
    return value;
  }
  const std::string word = Lower(text);
  if (word == "null") return std::nullopt;
  if (word == "true" || word == "false") return word;
  if (IsNumber(text)) return std::string(text);
  return Fail(ErrorKind::kInvalid, "contract.default",
              Of(name) + "'" + std::string(text) + "' is no default",
              "write 'text' in quotes, a number, true, false or null");
}

// path(store_id), header(X-Shop); nullopt: neither.
std::optional<columnar::OutsideDefault> ReadOutside(std::string_view text) {
  using columnar::OutsideDefault;
  const std::string word = Lower(text);
  const bool path = word.starts_with("path(");
  if ((!path && !word.starts_with("header(")) || !word.ends_with(")")) return std::nullopt;
  const size_t begin = word.find('(') + 1;
  std::string_view name = Trimmed(std::string_view(path ? std::string_view(text) : word));
  name = Trimmed(name.substr(begin, name.size() - begin - 1));
  const bool usable = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!usable) return std::nullopt;
  return OutsideDefault{path ? OutsideDefault::Where::kPath : OutsideDefault::Where::kHeader,
                        std::string(name)};
}

// Takes a default in either form.
Result<void> SetDefault(columnar::ColumnSpec& column, std::string_view text) {
  column.outside = ReadOutside(text);
  if (column.outside) return {};
  WEIR_ASSIGN(column.default_text, ReadLiteral(column.name, text));
  return {};
}

Result<void> ReadDefault(std::string_view& text, columnar::ColumnSpec& column) {
  text = Trimmed(text);
  const size_t end = LiteralEnd(text);
  if (end == std::string_view::npos)
    return BadColumn(column.name, "the quote of its default is not closed");
  if (end == 0) return BadColumn(column.name, "nothing stands behind 'default'");
  WEIR_TRY(SetDefault(column, text.substr(0, end)));
  text = text.substr(end);
  return {};
}

// The long form of a column.
struct ColumnForm {
  columnar::ColumnSpec column;  // Of `type`.
  std::string from, format, zone;
  columnar::ColumnSpec defaults;  // Its default alone.
};

config::Shape<columnar::ColumnSpec> ColumnText() {
  return config::Parsed<columnar::ColumnSpec>(
      "type", [](const std::string& text) { return ParseColumn("", text); });
}

// In the long form YAML has done the unquoting: quoted is text, anything else a literal.
config::Shape<columnar::ColumnSpec> DefaultValue() {
  return config::Converted<columnar::ColumnSpec>(
      config::Text(),
      [](std::string text, const config::Node& node,
         const config::Reading& reading) -> std::optional<columnar::ColumnSpec> {
        columnar::ColumnSpec made;
        if (node.quoted && !text.starts_with('\'')) {
          made.default_text = std::move(text);
          return made;
        }
        auto done = LiteralEnd(text) == text.size()
                        ? SetDefault(made, text)
                        : Fail(ErrorKind::kInvalid, "contract.default",
                               "'" + node.shown() + "' is no default",
                               "write \"text\" in quotes, a number, true, false or null");
        if (done) return made;
        done.error().kind = ErrorKind::kConfig;
        reading.faults.Add(std::move(done).error(), node.place);
        return std::nullopt;
      },
      "literal | path(NAME) | header(NAME)");
}

const config::FieldTable<ColumnForm>& ColumnFields() {
  using config::Field;
  using config::Optional;
  using config::Text;
  static const config::FieldTable<ColumnForm> table{
      "contract.columns.NAME",
      {Field("type", &ColumnForm::column, ColumnText(), config::Required(),
             "type, with `not null` behind it where nulls are refused"),
       Field("from", &ColumnForm::from, Text(), Optional(), "name in the input, where it differs"),
       Field("format", &ColumnForm::format, Text(), Optional(),
             "strptime pattern of a date or time that is not ISO 8601"),
       Field("zone", &ColumnForm::zone, Text(), Optional(),
             "zone of a timestamptz that is written without one"),
       Field("default", &ColumnForm::defaults, DefaultValue(), Optional(),
             "value where the input has no such field")}};
  return table;
}

config::Shape<columnar::ColumnSpec> Column() {
  auto long_form = config::Converted<columnar::ColumnSpec>(
      config::Nested(ColumnFields()),
      [](ColumnForm form, const config::Node&,
         const config::Reading&) -> std::optional<columnar::ColumnSpec> {
        columnar::ColumnSpec column = std::move(form.column);
        column.from = std::move(form.from);
        column.format = std::move(form.format);
        column.zone = std::move(form.zone);
        column.default_text = std::move(form.defaults.default_text);
        column.outside = std::move(form.defaults.outside);
        return column;
      });
  return config::ScalarOr(ColumnText(), std::move(long_form));
}

ColumnPlaces PlacesOf(const Place& name, const config::Node& value) {
  const auto of = [&](const char* key) {
    const config::Node* part = value.Find(key);
    return part != nullptr ? part->place : value.is_map() ? name : value.place;
  };
  return {.name = name,
          .type = of("type"),
          .from = of("from"),
          .format = of("format"),
          .zone = of("zone"),
          .default_text = of("default")};
}

// Columns go to two members, specs and places apart.
config::FieldOf<ContractSpec> ColumnsField() {
  auto shape = config::MapOf("column", Column());
  auto read = shape.read;
  auto names = config::Converted<std::vector<columnar::ColumnSpec>>(
      std::move(shape),
      [](auto, const config::Node&, const config::Reading&)
          -> std::optional<std::vector<columnar::ColumnSpec>> { return std::nullopt; });
  auto field = config::Field("columns", &ContractSpec::columns, std::move(names),
                             config::Optional(), "name: TYPE [not null] [default X], in order");
  field.read = [read = std::move(read)](const config::Node& node, const config::Reading& reading,
                                        ContractSpec& into) {
    const size_t before = reading.faults.size();
    auto columns = read(node, reading);
    into.columns_faulty = !columns || columns->size() != node.entries.size();
    if (!columns) return false;
    for (auto& [name, place, column] : *columns) {
      column.name = name;
      into.columns.push_back(std::move(column));
      into.places.push_back(PlacesOf(place, *node.Find(name)));
    }
    return reading.faults.size() == before;
  };
  return field;
}

// SQL with the place of its first byte, behind a quote where there is one.
config::Shape<RuleSql> Sql() {
  return config::Converted<RuleSql>(
      config::Text(),
      [](std::string text, const config::Node& node,
         const config::Reading&) -> std::optional<RuleSql> {
        return RuleSql{std::move(text), node.PlaceAt(0), node.verbatim};
      },
      "SQL");
}

config::Shape<std::string> RuleName() {
  return config::Converted<std::string>(
      config::Text(),
      [](std::string name, const config::Node& node,
         const config::Reading& reading) -> std::optional<std::string> {
        if (!config::CheckName(name, "rule", node.place, reading.faults)) return std::nullopt;
        return name;
      },
      "name");
}

const config::FieldTable<RuleSpec>& RuleFields() {
  using config::Field;
  static const auto on_fail = config::Word<OnFail>({{"reject", OnFail::kReject},
                                                    {"drop", OnFail::kDrop},
                                                    {"warn", OnFail::kWarn},
                                                    {"fail", OnFail::kFail}});
  static const config::FieldTable<RuleSpec> table{
      "contract.rules",
      {Field("name", &RuleSpec::name, RuleName(), config::Required(),
             "stands in the reason: rule.NAME"),
       Field("when", &RuleSpec::when, Sql(), config::Optional(),
             "records it is about; left out, all"),
       Field("expect", &RuleSpec::expect, Sql(), config::Required(), "what must be true"),
       Field("on_fail", &RuleSpec::on_fail, on_fail, config::Default("reject"),
             "refuse the record, leave it out, count it, or stop")}};
  return table;
}

}  // namespace

Result<columnar::ColumnSpec> ParseColumn(const std::string& name, const std::string& text) {
  columnar::ColumnSpec column;
  column.name = name;
  std::string_view rest = text;
  const size_t type_end = TypeEnd(rest);
  WEIR_ASSIGN(column.type, columnar::ParseType(Trimmed(rest.substr(0, type_end))));
  rest = Trimmed(rest.substr(type_end));
  while (!rest.empty()) {
    if (TakeWord(rest, "not")) {
      if (!TakeWord(rest, "null")) return BadColumn(name, "'not' stands without 'null'");
      if (!column.nullable) return BadColumn(name, "'not null' stands twice");
      column.nullable = false;
    } else if (TakeWord(rest, "default")) {
      if (column.default_text) return BadColumn(name, "'default' stands twice");
      WEIR_TRY(ReadDefault(rest, column));
    } else {
      return BadColumn(name, "'" + std::string(rest) + "' is not understood");
    }
    rest = Trimmed(rest);
  }
  return column;
}

columnar::Schema SchemaOf(const ContractSpec& spec) {
  columnar::Schema schema;
  for (const columnar::ColumnSpec& column : spec.columns)
    schema.fields.push_back(
        {.name = column.name, .type = column.type, .nullable = column.nullable});
  return schema;
}

const config::FieldTable<ContractSpec>& ContractFields() {
  static const auto unknown = config::Word<UnknownColumns>({
      {"rescue", UnknownColumns::kRescue},
      {"evolve", UnknownColumns::kEvolve},
      {"reject", UnknownColumns::kReject},
      {"fail", UnknownColumns::kFail},
  });
  static const config::FieldTable<ContractSpec> table{
      "contract",
      {ColumnsField(),
       config::Field("unknown_columns", &ContractSpec::unknown_columns, unknown,
                     config::Default("rescue"),
                     "what no column takes is kept in `_rescued`, becomes a column, refuses the "
                     "record, or stops"),
       config::Field("rules", &ContractSpec::rules, config::ListOf(config::Nested(RuleFields())),
                     config::Optional(), "what must be true of a record")}};
  return table;
}

}  // namespace weir::contract
