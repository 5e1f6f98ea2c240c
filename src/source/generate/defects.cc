#include <algorithm>
#include <cmath>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/check.h"
#include "env/random.h"
#include "source/generate/defects_internal.h"
#include "source/generate/seeded_sql_internal.h"

namespace weir::source {
namespace {

constexpr uint64_t kLostRowsMax = 50;
// Stands where the bad byte will be; a code point for private use, three bytes.
constexpr std::string_view kPlaceholder = "\xEF\xA3\xBF";

bool IsOfLine(DefectKind kind) {
  return kind == DefectKind::kTruncatedLine || kind == DefectKind::kBadUtf8;
}

// Text that no reader takes for a value of this type.
std::string BadText(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "not-a-bool";
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128:
      return "not-a-number";
    case arrow::Type::DATE32:
      return "not-a-date";
    case arrow::Type::TIME64:
      return "not-a-time";
    case arrow::Type::TIMESTAMP:
      return "not-a-timestamp";
    default:
      return "not-a-value";
  }
}

}  // namespace

bool Defects::Stream::Hits(uint64_t index) const {
  return always || env::SplitMix64(seed, index) < limit;
}

Defects::Defects(const std::vector<DefectSpec>& specs, uint64_t seed) : specs_(&specs) {
  for (const DefectSpec& spec : specs) {
    Stream stream{
        .seed = seed ^ SaltOf("fault " + spec.text, 0), .limit = 0, .always = spec.rate >= 1};
    if (!stream.always) stream.limit = static_cast<uint64_t>(std::ldexp(spec.rate, 64));
    streams_.push_back(stream);
    if (spec.kind == DefectKind::kCorruptFile) corrupt_ = &spec;
  }
}

std::vector<Defects::OfRow> Defects::In(uint64_t first, size_t count) const {
  std::vector<OfRow> rows;
  for (uint64_t row = first; row < first + count; ++row) {
    OfRow of{.row = row, .specs = {}};
    bool has_line_fault = false;
    for (size_t k = 0; k < streams_.size(); ++k) {
      const DefectKind kind = (*specs_)[k].kind;
      if (kind == DefectKind::kCorruptFile || !streams_[k].Hits(row) ||
          (IsOfLine(kind) && has_line_fault))
        continue;
      has_line_fault = has_line_fault || IsOfLine(kind);
      of.specs.push_back(k);
    }
    if (has_line_fault)
      std::erase_if(of.specs, [&](size_t k) {
        const DefectKind kind = (*specs_)[k].kind;
        return kind == DefectKind::kMissing || kind == DefectKind::kBad;
      });
    if (!of.specs.empty()) rows.push_back(std::move(of));
  }
  return rows;
}

uint64_t Defects::Draw(size_t spec, uint64_t row) const {
  return env::SplitMix64(streams_[spec].seed ^ 0x5DEECE66DULL, row);
}

uint64_t Defects::LostAtEnd(uint64_t first, uint64_t end) const {
  if (corrupt_ == nullptr || end == first) return 0;
  const auto spec = static_cast<size_t>(corrupt_ - specs_->data());
  if (!streams_[spec].Hits(first)) return 0;
  return 1 + Draw(spec, first) % std::min(kLostRowsMax, std::max<uint64_t>(1, (end - first) / 2));
}

std::string Defects::CorruptBytes(uint64_t first) const {
  const uint64_t seed = Draw(static_cast<size_t>(corrupt_ - specs_->data()), ~first);
  const size_t length = 64 + seed % 4000;
  std::string bytes = "\xFF";
  for (uint64_t i = 0; bytes.size() < length; ++i) {
    const char byte = static_cast<char>(env::SplitMix64(seed, i) >> 56);
    bytes += byte == '\n' || byte == '\r' || byte == '"' ? '\xFE' : byte;
  }
  return bytes;
}

