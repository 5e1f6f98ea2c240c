#include "query/table_uses.h"

#include <algorithm>
#include <optional>

#include "base/letter_case.h"
#include "base/spelling.h"
#include "query/at_snapshot.h"

namespace weir::query {
namespace {

using catalog::TableName;
using engine::ReferenceKind;
using engine::TableReference;

// Table functions of DuckDB and its extensions that read files, addresses or memory.
bool ReadsOutside(const std::string& function) {
  return function.starts_with("read_") || function.starts_with("parquet_") ||
         function.ends_with("_scan") || function.ends_with("_scan_dumb") || function == "glob" ||
         function == "sniff_csv";
}

Error Denied(const std::string& what, const Place& place) {
  return {.kind = ErrorKind::kInvalid,
          .code = "engine.denied",
          .message = what + " reads from outside of the lake, which a query here must not",
          .place = place,
          .next = "take the data in with a pipeline (source: { files: ... }) and query its table"};
}

// The engine's own views, which say something about the session and nothing about the lake.
bool IsBuiltIn(const TableReference& reference) {
  const std::string schema = Lower(reference.schema);
  const std::string name = Lower(reference.name);
  if (schema == "information_schema" || schema == "pg_catalog") return true;
  return schema.empty() && (name.starts_with("duckdb_") || name.starts_with("pragma_") ||
                            name.starts_with("sqlite_"));
}

std::string WrittenName(const TableReference& reference) {
  std::string name = reference.catalog.empty() ? "" : reference.catalog + ".";
  if (!reference.schema.empty()) name += reference.schema + ".";
  return name + reference.name;
}

std::optional<Error> FaultOfFunction(const TableReference& reference, Outside outside) {
  const std::string function = Lower(reference.name);
  if (function == "changes") {
    return Error{.kind = ErrorKind::kUnsupported,
                 .code = "query.function",
                 .message = "changes(...) belongs to incremental models, which are not built yet",
                 .place = reference.place,
                 .next = "name the table itself"};
  }
  if (outside == Outside::kDenied && ReadsOutside(function))
    return Denied(function + "(...)", reference.place);
  return std::nullopt;
}

// A path or an address in the place of a table.
bool IsPath(const TableReference& reference) {
  return reference.schema.empty() && reference.name.find_first_of("./:*") != std::string::npos;
}

}  // namespace

Error UnknownTable(const std::string& written, const std::vector<TableName>& known,
                   const Place& place) {
  std::vector<std::string> names;
  std::optional<TableName>
      same;  // Only the schema was left out. Rather a table than its dead letters.
  for (const TableName& name : known) {
    if (Lower(written) == name.name && (!same || same->space == "dead_letters")) same = name;
    names.push_back(name.ToString());
  }
  std::optional<std::string> near;
  if (same) near = same->ToString();
  if (!near) near = NearestWord(Lower(written), names);
  return Error{
      .kind = ErrorKind::kNotFound,
      .code = "query.table",
      .message = "there is no table " + written,
      .place = place,
      .next = near ? "did you mean '" + *near + "'?" : "weir table ls lists what there is"};
}

Result<TableUses> FindTableUses(engine::Session& session, std::string_view sql,
                                const std::vector<TableName>& known, Outside outside) {
  WEIR_TRY(engine::CheckSelect(session, sql));
  WEIR_ASSIGN(const auto references, engine::References(session, sql));
  TableUses uses;
  for (const TableReference& reference : references) {
    if (reference.kind == ReferenceKind::kFunction) {
      if (auto fault = FaultOfFunction(reference, outside))
        uses.faults.push_back(std::move(*fault));
      continue;
    }
    if (IsBuiltIn(reference)) continue;
    const auto [written, at] = SplitSnapshot(WrittenName(reference));
    const std::string& wanted = written;
    const auto same = [&](const TableName& name) {
      return Lower(name.ToString()) == Lower(wanted);
    };
    if (const auto found = std::ranges::find_if(known, same); found != known.end()) {
      uses.tables.push_back({reference, *found, at});
    } else if (!IsPath(reference)) {
      uses.faults.push_back(UnknownTable(written, known, reference.place));
    } else if (outside == Outside::kDenied) {
      uses.faults.push_back(Denied("'" + reference.name + "'", reference.place));
    }
  }
  return uses;
}

}  // namespace weir::query
