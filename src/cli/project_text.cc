#include "cli/project_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/units.h"

namespace weir::cli {
namespace {

using infer::InferredColumn;
using infer::InferredFile;

// Text as a YAML scalar in double quotes, whose escapes are those of JSON.
std::string Quoted(const std::string& text) {
  std::string escaped;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '$' && text.substr(at).starts_with("${")) escaped += '$';
    escaped += text[at];
  }
  return nlohmann::json(escaped).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string OneLine(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

std::string ColumnLine(const InferredColumn& column, size_t width) {
  const columnar::ColumnSpec& spec = column.spec;
  const std::string type = columnar::ToText(spec.type);
  std::string value = type;
  if (!spec.from.empty() || !spec.format.empty()) {
    value = "{ type: " + (type.find(',') == std::string::npos ? type : Quoted(type));
    if (!spec.from.empty()) value += ", from: " + Quoted(spec.from);
    if (!spec.format.empty()) value += ", format: " + Quoted(spec.format);
    value += " }";
  }
  std::string line = fmt::format("        {}: {}", spec.name, value);
  if (!column.seen.empty()) line = fmt::format("{:<{}}  # {}", line, width, OneLine(column.seen));
  return line + "\n";
}

std::string ColumnLines(const std::vector<InferredColumn>& columns) {
  constexpr size_t kWidthMax = 48;  // So far comments are aligned.
  size_t width = 0;
  for (const InferredColumn& column : columns)
    width = std::max(width, ColumnLine({column.spec, ""}, 0).size() - 1);
  std::string lines;
  for (const InferredColumn& column : columns)
    lines += ColumnLine(column, std::min(width, kWidthMax));
  return lines;
}

// The keys beside `files` that the run would not find by itself.
std::string SourceKeys(const FileProject& project, const InferredFile& inferred) {
  const format::FormatSpec& format = inferred.format;
  std::string keys;
  if (!inferred.ending_tells)
    keys += fmt::format("      format: {}\n", format::ToText(format.kind));
  if (format.kind != format::FormatKind::kCsv) return keys;
  std::string csv;
  const auto add = [&csv](const std::string& key) { csv += (csv.empty() ? "" : ", ") + key; };
  const char delimiter = format.csv.delimiter;
  const auto by_ending = format::FormatOfPath(project.glob);
  const bool known = by_ending && by_ending->csv.delimiter == delimiter;
  if (delimiter == '\t' && !known) add("delimiter: tab");
  if (delimiter != ',' && delimiter != '\t') add(fmt::format("delimiter: \"{}\"", delimiter));
  if (!format.csv.has_header) add("header: false");
  return csv.empty() ? keys : keys + "      csv: { " + csv + " }\n";
}

// The value of a member of the object `item`, as the type that holds for it.
std::string MemberSql(const columnar::ColumnSpec& field) {
  using columnar::Kind;
  std::string path = "'$.\"";
  for (const char c : field.from) path += c == '\'' ? std::string("''") : std::string(1, c);
  path += "\"'";
  // JSON's own null is no value.
  if (field.type.kind == Kind::kJson) return "nullif((item->" + path + ")::VARCHAR, 'null')";
  const std::string text = "item->>" + path;
  if (field.type.kind == Kind::kVarchar || !field.format.empty()) return text;
  return "(" + text + ")::" + columnar::ToSql(field.type);
}

}  // namespace

std::string NameMadeOf(std::string_view text, char joint, const std::string& otherwise) {
  std::string name;
  for (const char c : text) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if ((lower >= 'a' && lower <= 'z') || (!name.empty() && lower >= '0' && lower <= '9')) {
      name += lower;
    } else if (!name.empty() && name.back() != joint) {
      name += joint;
    }
  }
  while (!name.empty() && name.back() == joint) name.pop_back();
  return name.empty() ? otherwise : name;
}

std::string PipelineNameOf(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  return NameMadeOf(file.substr(0, file.find('.', 1)), '_', "data");
}

std::string GlobOf(std::string_view path) {
  std::string glob;
  for (const char c : path) {
    const bool special = c == '*' || c == '?' || c == '[';
    glob += special ? std::string{'[', c, ']'} : std::string(1, c);
  }
  return glob;
}

std::string EmptyProject(const std::string& name) {
  return fmt::format(R"(weir: 1
name: {}
pipelines:
  events:
    source: {{ files: "in/*" }}     # CSV, TSV, JSON, NDJSON, Parquet, Arrow; .gz and .zst too
    # Without a contract, columns follow the data. With one, bad records are kept as dead letters:
    #   contract:
    #     columns:
    #       event_id: uuid not null
    #       happened_at: timestamptz not null
    sink: {{ table: raw.events }}
)",
                     name);
}

std::string ProjectFor(const FileProject& project, const InferredFile& inferred) {
  std::string text = fmt::format(
      "# The types hold for {} that {} looked at. Say `not null` where a record\n"
      "# without the value is a bad one; rules: say what else makes a good one.\n",
      (inferred.whole ? "all " : "the first ") + FormatCount(inferred.rows, "record", "records"),
      inferred.rows == 1 ? "was" : "were");
  for (const std::string& note : inferred.notes) text += "# Note: " + OneLine(note) + ".\n";
  text += fmt::format("weir: 1\nname: {}\npipelines:\n  {}:\n", project.name, project.pipeline);
  const std::string keys = SourceKeys(project, inferred);
  if (keys.empty()) {
    text += fmt::format("    source: {{ files: {} }}\n", Quoted(project.glob));
  } else {
    text += fmt::format("    source:\n      files: {}\n{}", Quoted(project.glob), keys);
  }
  text += "    contract:\n      columns:\n" + ColumnLines(inferred.columns);
  return text + fmt::format("    sink: {{ table: raw.{} }}\n", project.pipeline);
}

std::string ModelFor(const FileProject& project, const infer::InferredList& list) {
  std::string columns;
  for (const infer::InferredColumn& field : list.fields)
    columns += fmt::format("{}       {} AS \"{}\"", columns.empty() ? "" : ",\n",
                           MemberSql(field.spec), field.spec.name);
  return fmt::format(
      "--| materialize: table\n"
      "-- A row for each object in {0} of raw.{1}.\n"
      "SELECT\n{2}\n"
      "FROM (SELECT unnest({0}::JSON[]) AS item FROM raw.{1})\n",
      list.column, project.pipeline, columns);
}

}  // namespace weir::cli
