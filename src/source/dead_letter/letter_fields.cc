#include "source/dead_letter/letter_fields.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <set>

#include "env/bytes.h"
#include "format/encoder.h"
#include "format/json_members.h"

namespace weir::source {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using format::JsonMember;

std::unexpected<Error> NoFields(const Letter& letter, const std::string& why) {
  return Fail(ErrorKind::kInvalid, "letter.fields",
              "record " + letter.id.substr(0, 12) + " cannot be cut into fields: " + why,
              "give all of it instead: weir dlq fix " + letter.id.substr(0, 12) + " --raw TEXT");
}

const std::string& BytesOf(const Letter& letter) {
  return letter.fix ? letter.fix->raw : letter.raw;
}

bool IsCsv(const Letter& letter) {
  return letter.read_as && letter.read_as->format.kind == format::FormatKind::kCsv;
}

std::vector<std::string> HeaderOf(const Letter& letter, const std::vector<ColumnSpec>& columns) {
  if (letter.fix && !letter.fix->header.empty()) return letter.fix->header;
  if (!letter.read_as->found.csv_header.empty()) return letter.read_as->found.csv_header;
  std::vector<std::string> names;
  if (!letter.read_as->format.csv.has_header)
    for (const ColumnSpec& column : columns) names.push_back(column.input_name());
  return names;
}

// Columns of text, called by their places: a header may name one twice.
std::vector<ColumnSpec> TextColumns(size_t count) {
  std::vector<ColumnSpec> columns(count);
  for (size_t i = 0; i < count; ++i) columns[i].name = "f" + std::to_string(i);
  return columns;
}

Result<LetterFields> CutCsv(const Letter& letter, const std::vector<ColumnSpec>& columns) {
  const std::vector<std::string> header = HeaderOf(letter, columns);
  if (header.empty()) return NoFields(letter, "its header was not kept");
  format::FormatSpec spec = letter.read_as->format;
  spec.csv.has_header = false;
  format::DecoderState start = letter.read_as->within_text();
  start.csv_header.clear();
  WEIR_ASSIGN(const auto decoder,
              format::MakeDecoder(spec, TextColumns(header.size()),
                                  std::make_unique<env::MemoryReader>(BytesOf(letter)), start,
                                  {.input_name = {}, .chunk_bytes = BytesOf(letter).size() + 64}));
  WEIR_ASSIGN(const auto record, decoder->Next({}));
  if (!record || record->read() != 1) return NoFields(letter, "it is not one record");
  if (!record->broken.empty())
    return NoFields(letter, record->broken.front().reasons.front().detail);
  if (!record->faults.empty()) return NoFields(letter, record->faults.front().reason.detail);
  LetterFields fields;
  for (size_t i = 0; i < header.size(); ++i) {
    const auto& column =
        static_cast<const arrow::StringArray&>(*record->rows->column(static_cast<int>(i)));
    fields.emplace_back(header[i],
                        column.IsNull(0) ? std::nullopt : std::optional(column.GetString(0)));
  }
  return fields;
}

Result<std::vector<JsonMember>> CutJson(const Letter& letter) {
  auto members = format::JsonMembers(BytesOf(letter));
  if (!members) return NoFields(letter, "it is not a JSON object");
  std::set<std::string_view> names;
  for (const JsonMember& member : *members)
    if (!names.insert(member.name).second) return NoFields(letter, "it names a field twice");
  return std::move(*members);
}

// The text as the column's JSON: itself where it is one, digit by digit, else a string.
std::string ValueFor(const ColumnSpec* column, const std::string& text) {
  const std::string quoted = format::ToJsonString(text);
  const auto value = format::CompactJson(text);
  if (column == nullptr || !value) return quoted;
  const Kind kind = column->type.kind;
  const bool number = kind == Kind::kInt || kind == Kind::kBigint || kind == Kind::kDouble ||
                      kind == Kind::kDecimal || kind == Kind::kBool;
  const bool nested = kind == Kind::kList || kind == Kind::kStruct || kind == Kind::kJson;
  const char first = value->front();
  if (first == '"' || (number && (first == '{' || first == '['))) return quoted;
  return number || nested ? *value : quoted;
}

Result<Fix> MendJson(const Letter& letter, const std::vector<ColumnSpec>& columns,
                     const FieldChanges& changes) {
  WEIR_ASSIGN(std::vector<JsonMember> members, CutJson(letter));
  for (const auto& [name, text] : changes) {
    const auto column = std::ranges::find(columns, name, &ColumnSpec::input_name);
    std::string value =
        text ? ValueFor(column == columns.end() ? nullptr : &*column, *text) : "null";
    const auto member = std::ranges::find(members, name, &JsonMember::name);
    if (member != members.end())
      member->value = std::move(value);
    else
      members.push_back({name, std::move(value)});
  }
  return Fix{.raw = format::JoinMembers(members), .header = {}, .set = {}};
}

Result<std::string> CsvLine(const Letter& letter, const LetterFields& fields) {
  format::FormatSpec spec = letter.read_as->format;
  spec.csv.has_header = false;
  spec.csv.delimiter = letter.read_as->within_text().csv_delimiter;
  spec.csv.encoding = format::Encoding::kUtf8;
  arrow::FieldVector names;
  arrow::ArrayVector columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::optional<std::string>& text = fields[i].second;
    if (spec.csv.quote == '\0' && text &&
        text->find_first_of({spec.csv.delimiter, '\n', '\r', '\0'}) != std::string::npos)
      return NoFields(letter, "'" + *text + "' would need quotes, which this input does not have");
    arrow::StringBuilder builder;
    const auto added = text ? builder.Append(*text) : builder.AppendNull();
    auto column = builder.Finish();
    if (!added.ok() || !column.ok()) return NoFields(letter, "it is too long");
    names.push_back(arrow::field("f" + std::to_string(i), arrow::utf8()));
    columns.push_back(*column);
  }
  const auto schema = arrow::schema(names);
  WEIR_ASSIGN(const auto encoder, format::MakeEncoder(spec, schema));
  std::string line;
  encoder->Append(*arrow::RecordBatch::Make(schema, 1, columns), line);
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

Result<Fix> MendCsv(const Letter& letter, const std::vector<ColumnSpec>& columns,
                    const FieldChanges& changes) {
  WEIR_ASSIGN(LetterFields fields, CutCsv(letter, columns));
  Fix fix;
  bool wider = false;
  for (const auto& [name, text] : changes) {
    const auto field = std::ranges::find(fields, name, &LetterFields::value_type::first);
    if (field != fields.end()) {
      field->second = text;
    } else {
      fields.emplace_back(name, text);
      wider = true;
    }
  }
  if (wider && !letter.read_as->format.csv.has_header)
    return NoFields(letter, "its input has no header, so that no field can be added");
  if (wider || (letter.fix && !letter.fix->header.empty()))
    for (const auto& [name, text] : fields) fix.header.push_back(name);
  WEIR_ASSIGN(fix.raw, CsvLine(letter, fields));
  return fix;
}

}  // namespace

