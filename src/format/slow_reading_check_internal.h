// For tests alone: the formats read once more, a character at a time and by other means, so that
// the decoders can be held against it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::format {

inline constexpr size_t kNowhere = std::string::npos;

// A record as the slow reading sees it.
struct Expected {
  size_t offset = 0;
  size_t length = 0;
  std::string code;  // Of a broken one, where the reading can tell.
  std::vector<std::optional<std::string>> fields;
};

inline size_t WithoutCr(const std::string& bytes, size_t begin, size_t end) {
  return end > begin && bytes[end - 1] == '\r' ? end - 1 : end;
}

// One CSV record by the rule of csv_scanner_internal.h, a character at a time. `next` is where the
// following one begins.
struct CsvCut {
  Expected record;
  size_t next = 0;
};

inline CsvCut CutAtFault(const std::string& bytes, size_t start, size_t bound, size_t open) {
  size_t end = bytes.find('\n', open);
  std::string code = "csv.quote";
  if (end > bound && bytes.size() > bound) {
    code = "record.too_long";
    end = bytes.find('\n', bound);
  }
  const size_t stop = std::min(end, bytes.size());
  return {.record = {.offset = start,
                     .length = WithoutCr(bytes, start, stop) - start,
                     .code = code,
                     .fields = {}},
          .next = end == kNowhere ? bytes.size() : end + 1};
}

inline CsvCut CutCsv(const std::string& bytes, size_t start, size_t record_bytes_max) {
  const size_t bound = start + record_bytes_max;
  CsvCut cut;
  cut.record.offset = start;
  std::string field;
  bool quoted = false;
  size_t open = kNowhere;  // Of the quoted field that is being read.
  size_t field_start = start;
  size_t at = start;
  const auto finish = [&] {
    cut.record.fields.push_back(!quoted && field.empty() ? std::nullopt : std::optional(field));
    field.clear();
    quoted = false;
  };
  while (true) {
    if (open != kNowhere) {
      if (at >= bytes.size() || at > bound) return CutAtFault(bytes, start, bound, open);
      if (bytes[at] != '"') {
        field += bytes[at++];
      } else if (at + 1 < bytes.size() && bytes[at + 1] == '"') {
        field += '"';
        at += 2;
      } else {
        const size_t behind = at + 1;
        const bool cr = behind < bytes.size() && bytes[behind] == '\r' &&
                        (behind + 1 == bytes.size() || bytes[behind + 1] == '\n');
        if (behind < bytes.size() && !cr && bytes[behind] != ',' && bytes[behind] != '\n')
          return CutAtFault(bytes, start, bound, open);
        at = behind + (cr ? 1 : 0);
        open = kNowhere;
        quoted = true;
      }
      continue;
    }
    if (at > bound) return CutAtFault(bytes, start, bound, kNowhere);
    const bool end = at == bytes.size();
    if (end || bytes[at] == '\n') {
      if (!quoted && field.ends_with('\r')) field.pop_back();
      finish();
      cut.record.length = WithoutCr(bytes, start, at) - start;
      cut.next = end ? at : at + 1;
      return cut;
    }
    if (bytes[at] == ',') {
      finish();
      field_start = ++at;
    } else if (at == field_start && bytes[at] == '"') {
      open = at++;
    } else {
      field += bytes[at++];
    }
  }
}

inline std::vector<Expected> ReadCsvSlowly(const std::string& bytes, size_t record_bytes_max) {
  std::vector<Expected> records;
  size_t at = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  std::optional<size_t> header_fields;
  while (at < bytes.size()) {
    CsvCut cut = CutCsv(bytes, at, record_bytes_max);
    at = cut.next;
    if (cut.record.length == 0) continue;
    if (!header_fields) {
      header_fields = cut.record.fields.size();
      continue;
    }
    if (cut.record.code.empty() && cut.record.fields.size() != *header_fields)
      cut.record.code = "csv.fields";
    records.push_back(std::move(cut.record));
  }
  return records;
}

// Lines; the judge of each is nlohmann's parser.
inline std::vector<Expected> ReadNdjsonSlowly(const std::string& bytes, size_t record_bytes_max) {
  std::vector<Expected> records;
  size_t at = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (at < bytes.size()) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    Expected record{
        .offset = at, .length = WithoutCr(bytes, at, end) - at, .code = {}, .fields = {}};
    if (end - at > record_bytes_max) record.code = "record.too_long";
    const std::string_view line = std::string_view(bytes).substr(at, record.length);
    if (!record.code.empty() || line.find_first_not_of(" \t\r") != kNowhere)
      records.push_back(record);
    at = end + 1;
  }
  return records;
}

// Says whether a text is JSON, a number too large for a double included.
class Judge : public nlohmann::json_sax<nlohmann::json> {
 public:
  static bool Accepts(std::string_view text) {
    Judge judge;
    return nlohmann::json::sax_parse(text, &judge) || judge.number_too_large_;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& fault) override {
    constexpr int kOutOfRange = 406;
    number_too_large_ = fault.id == kOutOfRange;
    return false;
  }

 private:
  bool number_too_large_ = false;
};

}  // namespace weir::format
