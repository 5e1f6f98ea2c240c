#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "format/chunk_decoder_internal.h"
#include "format/csv_opening_internal.h"
#include "format/csv_scanner_internal.h"
#include "format/json_cursor_internal.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using columnar::Reason;

bool IsTextKind(Kind kind) { return kind == Kind::kVarchar || kind == Kind::kJson; }

class CsvDecoder final : public ChunkDecoder {
 public:
  CsvDecoder(const FormatSpec& spec, RowBuilder rows, std::unique_ptr<env::ByteReader> reader,
             DecoderState start, DecoderOptions options)
      : ChunkDecoder(spec.compression, spec.csv.encoding, std::move(rows), std::move(reader),
                     std::move(start), std::move(options)),
        csv_(spec.csv) {}

 private:
  // What becomes of a field of the file.
  struct Target {
    int column = -1;             // In the contract; -1: it is rescued.
    bool empty_is_null = false;  // Even in quotes.
    std::string rescued_key;     // "name": as JSON.
  };

  Result<Stop> DecodeSome() override;
  Result<std::optional<Stop>> Prepare();
  Result<std::optional<Stop>> ReadOpening();
  Result<std::optional<Stop>> RefuseAll(std::string fault);
  LineEnds line_ends() { return next_state().csv_cr ? LineEnds::kAny : LineEnds::kLf; }
  void SetTargets(const CsvFit& fit, const std::vector<std::string>& names);
  void DecodeRecord(const CsvRecord& record);
  // False: the record is to be refused for refusal_.
  bool DecodeFields(std::string_view raw);
  bool IsNull(const CsvField& field) const {
    return !field.quoted &&
           (field.length == 0 || (!csv_.null_text.empty() && field.text() == csv_.null_text));
  }

  CsvOptions csv_;
  std::optional<CsvScanner> scanner_;  // Once the input's beginning was read.
  std::vector<Target> targets_;
  std::vector<size_t> missing_;  // Columns that the file does not have.
  Reason refusal_;
  std::string scratch_;
  std::string rescued_;
};

Result<ChunkDecoder::Stop> CsvDecoder::DecodeSome() {
  if (!scanner_) {
    WEIR_ASSIGN(const std::optional<Stop> stop, Prepare());
    if (stop) return *stop;
  }
  while (true) {
    if (limit_reached()) return Stop::kLimit;
    const CsvRecord record = scanner_->Scan(window().rest(), complete(), targets_.size());
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

// What the state knows of the input's beginning, or the beginning itself.
Result<std::optional<ChunkDecoder::Stop>> CsvDecoder::Prepare() {
  DecoderState& state = next_state();
  if (csv_.has_header ? state.csv_header.empty() : state.csv_delimiter == '\0') {
    WEIR_ASSIGN(const std::optional<Stop> stop, ReadOpening());
    if (stop) return *stop;
  }
  if (csv_.delimiter == kFoundDelimiter)
    csv_.delimiter = state.csv_delimiter == '\0' ? ',' : state.csv_delimiter;
  std::vector<std::string> names = state.csv_header;
  if (!csv_.has_header) {
    names.clear();
    for (const ColumnSpec& spec : rows().specs()) names.push_back(spec.input_name());
  }
  set_line_ends(line_ends());
  CsvFit fit = FitHeader(names, rows().specs());
  if (!fit.fault.empty()) return RefuseAll(std::move(fit.fault));
  SetTargets(fit, names);
  scanner_.emplace(csv_.delimiter, csv_.quote, line_ends(), options().record_bytes_max);
  return std::nullopt;
}

// Byte-order mark, line ends, delimiter and header, into the state.
Result<std::optional<ChunkDecoder::Stop>> CsvDecoder::ReadOpening() {
  if (!PassByteOrderMark()) return Stop::kMore;
  DecoderState& state = next_state();
  while (true) {
    CsvOpening opening =
        OpenCsv(window().rest(), complete(), csv_, rows().specs(), options().record_bytes_max);
    const CsvRecord& record = opening.record;
    if (record.kind == CsvRecord::Kind::kMore) return Stop::kMore;
    if (record.kind == CsvRecord::Kind::kEnd) return Stop::kEnd;
    state.csv_cr |= opening.cr_ends_lines;
    if (record.kind == CsvRecord::Kind::kBlank) {
      Pass(record.used, 1);
      continue;
    }
    set_line_ends(line_ends());
    if (csv_.has_header) {
      if (!opening.fault.empty()) return RefuseAll(std::move(opening.fault));
      state.csv_header = std::move(opening.names);
      const std::string_view header = window().rest().substr(0, record.used);
      Pass(record.used, CountLines(header, line_ends()));
    }
    state.csv_delimiter = opening.delimiter;
    return std::nullopt;
  }
}

Result<std::optional<ChunkDecoder::Stop>> CsvDecoder::RefuseAll(std::string fault) {
  WEIR_TRY(
      RefuseRest({.code = "csv.header", .rule = {}, .column = {}, .detail = std::move(fault)}));
  return Stop::kEnd;
}

void CsvDecoder::SetTargets(const CsvFit& fit, const std::vector<std::string>& names) {
  const std::vector<ColumnSpec>& specs = rows().specs();
  targets_.assign(names.size(), {});
  std::vector<bool> found(specs.size(), false);
  std::set<std::string> rescued_names;
  for (size_t i = 0; i < names.size(); ++i) {
    if (const std::optional<size_t> column = fit.columns[i]) {
      const Kind kind = specs[*column].type.kind;
      found[*column] = true;
      targets_[i].column = static_cast<int>(*column);
      targets_[i].empty_is_null = !IsTextKind(kind) && kind != Kind::kBinary;
      continue;
    }
    // Names that are empty or come twice are told apart by their place in the file.
    std::string name = names[i];
    if (name.empty() || rescued_names.contains(name)) name += "#" + std::to_string(i + 1);
    rescued_names.insert(name);
    AppendJsonString(targets_[i].rescued_key, name);
    targets_[i].rescued_key += ':';
  }
  missing_.clear();
  for (size_t column = 0; column < specs.size(); ++column)
    if (!found[column]) missing_.push_back(column);
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
  const std::span<const CsvField> fields = scanner_->fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    const CsvField& field = fields[i];
    const Target& target = targets_[i];
    if (target.column >= 0) [[likely]] {
      const auto column = static_cast<size_t>(target.column);
      if (IsNull(field) || (field.length == 0 && target.empty_is_null)) {
        builder.SetNull(column);
      } else {
        builder.SetText(column, scanner_->TextOf(field, scratch_), trust);
      }
    } else if (!IsNull(field)) {
      const std::string_view text = scanner_->TextOf(field, scratch_);
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
