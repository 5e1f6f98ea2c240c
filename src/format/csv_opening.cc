#include "format/csv_opening_internal.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <utility>

#include "base/limits.h"
#include "base/spelling.h"
#include "format/scalars.h"
#include "format/utf8_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;

constexpr std::string_view kDelimiters = ",;\t|";
constexpr size_t kUsualColumns = 64;
constexpr size_t kNamesShown = 5;

// As `bytes` begin under one delimiter.
CsvOpening OpenWith(std::string_view bytes, bool complete, const CsvOptions& csv, char delimiter,
                    size_t record_bytes_max) {
  CsvScanner scanner(delimiter, csv.quote, LineEnds::kAny, record_bytes_max);
  CsvOpening opening;
  opening.delimiter = delimiter;
  CsvRecord& record = opening.record;
  record = scanner.Scan(bytes, complete, kUsualColumns);
  if (record.kind == CsvRecord::Kind::kRecord && record.field_count > kUsualColumns)
    record = scanner.Scan(bytes, complete, std::min(record.field_count, kColumnsMax));
  opening.cr_ends_lines =
      record.used == record.length + 1 && bytes.substr(record.length).starts_with('\r');
  if (record.kind == CsvRecord::Kind::kQuote)
    opening.fault = std::string("the header cannot be read: ") + record.why;
  if (record.kind == CsvRecord::Kind::kTooLong)
    opening.fault = "the header is longer than a record may be";
  if (record.kind != CsvRecord::Kind::kRecord) return opening;
  if (record.field_count > kColumnsMax)
    opening.fault = "the header has " + std::to_string(record.field_count) +
                    " columns, more than " + std::to_string(kColumnsMax);
  std::string scratch;
  for (const CsvField& field : scanner.fields()) {
    const std::string_view name = scanner.TextOf(field, scratch);
    if (opening.fault.empty() && !IsUtf8(name))
      opening.fault = "the header's name '" + Shown(name) +
                      "' is not UTF-8; if the file is in another encoding, say which one: csv: "
                      "{encoding: windows-1252}";
    opening.names.emplace_back(name);
  }
  return opening;
}

// How well it fits: columns of the contract that it names, then fields.
std::pair<size_t, size_t> Score(const CsvOpening& opening, const std::vector<ColumnSpec>& specs) {
  if (opening.record.kind != CsvRecord::Kind::kRecord) return {0, 0};
  const auto named = std::count_if(specs.begin(), specs.end(), [&](const ColumnSpec& spec) {
    return std::find(opening.names.begin(), opening.names.end(), spec.input_name()) !=
           opening.names.end();
  });
  return {static_cast<size_t>(named), opening.record.field_count};
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i)
    text += (i == 0 ? "" : ", ") + Shown(names[i]);
  return text + (names.size() > kNamesShown ? ", ..." : "");
}

// As names are compared for "did you mean": without blanks around it and letter case.
std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != ' ' && c != '_' && c != '-')
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

std::string NamesNoColumn(const std::vector<std::string>& names,
                          const std::vector<ColumnSpec>& specs) {
  std::vector<std::string> wanted;
  std::vector<std::string> plain_names;
  for (const ColumnSpec& spec : specs) wanted.push_back(spec.input_name());
  for (size_t i = 0; i < std::min(names.size(), size_t{100}); ++i)
    plain_names.push_back(Plain(names[i]));
  std::string text = "the header names none of the contract's columns: it has " + Listed(names) +
                     ", the contract wants " + Listed(wanted);
  for (const std::string& name : names)
    if (name.find('\0') != std::string::npos)
      return text + "; its names hold NUL: if the file is UTF-16, set csv: {encoding: utf-16}";
  for (const std::string& column : wanted) {
    const auto near = NearestWord(Plain(column), plain_names);
    if (!near || near->empty()) continue;
    const auto at = std::find(plain_names.begin(), plain_names.end(), *near) - plain_names.begin();
    return text + "; if '" + Shown(names[static_cast<size_t>(at)]) + "' is meant to be '" + column +
           "', give the column `from: " + Shown(names[static_cast<size_t>(at)]) + "`";
  }
  return text + "; if the file has no header, set csv: {header: false}";
}

CsvOpening FindOpening(std::string_view bytes, bool complete, const CsvOptions& csv,
                       const std::vector<ColumnSpec>& specs, size_t record_bytes_max) {
  if (csv.delimiter != kFoundDelimiter || !csv.has_header)
    return OpenWith(bytes, complete, csv,
                    csv.delimiter == kFoundDelimiter ? kDelimiters.front() : csv.delimiter,
                    record_bytes_max);
  std::optional<CsvOpening> best;
  std::pair<size_t, size_t> best_score;
  std::string fault;  // The first delimiter's that had one.
  for (const char delimiter : kDelimiters) {
    if (delimiter == csv.quote) continue;
    CsvOpening opening = OpenWith(bytes, complete, csv, delimiter, record_bytes_max);
    const CsvRecord::Kind kind = opening.record.kind;
    if (kind != CsvRecord::Kind::kRecord && kind != CsvRecord::Kind::kQuote &&
        kind != CsvRecord::Kind::kTooLong)
      return opening;
    if (fault.empty()) fault = opening.fault;
    const auto score = Score(opening, specs);
    if (best && score <= best_score) continue;
    best = std::move(opening);
    best_score = score;
  }
  // Where nothing fits, a fault is nearer to the truth than names that are not known.
  if (best_score.first == 0 && !specs.empty() && !fault.empty()) best->fault = fault;
  return std::move(*best);
}

}  // namespace

CsvOpening OpenCsv(std::string_view bytes, bool complete, const CsvOptions& csv,
                   const std::vector<ColumnSpec>& specs, size_t record_bytes_max) {
  CsvOpening opening = FindOpening(bytes, complete, csv, specs, record_bytes_max);
  if (opening.record.kind == CsvRecord::Kind::kRecord && opening.fault.empty() && csv.has_header)
    opening.fault = FitHeader(opening.names, specs).fault;
  return opening;
}

CsvFit FitHeader(const std::vector<std::string>& names, const std::vector<ColumnSpec>& specs) {
  CsvFit fit;
  fit.columns.resize(names.size());
  std::unordered_map<std::string_view, size_t> columns;
  for (size_t i = 0; i < specs.size(); ++i) columns.emplace(specs[i].input_name(), i);
  std::vector<bool> found(specs.size(), false);
  bool any = false;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto known = columns.find(names[i]);
    if (known == columns.end()) continue;
    if (found[known->second]) {
      fit.fault = "the header names '" + Shown(names[i]) + "' twice; rename one of the two";
      return fit;
    }
    found[known->second] = true;
    fit.columns[i] = known->second;
    any = true;
  }
  if (!any && !specs.empty()) fit.fault = NamesNoColumn(names, specs);
  return fit;
}

}  // namespace weir::format
