#include "infer/csv_form_internal.h"

#include <charconv>
#include <optional>
#include <tuple>

namespace weir::infer {
namespace {

constexpr std::string_view kDelimiters = ",;\t|";
constexpr uint64_t kFirstRecords = 1000;

struct Tried {
  CsvForm form;
  LookedAt looked;
};

Result<Tried> TryDelimiter(const Input& input, format::FormatSpec spec, char delimiter) {
  spec.csv.delimiter = delimiter;
  WEIR_ASSIGN(LookedAt looked, input.Look(spec, {}, kFirstRecords, [](const auto&) {}));
  return Tried{{spec, looked.state.csv_header}, std::move(looked)};
}

// How far it is from being the one: smaller is nearer.
std::tuple<bool, double, double> Distance(const Tried& tried) {
  const double broken = tried.looked.rows == 0 ? 0
                                               : static_cast<double>(tried.looked.broken) /
                                                     static_cast<double>(tried.looked.rows);
  const auto fields = tried.form.names.size();
  return {fields < 2, fields < 2 ? 0 : broken, fields < 2 ? 0 : -static_cast<double>(fields)};
}

std::optional<int> YearOf(std::string_view text) {
  int year = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), year);
  const bool is = text.size() == 4 && end.ec == std::errc() &&
                  end.ptr == text.data() + text.size() && year >= 1500 && year <= 2200;
  return is ? std::optional(year) : std::nullopt;
}

// Whether `text` could stand in a column of that type.
bool IsValueOf(const std::string& text, const Finding& column) {
  TextEvidence evidence;
  evidence.Add(text);
  const Finding alone = evidence.Conclude(true);
  const auto is_number = [](const columnar::Type& type) {
    return type.kind == columnar::Kind::kBigint || type.kind == columnar::Kind::kDouble ||
           type.kind == columnar::Kind::kDecimal;
  };
  if (is_number(alone.type) && is_number(column.type)) return true;
  return alone.type.kind == column.type.kind && alone.format == column.format;
}

}  // namespace

Result<CsvForm> FindDelimiter(const Input& input, format::FormatSpec spec) {
  const std::string known(1, spec.csv.delimiter);
  const std::string_view candidates =
      spec.csv.delimiter == format::kFoundDelimiter ? kDelimiters : std::string_view(known);
  std::optional<Tried> best;
  for (const char delimiter : candidates) {
    WEIR_ASSIGN(Tried tried, TryDelimiter(input, spec, delimiter));
    if (!best || Distance(tried) < Distance(*best)) best = std::move(tried);
  }
  if (best->form.names.empty() && best->looked.rows != 0)
    return Fail(ErrorKind::kInvalid, "infer.unreadable",
                "the beginning of " + input.path() + " cannot be read: " + best->looked.why,
                "say how it is written: docs/user/files.md, CSV");
  return std::move(best->form);
}

bool FirstRecordIsData(const std::vector<std::string>& first, const std::vector<Finding>& below) {
  bool any = false;
  std::optional<int> year_before;
  for (size_t i = 0; i < first.size() && i < below.size(); ++i) {
    if (below[i].type.kind == columnar::Kind::kVarchar) continue;
    if (first[i].empty()) continue;  // A null, or a name that was left out.
    if (!IsValueOf(first[i], below[i])) return false;
    const auto year = YearOf(first[i]);
    const bool in_order = year && (!year_before || *year > *year_before);
    year_before = year;
    if (!in_order) any = true;
  }
  return any;
}

}  // namespace weir::infer
