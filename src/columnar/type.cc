#include "columnar/type.h"

#include <arrow/extension/uuid.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/check.h"
#include "base/letter_case.h"
#include "base/spelling.h"

namespace weir::columnar {
namespace {

struct KindNames {
  Kind kind;
  std::string_view text;
  std::string_view sql;
};

constexpr std::array<KindNames, 13> kKinds = {{
    {Kind::kBool, "bool", "BOOLEAN"},
    {Kind::kInt, "int", "INTEGER"},
    {Kind::kBigint, "bigint", "BIGINT"},
    {Kind::kDouble, "double", "DOUBLE"},
    {Kind::kDecimal, "decimal", "DECIMAL"},
    {Kind::kVarchar, "varchar", "VARCHAR"},
    {Kind::kUuid, "uuid", "UUID"},
    {Kind::kDate, "date", "DATE"},
    {Kind::kTime, "time", "TIME"},
    {Kind::kTimestamp, "timestamp", "TIMESTAMP"},
    {Kind::kTimestamptz, "timestamptz", "TIMESTAMPTZ"},
    {Kind::kJson, "json", "VARCHAR"},
    {Kind::kBinary, "binary", "BLOB"},
}};

const KindNames& NamesOf(Kind kind) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [kind](const KindNames& names) { return names.kind == kind; });
  WEIR_CHECK(found != kKinds.end());
  return *found;
}

