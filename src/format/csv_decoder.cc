#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "format/chunk_decoder_internal.h"
#include "format/csv_scanner_internal.h"
#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using columnar::Reason;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kUsualColumns = 64;

bool IsTextKind(Kind kind) { return kind == Kind::kVarchar || kind == Kind::kJson; }

class CsvDecoder final : public ChunkDecoder {
 public:
  CsvDecoder(const FormatSpec& spec, RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
             DecoderState start, DecoderOptions options)
      : ChunkDecoder(spec.compression, std::move(rows), std::move(reader), std::move(start),
                     std::move(options)),
        csv_(spec.csv),
        scanner_(spec.csv.delimiter, spec.csv.quote, this->options().record_bytes_max) {}

 private:
  // What becomes of a field of the file.
  struct Target {
    int column = -1;             // In the contract; -1: it is rescued.
    bool empty_is_null = false;  // Even in quotes.
    std::string rescued_key;     // "name": as JSON.
  };

  Result<Stop> DecodeSome() override;
  Result<std::optional<Stop>> Prepare();
  Result<void> ReadHeader(const CsvRecord& record);
  Result<void> SetTargets(const std::vector<std::string>& names);
  std::unexpected<Error> HeaderError(std::string message, std::string next);
  void DecodeRecord(const CsvRecord& record);
  // False: the record is to be refused for refusal_.
  bool DecodeFields(std::string_view raw);
  bool IsNull(const CsvField& field) const {
    return !field.quoted &&
           (field.length == 0 || (!csv_.null_text.empty() && field.text() == csv_.null_text));
  }

  CsvOptions csv_;
  CsvScanner scanner_;
  std::vector<Target> targets_;
  std::vector<size_t> missing_;  // Columns that the file does not have.
  Reason refusal_;
  std::string scratch_;
  std::string rescued_;
};

Result<ChunkDecoder::Stop> CsvDecoder::DecodeSome() {
  if (targets_.empty()) {
    WEIR_ASSIGN(const std::optional<Stop> stop, Prepare());
    if (stop) return *stop;
  }
  while (true) {
    if (limit_reached()) return Stop::kLimit;
    const CsvRecord record = scanner_.Scan(window().rest(), complete(), targets_.size());
    switch (record.kind) {
      case CsvRecord::Kind::kRecord:
        DecodeRecord(record);
        break;
      case CsvRecord::Kind::kBlank:
        Pass(record.used, record.lines);
        break;
      case CsvRecord::Kind::kQuote:
        Refuse({.code = "csv.quote", .rule = {}, .column = {}, .detail = record.why}, record.length,
               record.used, record.lines);
        break;
      case CsvRecord::Kind::kMore:
        return Stop::kMore;
      case CsvRecord::Kind::kTooLong:
        return Stop::kTooLong;
      case CsvRecord::Kind::kEnd:
        return Stop::kEnd;
    }
  }
}

// Byte-order mark and header.
Result<std::optional<ChunkDecoder::Stop>> CsvDecoder::Prepare() {
  if (window().offset() == 0) {
    const std::string_view rest = window().rest();
    if (rest.size() < kByteOrderMark.size() && !complete()) return Stop::kMore;
    if (rest.starts_with(kByteOrderMark)) Pass(kByteOrderMark.size(), 0);
  }
  if (!csv_.has_header) {
    std::vector<std::string> names;
    for (const ColumnSpec& spec : rows().specs()) names.push_back(spec.input_name());
    WEIR_TRY(SetTargets(names));
    return std::nullopt;
  }
  while (next_state().csv_header.empty()) {
    CsvRecord record = scanner_.Scan(window().rest(), complete(), kUsualColumns);
    if (record.kind == CsvRecord::Kind::kRecord && record.field_count > kUsualColumns)
      record =
          scanner_.Scan(window().rest(), complete(), std::min(record.field_count, kColumnsMax));
    switch (record.kind) {
      case CsvRecord::Kind::kRecord:
        WEIR_TRY(ReadHeader(record));
        Pass(record.used, record.lines);
        break;
      case CsvRecord::Kind::kBlank:
        Pass(record.used, record.lines);
        break;
      case CsvRecord::Kind::kQuote:
        return HeaderError(std::string("the header cannot be read: ") + record.why, {});
      case CsvRecord::Kind::kTooLong:
        return HeaderError("the header is longer than a record may be", {});
      case CsvRecord::Kind::kMore:
        return Stop::kMore;
      case CsvRecord::Kind::kEnd:
        return Stop::kEnd;
    }
  }
  WEIR_TRY(SetTargets(next_state().csv_header));
  return std::nullopt;
}

std::unexpected<Error> CsvDecoder::HeaderError(std::string message, std::string next) {
  return Fail({.kind = ErrorKind::kInvalid,
               .code = "csv.header",
               .message = std::move(message),
               .place = {.file = options().input_name,
                         .line = next_line(),
                         .column = 0,
                         .byte_offset = window().offset()},
               .next = std::move(next)});
}

