#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/reading.h"
#include "engine/sql.h"
#include "query/output.h"
#include "query/snapshot_query.h"

namespace weir::cli {
namespace {

// The dead-letter tables that are asked for: one pipeline's, or all. Error dlq.pipeline.
Result<std::vector<std::string>> TablesFor(Reading& reading, const std::string& pipeline) {
  WEIR_ASSIGN(const auto names, reading.state->catalog().Tables());
  std::vector<std::string> pipelines;
  for (const catalog::TableName& name : names)
    if (name.space == "dead_letters") pipelines.push_back(name.name);
  if (pipeline.empty()) return pipelines;
  if (std::ranges::find(pipelines, pipeline) != pipelines.end()) return std::vector{pipeline};
  const auto near = NearestWord(pipeline, pipelines);
  return Fail(ErrorKind::kNotFound, "dlq.pipeline",
              "no dead letters of a pipeline '" + pipeline + "'",
              near ? "did you mean '" + *near + "'?" : "weir dlq stats");
}

// SELECT `columns` of all those tables, each row with its pipeline.
std::string UnionOf(const std::vector<std::string>& pipelines, const std::string& columns) {
  std::string sql;
  for (const std::string& pipeline : pipelines)
    sql += (sql.empty() ? "" : " UNION ALL ") +
           fmt::format("SELECT {} AS pipeline, {} FROM dead_letters.{}",
                       engine::QuotedText(pipeline), columns, engine::QuotedName(pipeline));
  return sql;
}

// Prints what `sql` gives; `verb` names the JSON.
int Print(const Command& command, Reading& reading, const std::string& verb,
          const std::string& sql) {
  const auto query = query::SnapshotQuery::Make(
      {reading.state->catalog(), reading.state->lake(), *reading.session});
  if (!query) return Report(command.terminal, query.error());
  const auto stream = (*query)->Run(sql);
  if (!stream) return Report(command.terminal, stream.error());
  const Terminal& terminal = command.terminal;
  const query::OutputOptions options{
      .format = terminal.json ? query::OutputFormat::kJson : query::OutputFormat::kTable,
      .schema = "weir.dlq." + verb + "/1",
      .width = terminal.out_is_tty && !terminal.json ? static_cast<size_t>(terminal.width) : 0,
      .rows_max = 1000};
  const auto written =
      query::WriteOutput(**stream, options, [&terminal](std::string_view bytes) -> Result<void> {
        terminal.Out(bytes);
        return {};
      });
  return written ? 0 : Report(terminal, written.error());
}

// Runs `sql` over the dead letters asked for; says so where there are none at all.
int PrintOver(const Command& command, const std::string& verb, const std::string& pipeline,
              const std::string& columns, const std::string& rest) {
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto pipelines = TablesFor(*reading, pipeline);
  if (!pipelines) return Report(command.terminal, pipelines.error());
  if (pipelines->empty()) {
    if (command.terminal.json)
      command.terminal.Out("{\"schema\":\"weir.dlq." + verb +
                           "/1\", \"columns\": [], \"rows\": []}\n");
    command.terminal.Talk("no dead letters");
    return 0;
  }
  return Print(command, *reading, verb,
               fmt::format("WITH letters AS ({}) {}", UnionOf(*pipelines, columns), rest));
}

// `text` with its lines kept, and nothing else in it that steers a terminal.
std::string Harmless(std::string_view text) {
  std::string lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += (begin == 0 ? "" : "\n") + query::Shown(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// One line per field: a single record is easier to read upright.
std::string Upright(const arrow::RecordBatch& row) {
  std::string text;
  for (int column = 0; column < row.num_columns(); ++column) {
    const std::string name = row.schema()->field(column)->name();
    const auto& array = *row.column(column);
    if (name == "reasons") {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      const auto& reasons = static_cast<const arrow::StructArray&>(*list.values());
      for (int64_t i = list.value_offset(0); i < list.value_offset(1); ++i) {
        const auto part = [&](const char* field) {
          const auto& texts =
              static_cast<const arrow::StringArray&>(*reasons.GetFieldByName(field));
          return texts.IsNull(i) ? std::string() : texts.GetString(i);
        };
        text += fmt::format("{:<12} {}: {}\n", "reason", part("code"), Harmless(part("detail")));
      }
    } else if (name == "raw") {
      text += fmt::format("{:<12} {}\n", name,
                          Harmless(static_cast<const arrow::BinaryArray&>(array).GetString(0)));
    } else {
      const auto scalar = array.GetScalar(0);
      text += fmt::format("{:<12} {}\n", name,
                          scalar.ok() && (*scalar)->is_valid ? (*scalar)->ToString() : "");
    }
  }
  return text;
}

}  // namespace

int DlqLs(const Command& command, const DlqOptions& options) {
  return PrintOver(command, "ls", options.pipeline,
                   "id, source, line, \"offset\", reasons, raw, received_at",
                   fmt::format("SELECT id[:12] AS id, pipeline, source, line, \"offset\", "
                               "list_transform(reasons, r -> r.code) AS reasons, raw FROM letters "
                               "ORDER BY received_at, source, \"offset\" LIMIT {}",
                               options.limit));
}

int DlqStats(const Command& command, const DlqOptions& options) {
  return PrintOver(command, "stats", options.pipeline, "reasons",
                   "SELECT pipeline, reason.code AS reason, reason.\"column\" AS \"column\", "
                   "count(*) AS records FROM "
                   "(SELECT pipeline, unnest(reasons) AS reason FROM letters) GROUP BY ALL ORDER "
                   "BY records DESC, 1, 2, 3");
}

int DlqShow(const Command& command, const DlqOptions& options) {
  if (!std::ranges::all_of(
          options.id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); })) {
    Report(command.terminal, Error{ErrorKind::kInvalid,
                                   "dlq.id",
                                   "'" + options.id + "' is not an id: hex digits",
                                   {},
                                   "weir dlq ls"});
    return 2;
  }
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const auto pipelines = TablesFor(*reading, "");
  if (!pipelines) return Report(command.terminal, pipelines.error());
  const std::string nothing = "no dead letter begins with '" + options.id + "'";
  if (pipelines->empty())
    return Report(command.terminal,
                  Error{ErrorKind::kNotFound, "dlq.not_found", nothing, {}, "weir dlq ls"});
  const std::string sql =
      fmt::format("SELECT * FROM ({}) WHERE starts_with(id, '{}') ORDER BY id LIMIT 2",
                  UnionOf(*pipelines, "*"), options.id);
  const auto query = query::SnapshotQuery::Make(
      {reading->state->catalog(), reading->state->lake(), *reading->session});
  if (!query) return Report(command.terminal, query.error());
  const auto stream = (*query)->Run(sql);
  if (!stream) return Report(command.terminal, stream.error());
  const auto rows = (*stream)->Next();
  if (!rows) return Report(command.terminal, rows.error());
  if (*rows == nullptr)
    return Report(command.terminal,
                  Error{ErrorKind::kNotFound, "dlq.not_found", nothing, {}, "weir dlq ls"});
  if ((*rows)->num_rows() > 1)
    return Report(command.terminal, Error{ErrorKind::kInvalid,
                                          "dlq.ambiguous",
                                          "several ids begin with '" + options.id + "'",
                                          {},
                                          "give more of its digits"});
  if (command.terminal.json) return Print(command, *reading, "show", sql);
  command.terminal.Out(Upright(**rows));
  return 0;
}

}  // namespace weir::cli