Result<std::unique_ptr<RecordText>> RecordText::Make(const format::FormatSpec& format,
                                                     std::shared_ptr<arrow::Schema> schema,
                                                     std::vector<std::string> json_columns,
                                                     const Defects& defects,
                                                     std::function<void(const Flaw&)> on_flaw) {
  std::unique_ptr<RecordText> made(new RecordText(defects, std::move(on_flaw)));
  made->format_ = format;
  made->schema_ = std::move(schema);
  made->json_columns_ = std::move(json_columns);
  WEIR_ASSIGN(made->encoders_[{}], format::MakeEncoder(format, made->schema_, made->json_columns_));
  for (int c = 0; c < made->schema_->num_fields(); ++c) {
    const auto& field = *made->schema_->field(c);
    if (field.type()->id() == arrow::Type::STRING &&
        std::ranges::find(made->json_columns_, field.name()) == made->json_columns_.end())
      made->text_columns_.push_back(c);
  }
  for (const DefectSpec& spec : defects.specs()) {
    Error error{
        .kind = ErrorKind::kConfig, .code = {}, .message = {}, .place = spec.place, .next = {}};
    if (spec.kind == DefectKind::kTruncatedLine && format.kind == format::FormatKind::kCsv &&
        made->schema_->num_fields() < 2) {
      error.code = "generate.one_column";
      error.message = "a CSV line of one field, cut short, is still a whole line";
      error.next = "add a field, or write ndjson";
      return std::unexpected(std::move(error));
    }
    if (spec.kind == DefectKind::kBadUtf8 && made->text_columns_.empty()) {
      error.code = "generate.no_text";
      error.message = "bad_utf8 needs a field of text";
      error.next = "add a text field, or leave bad_utf8 out";
      return std::unexpected(std::move(error));
    }
  }
  return made;
}

void RecordText::BeginFile() {
  WEIR_CHECK(text_.empty());
  counted_ = 0;
  line_ = 1;
  text_ = encoders_[{}]->Header();
}

std::string RecordText::Take() {
  LineHere();
  counted_ = 0;
  return std::exchange(text_, {});
}

uint64_t RecordText::LineHere() {
  line_ += static_cast<uint64_t>(
      std::count(text_.begin() + static_cast<ptrdiff_t>(counted_), text_.end(), '\n'));
  counted_ = text_.size();
  return line_;
}

void RecordText::Append(const arrow::RecordBatch& batch, uint64_t first) {
  format::Encoder& encoder = *encoders_[{}];
  int64_t done = 0;
  for (const Defects::OfRow& flaws : defects_.In(first, static_cast<size_t>(batch.num_rows()))) {
    const auto at = static_cast<int64_t>(flaws.row - first);
    if (at > done) encoder.Append(*batch.Slice(done, at - done), text_);
    AppendFlawed(*batch.Slice(at, 1), flaws);
    done = at + 1;
  }
  if (done == 0)
    encoder.Append(batch, text_);
  else if (done < batch.num_rows())
    encoder.Append(*batch.Slice(done), text_);
}

void RecordText::AppendFlawed(const arrow::RecordBatch& row, const Defects::OfRow& flaws) {
  Flaw flaw{.line = LineHere(), .row = flaws.row, .kinds = {}};
  std::vector<int> missing;
  std::vector<int> bad;
  std::string changed;  // The line, where the fault is not in a cell.
  bool twice = false;
  const std::string* duplicate = nullptr;
  for (const size_t k : flaws.specs) {
    const DefectSpec& spec = defects_.specs()[k];
    const int column = spec.column.empty() ? -1 : schema_->GetFieldIndex(spec.column);
    bool applied = true;
    switch (spec.kind) {
      case DefectKind::kMissing:
        applied = row.column(column)->IsValid(0) && std::ranges::find(bad, column) == bad.end();
        if (applied) missing.push_back(column);
        break;
      case DefectKind::kBad:
        applied = std::ranges::find(missing, column) == missing.end();
        if (applied) bad.push_back(column);
        break;
      case DefectKind::kBadUtf8:
        changed = WithBadUtf8(row, k, flaws.row);
        applied = !changed.empty();
        break;
      case DefectKind::kTruncatedLine:
        changed = Truncated(Encode(row, {}, {}), k, flaws.row);
        applied = !changed.empty();
        break;
      case DefectKind::kDuplicate:
        twice = true;
        duplicate = &spec.text;
        applied = false;  // Said of the second record only.
        break;
      case DefectKind::kCorruptFile:
        WEIR_CHECK(false);
    }
    if (applied) flaw.kinds.push_back(spec.text);
  }
  std::ranges::sort(bad);
  const std::string line = changed.empty() ? Encode(row, missing, bad) : changed;
  text_ += line;
  if (!flaw.kinds.empty()) on_flaw_(flaw);
  if (!twice) return;
  flaw.line = LineHere();
  flaw.kinds.push_back(*duplicate);
  text_ += line;
  on_flaw_(flaw);
}