// A recursive-descent reader of the type grammar.
class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text) {}

  Result<Type> ReadAll() {
    WEIR_ASSIGN(Type type, ReadType(0));
    SkipBlanks();
    if (at_ != text_.size())
      return Malformed("unexpected '" + std::string(text_.substr(at_)) + "'");
    return type;
  }

 private:
  Result<Type> ReadType(int depth) {
    if (depth > 16) return Malformed("nested too deep");
    const std::string word = ReadWord();
    if (word.empty()) return Malformed("a type is missing");
    if (word == "list") return ReadList(depth);
    if (word == "struct") return ReadStruct(depth);
    const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&word](const KindNames& names) {
      return names.text == word;
    });
    if (found == kKinds.end()) return Unknown(word);
    Type type{.kind = found->kind, .precision = 0, .scale = 0, .length = 0, .children = {}};
    if (type.kind == Kind::kDecimal) return ReadDecimal(type);
    if (type.kind == Kind::kVarchar && Take('(')) {
      WEIR_ASSIGN(const int length, ReadNumber());
      if (length < 1 || !Take(')')) return Malformed("write varchar(n) with n of 1 or more");
      type.length = static_cast<uint32_t>(length);
    }
    return type;
  }

  Result<Type> ReadDecimal(Type type) {
    if (!Take('(')) return Malformed("write decimal(precision,scale), such as decimal(10,2)");
    WEIR_ASSIGN(type.precision, ReadNumber());
    if (Take(',')) {
      WEIR_ASSIGN(type.scale, ReadNumber());
    }
    if (!Take(')')) return Malformed("')' is missing after decimal(");
    if (type.precision < 1 || type.precision > 38 || type.scale < 0 ||
        type.scale > type.precision) {
      return Fail(ErrorKind::kInvalid, "type.decimal_range",
                  "decimal(" + std::to_string(type.precision) + "," + std::to_string(type.scale) +
                      "): precision is 1 to 38, scale is 0 to the precision");
    }
    return type;
  }

  Result<Type> ReadList(int depth) {
    if (!Take('(')) return Malformed("write list(TYPE)");
    WEIR_ASSIGN(Type element, ReadType(depth + 1));
    if (!Take(')')) return Malformed("')' is missing after list(");
    Type type{.kind = Kind::kList, .precision = 0, .scale = 0, .length = 0, .children = {}};
    type.children.push_back({.name = "element", .type = std::move(element), .nullable = true});
    return type;
  }

  Result<Type> ReadStruct(int depth) {
    if (!Take('(')) return Malformed("write struct(name TYPE, ...)");
    Type type{.kind = Kind::kStruct, .precision = 0, .scale = 0, .length = 0, .children = {}};
    do {
      const std::string name = ReadName();
      if (name.empty()) return Malformed("a field name is missing in struct(");
      if (HasField(type, name))
        return Malformed("a second field '" + name + "'; letter case does not tell them apart");
      WEIR_ASSIGN(Type child, ReadType(depth + 1));
      type.children.push_back({.name = name, .type = std::move(child), .nullable = true});
    } while (Take(','));
    if (!Take(')')) return Malformed("')' is missing after struct(");
    return type;
  }

  static bool HasField(const Type& type, const std::string& name) {
    return std::ranges::any_of(
        type.children, [&name](const Field& field) { return EqualAnyCase(field.name, name); });
  }

  void SkipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(char expected) {
    SkipBlanks();
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  std::string ReadName() {
    SkipBlanks();
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  std::string ReadWord() { return Lower(ReadName()); }
  Result<int> ReadNumber() {
    SkipBlanks();
    int number = 0;
    const auto [end, ec] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (ec != std::errc()) return Malformed("a number is missing");
    at_ = static_cast<size_t>(end - text_.data());
    return number;
  }

  std::unexpected<Error> Malformed(const std::string& why) const {
    return Fail(ErrorKind::kInvalid, "type.malformed", "'" + std::string(text_) + "': " + why);
  }
  static std::unexpected<Error> Unknown(const std::string& word) {
    std::vector<std::string> names = {"list", "struct"};
    for (const KindNames& kind : kKinds) names.emplace_back(kind.text);
    std::string next =
        "types are bool int bigint double decimal(p,s) varchar uuid date time timestamp "
        "timestamptz json binary list(T) struct(a T, ...)";
    if (const auto near = NearestWord(word, names)) next = "did you mean '" + *near + "'?";
    // Names from other dialects, whose spelling is too far away to be guessed.
    for (const auto& [other, ours] :
         std::array<std::pair<std::string_view, std::string_view>, 8>{{{"string", "varchar"},
                                                                       {"text", "varchar"},
                                                                       {"integer", "int"},
                                                                       {"long", "bigint"},
                                                                       {"float", "double"},
                                                                       {"boolean", "bool"},
                                                                       {"numeric", "decimal"},
                                                                       {"datetime", "timestamp"}}})
      if (word == other) next = "did you mean '" + std::string(ours) + "'?";
    return Fail(ErrorKind::kInvalid, "type.unknown", "no type '" + word + "'", next);
  }

  std::string_view text_;
  size_t at_ = 0;
};

// The kind of a type without parameters or children.
std::optional<Kind> PlainKind(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return Kind::kBool;
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
      return Kind::kInt;
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
      return Kind::kBigint;
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return Kind::kDouble;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::NA:
      return Kind::kVarchar;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return Kind::kBinary;
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return Kind::kDate;
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return Kind::kTime;
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? Kind::kTimestamp
                                                                               : Kind::kTimestamptz;
    case arrow::Type::EXTENSION:
      if (static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid")
        return Kind::kUuid;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string Parameters(const Type& type) {
  if (type.kind == Kind::kDecimal)
    return "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
  return {};
}

std::string Quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

}  // namespace

std::optional<size_t> Schema::Find(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == name) return i;
  return std::nullopt;
}

Result<Type> ParseType(std::string_view text) { return TypeReader(text).ReadAll(); }

std::string ToText(const Type& type) {
  if (type.kind == Kind::kList) return "list(" + ToText(type.children.front().type) + ")";
  if (type.kind == Kind::kStruct) {
    std::string text;
    for (const Field& child : type.children)
      text += (text.empty() ? "struct(" : ", ") + child.name + " " + ToText(child.type);
    return text + ")";
  }
  std::string text = std::string(NamesOf(type.kind).text) + Parameters(type);
  if (type.length != 0) text += "(" + std::to_string(type.length) + ")";
  return text;
}

std::string ToSql(const Type& type) {
  if (type.kind == Kind::kList) return ToSql(type.children.front().type) + "[]";
  if (type.kind == Kind::kStruct) {
    std::string text;
    for (const Field& child : type.children)
      text += (text.empty() ? "STRUCT(" : ", ") + Quoted(child.name) + " " + ToSql(child.type);
    return text + ")";
  }
  return std::string(NamesOf(type.kind).sql) + Parameters(type);
}

std::shared_ptr<arrow::DataType> ToArrow(const Type& type) {
  switch (type.kind) {
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt:
      return arrow::int32();
    case Kind::kBigint:
      return arrow::int64();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case Kind::kVarchar:
    case Kind::kJson:
      return arrow::utf8();
    case Kind::kUuid:
      return arrow::extension::uuid();
    case Kind::kDate:
      return arrow::date32();
    case Kind::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case Kind::kTimestamptz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kBinary:
      return arrow::binary();
    case Kind::kList:
      return arrow::list(arrow::field("element", ToArrow(type.children.front().type)));
    case Kind::kStruct: {
      arrow::FieldVector fields;
      for (const Field& child : type.children)
        fields.push_back(arrow::field(child.name, ToArrow(child.type), child.nullable));
      return arrow::struct_(fields);
    }
  }
  WEIR_CHECK(false);
}

std::shared_ptr<arrow::Schema> ToArrow(const Schema& schema) {
  arrow::FieldVector fields;
  for (const Field& field : schema.fields)
    fields.push_back(arrow::field(field.name, ToArrow(field.type), field.nullable));
  return arrow::schema(fields);
}

Result<Type> FromArrow(const arrow::DataType& type) {
  Type made{.kind = Kind::kVarchar, .precision = 0, .scale = 0, .length = 0, .children = {}};
  if (const auto kind = PlainKind(type)) {
    made.kind = *kind;
    return made;
  }
  switch (type.id()) {
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      made.kind = Kind::kDecimal;
      made.precision = decimal.precision();
      made.scale = decimal.scale();
      return made;
    }
    case arrow::Type::DICTIONARY:
      return FromArrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::EXTENSION:
      return FromArrow(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: {
      WEIR_ASSIGN(Type element, FromArrow(*type.field(0)->type()));
      made.kind = Kind::kList;
      made.children.push_back({.name = "element", .type = std::move(element), .nullable = true});
      return made;
    }
    case arrow::Type::STRUCT: {
      made.kind = Kind::kStruct;
      for (const auto& field : type.fields()) {
        WEIR_ASSIGN(Type child, FromArrow(*field->type()));
        made.children.push_back(
            {.name = field->name(), .type = std::move(child), .nullable = field->nullable()});
      }
      return made;
    }
    default:
      return Fail(ErrorKind::kUnsupported, "type.unsupported",
                  "no column type holds a value of type " + type.ToString(),
                  "cast it, for example to bigint, decimal(38,0) or varchar");
  }
}

}  // namespace weir::columnar