Result<void> CsvDecoder::ReadHeader(const CsvRecord& record) {
  if (record.field_count > kColumnsMax)
    return HeaderError("the header has " + std::to_string(record.field_count) + " columns", {});
  std::vector<std::string> names;
  for (const CsvField& field : scanner_.fields()) {
    const std::string_view name = scanner_.TextOf(field, scratch_);
    if (!IsUtf8(name)) return HeaderError("the name '" + Shown(name) + "' is not UTF-8", {});
    names.emplace_back(name);
  }
  WEIR_TRY(SetTargets(names));
  next_state().csv_header = std::move(names);
  return {};
}

Result<void> CsvDecoder::SetTargets(const std::vector<std::string>& names) {
  const std::vector<ColumnSpec>& specs = rows().specs();
  targets_.assign(names.size(), {});
  std::vector<bool> found(specs.size(), false);
  std::unordered_map<std::string_view, size_t> columns;
  for (size_t i = 0; i < specs.size(); ++i) columns.emplace(specs[i].input_name(), i);
  std::set<std::string> rescued_names;
  size_t matched = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto known = columns.find(names[i]);
    if (known == columns.end()) {
      // Names that are empty or come twice are told apart by their place in the file.
      std::string name = names[i];
      if (name.empty() || rescued_names.contains(name)) name += "#" + std::to_string(i + 1);
      rescued_names.insert(name);
      AppendJsonString(targets_[i].rescued_key, name);
      targets_[i].rescued_key += ':';
      continue;
    }
    const size_t column = known->second;
    const Kind kind = specs[column].type.kind;
    if (found[column])
      return HeaderError("the header names '" + names[i] + "' twice", "rename one of the two");
    found[column] = true;
    ++matched;
    targets_[i].column = static_cast<int>(column);
    targets_[i].empty_is_null = !IsTextKind(kind) && kind != Kind::kBinary;
  }
  if (matched == 0 && !specs.empty()) {
    std::string has;
    for (size_t i = 0; i < std::min<size_t>(names.size(), 5); ++i)
      has += (has.empty() ? "" : ", ") + Shown(names[i]);
    return HeaderError("the header names none of the contract's columns: it has " + has +
                           (names.size() > 5 ? ", ..." : ""),
                       "if the file has no header, set csv: {header: false}");
  }
  missing_.clear();
  for (size_t column = 0; column < specs.size(); ++column)
    if (!found[column]) missing_.push_back(column);
  return {};
}

void CsvDecoder::DecodeRecord(const CsvRecord& record) {
  bool good = false;
  if (record.field_count == targets_.size()) [[likely]] {
    good = DecodeFields(window().rest().substr(0, record.length));
  } else {
    refusal_ = {.code = "csv.fields",
                .rule = {},
                .column = {},
                .detail = std::to_string(record.field_count) +
                          (record.field_count == 1 ? " field, the " : " fields, the ") +
                          (csv_.has_header ? "header" : "contract") + " has " +
                          std::to_string(targets_.size())};
  }
  if (good) [[likely]] {
    Accept(record.length, record.used, record.lines);
  } else {
    Refuse(std::move(refusal_), record.length, record.used, record.lines);
  }
}

bool CsvDecoder::DecodeFields(std::string_view raw) {
  const TextTrust trust = TrustOf(raw);
  RowBuilder& builder = rows();
  builder.BeginRow();
  rescued_.clear();
  const std::span<const CsvField> fields = scanner_.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    const CsvField& field = fields[i];
    const Target& target = targets_[i];
    if (target.column >= 0) [[likely]] {
      const auto column = static_cast<size_t>(target.column);
      if (IsNull(field) || (field.length == 0 && target.empty_is_null)) {
        builder.SetNull(column);
      } else {
        builder.SetText(column, scanner_.TextOf(field, scratch_), trust);
      }
    } else if (!IsNull(field)) {
      const std::string_view text = scanner_.TextOf(field, scratch_);
      if (!trust.utf8 && !IsUtf8(text)) {
        refusal_ = {.code = "text.utf8",
                    .rule = {},
                    .column = {},
                    .detail = target.rescued_key + " '" + Shown(text) + "' is not UTF-8"};
        return false;
      }
      rescued_ += rescued_.empty() ? '{' : ',';
      rescued_ += target.rescued_key;
      AppendJsonString(rescued_, text);
    }
  }
  for (const size_t column : missing_) builder.SetDefault(column);
  if (!rescued_.empty()) rescued_ += '}';
  builder.SetRescued(rescued_);
  return true;
}

}  // namespace

std::unique_ptr<Decoder> MakeCsvDecoder(const FormatSpec& spec, RowBuilder rows,
                                        std::unique_ptr<env::ByteReader> reader, DecoderState start,
                                        DecoderOptions options) {
  return std::make_unique<CsvDecoder>(spec, std::move(rows), std::move(reader), std::move(start),
                                      std::move(options));
}

}  // namespace weir::format