void RecordText::AppendCorrupt(const arrow::RecordBatch& batch, uint64_t row,
                               uint64_t file_first_row) {
  const std::string line = Encode(batch, {}, {});
  on_flaw_({.line = LineHere(), .row = row, .kinds = {defects_.corrupt_file()->text}});
  // Half of its first line: no line end stands between here and the end of the file.
  text_ += line.substr(0, std::min(line.size() / 2, line.find('\n')));
  text_ += defects_.CorruptBytes(file_first_row);
}

format::Encoder& RecordText::EncoderWith(const std::vector<int>& bad) {
  auto& encoder = encoders_[bad];
  if (!encoder) {
    arrow::FieldVector fields = schema_->fields();
    std::vector<std::string> json_columns = json_columns_;
    for (const int column : bad) {
      fields[static_cast<size_t>(column)] =
          arrow::field(schema_->field(column)->name(), arrow::utf8());
      std::erase(json_columns, schema_->field(column)->name());
    }
    auto made =
        format::MakeEncoder(format_, arrow::schema(std::move(fields)), std::move(json_columns));
    WEIR_CHECK(made.has_value());  // Text has a text form, and the rest had one.
    encoder = std::move(*made);
  }
  return *encoder;
}

std::string RecordText::Encode(const arrow::RecordBatch& row, const std::vector<int>& missing,
                               const std::vector<int>& bad) {
  arrow::ArrayVector columns = row.columns();
  arrow::FieldVector fields = schema_->fields();
  for (const int column : missing) {
    const auto null = arrow::MakeArrayOfNull(schema_->field(column)->type(), 1);
    WEIR_CHECK(null.ok());
    columns[static_cast<size_t>(column)] = *null;
  }
  for (const int column : bad) {
    arrow::StringBuilder text;
    WEIR_CHECK(text.Append(BadText(*schema_->field(column)->type())).ok());
    columns[static_cast<size_t>(column)] = text.Finish().ValueOrDie();
    fields[static_cast<size_t>(column)] =
        arrow::field(schema_->field(column)->name(), arrow::utf8());
  }
  const auto changed =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 1, std::move(columns));
  std::string line;
  EncoderWith(bad).Append(*changed, line);
  return line;
}

std::string RecordText::WithBadUtf8(const arrow::RecordBatch& row, size_t spec, uint64_t number) {
  std::vector<int> filled;
  for (const int column : text_columns_)
    if (row.column(column)->IsValid(0)) filled.push_back(column);
  if (filled.empty()) return {};
  const int column = filled[defects_.Draw(spec, number) % filled.size()];
  std::string text(static_cast<const arrow::StringArray&>(*row.column(column)).GetView(0));
  size_t middle = text.size() / 2;
  while (middle > 0 && (text[middle] & 0xC0) == 0x80) --middle;  // Between two characters.
  text.insert(middle, kPlaceholder);
  arrow::StringBuilder builder;
  WEIR_CHECK(builder.Append(text).ok());
  const auto changed = row.SetColumn(column, schema_->field(column), builder.Finish().ValueOrDie());
  WEIR_CHECK(changed.ok());
  std::string line = Encode(**changed, {}, {});
  const size_t at = line.find(kPlaceholder);
  WEIR_CHECK(at != std::string::npos);
  line.replace(at, kPlaceholder.size(), "\xFF");
  return line;
}

// The line cut so that the record is broken for certain, and no other with it: behind at least one
// byte, before the last comma outside quotes (JSON: before the closing brace), never within quotes.
std::string RecordText::Truncated(std::string line, size_t spec, uint64_t number) const {
  const bool is_csv = format_.kind == format::FormatKind::kCsv;
  const size_t end = line.size() - 1;  // Of the line without its end.
  std::vector<size_t> places;
  bool in_quotes = false;
  size_t last_comma = is_csv ? 0 : end - 1;
  for (size_t i = 0; i < end; ++i) {
    if (is_csv && line[i] == format_.csv.quote) in_quotes = !in_quotes;
    if (is_csv && line[i] == format_.csv.delimiter && !in_quotes) last_comma = i;
    if (i > 0 && (!is_csv || !in_quotes) && line[i] != format_.csv.quote) places.push_back(i);
  }
  std::erase_if(places, [&](size_t place) { return place > last_comma; });
  if (places.empty()) return {};
  line.resize(places[defects_.Draw(spec, number) % places.size()]);
  return line + "\n";
}

}  // namespace weir::source
