#include "model/check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/letter_case.h"
#include "base/spelling.h"
#include "config/field_table.h"

namespace weir::model {
namespace {

using engine::QuotedText;

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The place behind the bracket that closes the one at `open`, or the next quote of the same kind;
// npos where nothing closes it.
size_t EndOfGroup(std::string_view text, size_t open) {
  const char begin = text[open];
  if (begin == '\'' || begin == '"') {
    const size_t close = text.find(begin, open + 1);
    return close == std::string_view::npos ? close : close + 1;
  }
  const char end = begin == '(' ? ')' : begin == '[' ? ']' : '}';
  for (size_t at = open + 1; at < text.size();) {
    if (text[at] == end) return at + 1;
    const bool opens = std::string_view("([{'\"").find(text[at]) != std::string_view::npos;
    at = opens ? EndOfGroup(text, at) : at + 1;
    if (at == std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

// "c, ['x', 'y']" -> {"c", "['x', 'y']"}; none where a bracket or a quote stays open.
std::optional<std::vector<std::string>> SplitArguments(std::string_view text) {
  std::vector<std::string> parts;
  if (Trimmed(text).empty()) return parts;
  size_t begin = 0;
  for (size_t at = 0; at <= text.size();) {
    if (at == text.size() || text[at] == ',') {
      parts.emplace_back(Trimmed(text.substr(begin, at - begin)));
      begin = ++at;
    } else if (std::string_view("([{'\"").find(text[at]) != std::string_view::npos) {
      at = EndOfGroup(text, at);
      if (at == std::string_view::npos) return std::nullopt;
    } else {
      ++at;
    }
  }
  return parts;
}

bool IsWord(std::string_view text) {
  const auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, part);
}

// A column's name, bare or in quotes.
std::optional<std::string> ColumnName(std::string_view text) {
  if (IsWord(text)) return std::string(text);
  if (text.size() > 2 && text.front() == '"' && text.back() == '"')
    return std::string(text.substr(1, text.size() - 2));
  return std::nullopt;
}

std::optional<uint64_t> Count(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// 'x' and 1.5 as they are, a bare word as a text.
std::string ValueSql(const std::string& text) {
  const bool number = text.find_first_not_of("0123456789.+-eE") == std::string::npos &&
                      text.find_first_of("0123456789") != std::string::npos;
  if (number || text.starts_with('\'')) return text;
  return QuotedText(text);
}

std::unexpected<Error> Malformed(std::string_view text, std::string_view form) {
  return Fail(ErrorKind::kConfig, "model.check_text", "'" + std::string(text) + "' is not a check",
              "write " + std::string(form));
}

using What = decltype(CheckSpec::what);
using Arguments = std::vector<std::string>;

struct Form {
  std::string_view name;
  std::string_view form;  // For messages.
  std::optional<What> (*read)(const Arguments&);
};

std::optional<What> ReadNotNull(const Arguments& arguments) {
  const auto column = arguments.size() == 1 ? ColumnName(arguments[0]) : std::nullopt;
  if (!column) return std::nullopt;
  return NotNull{*column};
}

std::optional<What> ReadUnique(const Arguments& arguments) {
  Unique unique;
  for (const std::string& argument : arguments) {
    const auto column = ColumnName(argument);
    if (!column) return std::nullopt;
    unique.columns.push_back(*column);
  }
  if (unique.columns.empty()) return std::nullopt;
  return unique;
}

std::optional<What> ReadAcceptedValues(const Arguments& arguments) {
  if (arguments.size() != 2 || !arguments[1].starts_with('[') || !arguments[1].ends_with(']'))
    return std::nullopt;
  const auto column = ColumnName(arguments[0]);
  const auto values =
      SplitArguments(std::string_view(arguments[1]).substr(1, arguments[1].size() - 2));
  if (!column || !values || values->empty() || std::ranges::find(*values, "") != values->end())
    return std::nullopt;
  AcceptedValues accepted{*column, {}};
  for (const std::string& value : *values) accepted.values.push_back(ValueSql(value));
  return accepted;
}

std::optional<What> ReadRelationship(const Arguments& arguments) {
  const size_t arrow = arguments.size() == 1 ? arguments[0].find("->") : std::string::npos;
  if (arrow == std::string::npos) return std::nullopt;
  const std::string_view target = Trimmed(std::string_view(arguments[0]).substr(arrow + 2));
  const size_t dot = target.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto column = ColumnName(Trimmed(std::string_view(arguments[0]).substr(0, arrow)));
  const auto other = ColumnName(target.substr(dot + 1));
  const auto table = catalog::ParseTableName(target.substr(0, dot));
  if (!column || !other || !table) return std::nullopt;
  return Relationship{*column, *table, *other};
}

std::optional<What> ReadFreshness(const Arguments& arguments) {
  if (arguments.size() != 2) return std::nullopt;
  const auto column = ColumnName(arguments[0]);
  const auto age = ParseDuration(arguments[1]);
  if (!column || !age) return std::nullopt;
  return Freshness{*column, *age};
}

std::optional<What> ReadRows(const Arguments& arguments) {
  if (arguments.empty() || arguments.size() > 2) return std::nullopt;
  const auto least = Count(arguments[0]);
  const auto most = arguments.size() == 2 ? Count(arguments[1]) : std::nullopt;
  if (!least || (arguments.size() == 2 && (!most || *most < *least))) return std::nullopt;
  return RowCount{*least, most};
}

constexpr std::array kForms = {
    Form{"not_null", "not_null(column)", ReadNotNull},
    Form{"unique", "unique(column, ...)", ReadUnique},
    Form{"accepted_values", "accepted_values(column, ['a', 'b'])", ReadAcceptedValues},
    Form{"relationships", "relationships(column -> schema.table.column)", ReadRelationship},
    Form{"freshness", "freshness(column, 1d)", ReadFreshness},
    Form{"rows", "rows(least, most)", ReadRows},
};

struct WrittenCheck {
  config::Placed<std::string> expect;
  OnFail on_fail = OnFail::kFail;
};

const config::FieldTable<WrittenCheck>& CheckFields() {
  using config::Field;
  static const config::FieldTable<WrittenCheck> table{
      "--| checks",
      {Field("expect", &WrittenCheck::expect, config::WithPlace(config::Text()), config::Required(),
             "a check such as unique(id), or a SQL boolean"),
       Field("on_fail", &WrittenCheck::on_fail,
             config::Word<OnFail>(
                 {{"fail", OnFail::kFail}, {"warn", OnFail::kWarn}, {"reject", OnFail::kReject}}),
             config::Default("fail"),
             "fail: the result does not become visible; reject: its bad rows do not, they go to "
             "dead_letters.SCHEMA.TABLE; warn: it is told")}};
  return table;
}

std::optional<CheckSpec> Checked(const WrittenCheck& written, const config::Reading& reading) {
  if (written.expect.value.empty()) return std::nullopt;
  auto check = ParseCheck(written.expect.value);
  if (!check) {
    reading.faults.Add(std::move(check).error(), written.expect.place);
    return std::nullopt;
  }
  if (written.on_fail == OnFail::kReject && check->of_all_rows()) {
    reading.Add(
        "model.check_text",
        "'" + check->text + "' is about all rows together, so no row can be rejected for it",
        written.expect.place, "on_fail: fail, or warn");
    return std::nullopt;
  }
  check->on_fail = written.on_fail;
  check->place = written.expect.place;
  return std::move(*check);
}

}  // namespace

Result<CheckSpec> ParseCheck(std::string_view text) {
  const std::string_view trimmed = Trimmed(text);
  CheckSpec check{.what = Expression{std::string(trimmed)},
                  .text = std::string(trimmed),
                  .on_fail = OnFail::kFail,
                  .place = {}};
  const size_t open = trimmed.find('(');
  if (open == std::string_view::npos || EndOfGroup(trimmed, open) != trimmed.size()) return check;
  const std::string name = Lower(Trimmed(trimmed.substr(0, open)));
  const auto form = std::ranges::find(kForms, name, &Form::name);
  if (form == kForms.end()) return check;
  const auto arguments = SplitArguments(trimmed.substr(open + 1, trimmed.size() - open - 2));
  auto what = arguments ? form->read(*arguments) : std::nullopt;
  if (!what) return Malformed(trimmed, form->form);
  check.what = std::move(*what);
  return check;
}

std::string SubquerySql(const CheckSpec& check) {
  const auto* expression = std::get_if<Expression>(&check.what);
  return expression == nullptr ? "" : "SELECT\n" + expression->sql + "\n";
}

config::Shape<CheckSpec> CheckShape() {
  const auto from_map = [](WrittenCheck written, const config::Node&,
                           const config::Reading& reading) { return Checked(written, reading); };
  const auto from_text = [](std::string text, const config::Node& node,
                            const config::Reading& reading) {
    return Checked({.expect = {std::move(text), node.place}, .on_fail = OnFail::kFail}, reading);
  };
  return config::ScalarOr<CheckSpec>(
      config::Converted<CheckSpec>(config::Text(), from_text, "check"),
      config::Converted<CheckSpec>(config::Nested(CheckFields()), from_map));
}

}  // namespace weir::model
