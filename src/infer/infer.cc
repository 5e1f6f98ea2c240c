#include "infer/infer.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/letter_case.h"
#include "base/units.h"
#include "format/file_schema.h"
#include "format/scalars.h"
#include "infer/csv_form_internal.h"
#include "infer/evidence_internal.h"
#include "infer/input_internal.h"
#include "infer/members_internal.h"

namespace weir::infer {
namespace {

using columnar::ColumnSpec;
using columnar::Kind;
using format::FormatKind;
using format::FormatSpec;

constexpr size_t kFrontBytes = 4096;

// A field of the input, and what its values speak for.
struct Field {
  std::string name;
  Finding finding;
};

struct Fields {
  std::vector<Field> fields;
  LookedAt looked;
  std::string document;  // The record of a JSON file, where it holds no other.
};

// By the first bytes, where the ending says nothing.
Result<FormatKind> KindByContent(const Input& input) {
  WEIR_ASSIGN(const std::string front, input.Front({}, kFrontBytes));
  if (front.starts_with("PAR1")) return FormatKind::kParquet;
  if (front.starts_with("ARROW1")) return FormatKind::kArrow;
  const std::string_view text =
      front.starts_with("\xEF\xBB\xBF") ? std::string_view(front).substr(3) : front;
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  return json ? FormatKind::kJson : FormatKind::kCsv;
}

std::vector<ColumnSpec> AllText(const std::vector<std::string>& names, bool has_header) {
  std::vector<ColumnSpec> columns;
  std::map<std::string, int> count;
  for (const std::string& name : names) ++count[name];
  for (size_t i = 0; i < names.size(); ++i) {
    ColumnSpec column;
    column.name = "column" + std::to_string(i + 1);
    if (has_header) {
      // No column can read them by name.
      if (names[i].empty() || count[names[i]] > 1) continue;
      column.from = names[i];
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<Fields> LookAtTexts(const Input& input, const FormatSpec& spec,
                           const std::vector<ColumnSpec>& columns) {
  std::vector<TextEvidence> evidence(columns.size());
  Fields fields;
  WEIR_ASSIGN(fields.looked, input.Look(spec, columns, UINT64_MAX, [&](const auto& batch) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto& texts =
          static_cast<const arrow::StringArray&>(*batch.rows->column(static_cast<int>(i)));
      for (int64_t row = 0; row < texts.length(); ++row)
        if (texts.IsValid(row)) evidence[i].Add(texts.GetView(row));
    }
  }));
  for (size_t i = 0; i < columns.size(); ++i)
    fields.fields.push_back({columns[i].input_name(), evidence[i].Conclude(true)});
  return fields;
}

struct CsvFields {
  CsvForm form;
  Fields found;
};

Result<CsvFields> LookAtCsv(const Input& input, const FormatSpec& spec) {
  WEIR_ASSIGN(CsvForm form, FindDelimiter(input, spec));
  WEIR_ASSIGN(Fields found, LookAtTexts(input, form.spec, AllText(form.names, true)));
  std::vector<Finding> below;
  size_t next = 0;
  for (const std::string& name : form.names) {
    const bool read = next < found.fields.size() && found.fields[next].name == name;
    below.push_back(read ? found.fields[next++].finding
                         : Finding{.type = TypeOf(Kind::kVarchar), .format = {}, .seen = {}});
  }
  if (!FirstRecordIsData(form.names, below)) return CsvFields{std::move(form), std::move(found)};
  form.spec.csv.has_header = false;
  WEIR_ASSIGN(found, LookAtTexts(input, form.spec, AllText(form.names, false)));
  return CsvFields{std::move(form), std::move(found)};
}

Result<Fields> LookAtJson(const Input& input, const FormatSpec& spec) {
  Members members;
  Fields fields;
  WEIR_ASSIGN(fields.looked, input.Look(spec, {}, UINT64_MAX, [&](const auto& batch) {
    const auto& records = static_cast<const arrow::StringArray&>(*batch.rows->column(0));
    for (int64_t row = 0; row < records.length(); ++row)
      if (records.IsValid(row)) members.Add(records.GetView(row));
    if (records.length() != 0 && records.IsValid(0)) fields.document = records.GetView(0);
  }));
  if (fields.looked.rows != 1) fields.document.clear();
  for (const auto& [name, evidence] : members.found())
    fields.fields.push_back({name, evidence.Conclude()});
  return fields;
}

// A type whose text says all of it; names within a struct may say more than a contract can.
bool IsWritable(const columnar::Type& type) {
  const auto read = columnar::ParseType(columnar::ToText(type));
  return read && columnar::ToText(*read) == columnar::ToText(type);
}

Result<Fields> LookAtColumns(const Input& input, const FormatSpec& spec) {
  WEIR_ASSIGN(const auto columns, format::ColumnsOfFile(spec.kind, input.file(), input.size()));
  Fields fields;
  for (const format::FileColumn& column : columns) {
    Finding finding{.type = TypeOf(Kind::kJson), .format = {}, .seen = {}};
    if (column.type && IsWritable(*column.type)) {
      finding.type = *column.type;
    } else {
      finding.seen = "in the file a " + column.written;
    }
    fields.fields.push_back({column.name, std::move(finding)});
  }
  WEIR_ASSIGN(fields.looked, input.Look(spec, {}, UINT64_MAX, [](const auto&) {}));
  return fields;
}

// Names for columns, each once, whatever the letter case.
class Names {
 public:
  std::string Take(const std::string& field, size_t number) {
    std::string base = ColumnNameOf(field);
    if (base.empty()) base = "column" + std::to_string(number);
    std::string name = base;
    for (int i = 2; !taken_.insert(Lower(name)).second; ++i) name = base + "_" + std::to_string(i);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

void MakeColumns(const std::vector<Field>& fields, bool by_name, InferredFile& into) {
  Names names;
  std::set<std::string> seen;
  for (const Field& field : fields) {
    const bool readable = !field.name.empty() && seen.insert(field.name).second &&
                          field.name.find('\0') == std::string::npos;
    if (!readable) {
      into.left_out.push_back(field.name);
      continue;
    }
    InferredColumn column;
    column.spec.name = names.Take(field.name, into.columns.size() + 1);
    if (by_name && column.spec.name != field.name) column.spec.from = field.name;
    column.spec.type = field.finding.type;
    column.spec.format = field.finding.format;
    column.seen = field.finding.seen;
    into.columns.push_back(std::move(column));
  }
}

// The lists of objects in a document, each with a column for every member of its objects.
void FindLists(const std::string& document, InferredFile& into) {
  const auto whole = nlohmann::ordered_json::parse(document, nullptr, false);
  if (!whole.is_object()) return;
  for (const InferredColumn& column : into.columns) {
    const auto list = whole.find(column.spec.input_name());
    const auto is_object = [](const nlohmann::ordered_json& item) { return item.is_object(); };
    if (list == whole.end() || !list->is_array() || list->empty()) continue;
    if (!std::ranges::all_of(*list, is_object)) continue;
    Members members;
    for (const nlohmann::ordered_json& item : *list) members.Add(item.dump());
    InferredList found{.column = column.spec.name, .items = list->size(), .fields = {}};
    Names names;
    for (const auto& [name, evidence] : members.found()) {
      if (name.empty() || name.find('"') != std::string::npos) continue;
      const Finding finding = evidence.Conclude();
      InferredColumn field{.spec = {}, .seen = finding.seen};
      field.spec.name = names.Take(name, found.fields.size() + 1);
      field.spec.from = name;
      field.spec.type = finding.type;
      field.spec.format = finding.format;
      found.fields.push_back(std::move(field));
    }
    if (!found.fields.empty()) into.lists.push_back(std::move(found));
  }
}

std::vector<ColumnSpec> SpecsOf(const InferredFile& inferred) {
  std::vector<ColumnSpec> specs;
  for (const InferredColumn& column : inferred.columns) specs.push_back(column.spec);
  return specs;
}

// Decodes with the types that were found. A column with a value that it does not hold becomes text.
// Whether there was one.
Result<bool> Prove(const Input& input, InferredFile& inferred) {
  const std::vector<ColumnSpec> specs = SpecsOf(inferred);
  struct Misfit {
    uint64_t count = 0;
    std::string why;
  };
  std::map<uint32_t, Misfit> misfits;
  std::set<uint64_t> refused;
  uint64_t before = 0;
  WEIR_ASSIGN(const LookedAt looked,
              input.Look(inferred.format, specs, UINT64_MAX, [&](const auto& batch) {
                for (const columnar::CellFault& fault : batch.faults) {
                  Misfit& misfit = misfits[fault.column];
                  if (misfit.count++ == 0) misfit.why = fault.reason.detail;
                  refused.insert(before + fault.row);
                }
                before += batch.positions.size();
              }));
  bool changed = false;
  for (const auto& [index, misfit] : misfits) {
    InferredColumn& column = inferred.columns[index];
    if (column.spec.type.kind == Kind::kVarchar) continue;
    column.seen = "no " + columnar::ToText(column.spec.type) + " holds " +
                  FormatCount(misfit.count) + " of the values: " + misfit.why;
    column.spec.type = TypeOf(Kind::kVarchar);
    column.spec.format.clear();
    changed = true;
  }
  inferred.rows = looked.rows;
  inferred.whole = looked.whole;
  inferred.refused = looked.broken + refused.size();
  return changed;
}

void AddNotes(const LookedAt& looked, InferredFile& inferred) {
  if (looked.broken != 0)
    inferred.notes.push_back(FormatCount(looked.broken, "record", "records") + " cannot be read (" +
                             looked.why + ")");
  if (looked.not_utf8 && inferred.format.kind == FormatKind::kCsv)
    inferred.notes.push_back(
        "it is not all UTF-8: csv: {encoding: windows-1252} reads it if that is what it is in");
  for (const std::string& field : inferred.left_out)
    inferred.notes.push_back(
        (field.empty() ? std::string("a field without a name")
                       : "the field '" + format::Shown(field) + "', which is there twice,") +
        " goes to _rescued");
}

}  // namespace

std::string ColumnNameOf(const std::string& field) {
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  const bool as_is = !field.empty() && field.front() != '_' &&
                     std::isdigit(static_cast<unsigned char>(field.front())) == 0 &&
                     std::ranges::all_of(field, is_word);
  if (as_is) return field;
  std::string name;
  for (const char c : field) {
    if (is_word(c) && c != '_') {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) != 0)
    name.insert(name.begin(), 'c');
  return name;
}

Result<InferredFile> InferFile(env::Files& files, const std::string& path,
                               const InferOptions& options) {
  WEIR_ASSIGN(const Input input, Input::Open(files, path, options));
  InferredFile inferred;
  inferred.format.csv = format::CsvOptions::OfInput();
  if (const auto by_ending = format::FormatOfPath(path)) {
    const char delimiter = by_ending->csv.delimiter;
    inferred.format = *by_ending;
    inferred.format.csv.delimiter = delimiter == '\t' ? delimiter : format::kFoundDelimiter;
  } else {
    inferred.ending_tells = false;
    WEIR_ASSIGN(inferred.format.kind, KindByContent(input));
  }
  Fields fields;
  if (inferred.format.kind == FormatKind::kCsv) {
    WEIR_ASSIGN(CsvFields csv, LookAtCsv(input, inferred.format));
    inferred.format = csv.form.spec;
    fields = std::move(csv.found);
    for (const std::string& name : csv.form.names)
      if (inferred.format.csv.has_header &&
          std::ranges::find(fields.fields, name, &Field::name) == fields.fields.end() &&
          std::ranges::find(inferred.left_out, name) == inferred.left_out.end())
        inferred.left_out.push_back(name);
  } else if (format::ReadsByPosition(inferred.format.kind)) {
    WEIR_ASSIGN(fields, LookAtColumns(input, inferred.format));
  } else {
    WEIR_ASSIGN(fields, LookAtJson(input, inferred.format));
  }
  if (fields.looked.rows == fields.looked.broken && fields.looked.rows != 0)
    return Fail(ErrorKind::kInvalid, "infer.unreadable",
                "no record of " + path + " can be read: " + fields.looked.why,
                "see to the file, or write the pipeline by hand");
  MakeColumns(fields.fields,
              inferred.format.csv.has_header || inferred.format.kind != FormatKind::kCsv, inferred);
  if (inferred.columns.empty() || fields.looked.rows == 0)
    return Fail(ErrorKind::kInvalid, "infer.empty",
                path + (inferred.columns.empty() ? " has no field that a column could have"
                                                 : " holds no record, so nothing tells its types"),
                "name a file with data");
  for (int tries = 0; tries < 3; ++tries) {
    WEIR_ASSIGN(const bool changed, Prove(input, inferred));
    if (!changed) break;
  }
  FindLists(fields.document, inferred);
  AddNotes(fields.looked, inferred);
  return inferred;
}

}  // namespace weir::infer