Result<LetterFields> CutFields(const Letter& letter, const std::vector<ColumnSpec>& columns) {
  if (letter.cut() && !letter.fix) return NoFields(letter, "only the beginning of it is kept");
  if (letter.whole_object && !letter.fix) return NoFields(letter, "it is a whole object");
  if (IsCsv(letter)) return CutCsv(letter, columns);
  WEIR_ASSIGN(const auto members, CutJson(letter));
  LetterFields fields;
  for (const JsonMember& member : members) {
    std::optional<std::string> text;
    if (member.value.front() == '"')
      text = format::TextOfJsonString(member.value);
    else if (member.value != "null")
      text = member.value;
    fields.emplace_back(member.name, std::move(text));
  }
  return fields;
}

Result<Fix> Mend(const Letter& letter, const std::vector<ColumnSpec>& columns,
                 const FieldChanges& changes) {
  WEIR_TRY(CutFields(letter, columns));  // Says why it cannot be mended.
  WEIR_ASSIGN(Fix fix, IsCsv(letter) ? MendCsv(letter, columns, changes)
                                     : MendJson(letter, columns, changes));
  if (letter.fix) fix.set = letter.fix->set;
  for (const auto& [name, text] : changes) fix.set[name] = text.value_or("null");
  return fix;
}

}  // namespace weir::source
