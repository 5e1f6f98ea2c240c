#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/dlq_letters.h"
#include "engine/sql.h"
#include "query/output.h"

namespace weir::cli {
namespace {

// Prints what `sql` gives; `verb` names the JSON. What is wrong with it is what was typed.
int Print(const Command& command, pipeline::LetterView& view, const std::string& verb,
          const std::string& sql) {
  const Terminal& terminal = command.terminal;
  const auto stream = view.Run(sql);
  if (!stream) return Report(terminal, pipeline::InWhere(stream.error()));
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

// What checks of models rejected is no letter of a pipeline: it is told where that is.
void TellOfModels(const Command& command, const Reading& reading) {
  const auto tables = reading.state->catalog().Tables();
  if (!tables) return;  // What was asked for is there all the same.
  for (const catalog::TableName& name : *tables) {
    if (!name.space.starts_with("dead_letters.")) continue;
    const auto state = reading.state->lake().Load(name);
    const auto* snapshot = state ? (*state)->metadata.current_snapshot() : nullptr;
    const uint64_t rows = snapshot == nullptr ? 0 : snapshot->number("total-records").value_or(0);
    if (rows == 0) continue;
    command.terminal.Talk(
        fmt::format("rejected by a model's checks: {} in {}", FormatCount(rows), name.ToString()));
  }
}

// Runs `sql` over the dead letters asked for; says so where there are none at all.
int PrintOver(const Command& command, const std::string& verb, const std::string& pipeline,
              const std::string& sql) {
  const auto letters = OpenLetters(command, pipeline);
  if (!letters) return letters.error();
  if (pipeline.empty()) TellOfModels(command, letters->reading);
  if (letters->view != nullptr) return Print(command, *letters->view, verb, sql);
  if (command.terminal.json)
    command.terminal.Out("{\"schema\":\"weir.dlq." + verb +
                         "/1\", \"columns\": [], \"rows\": []}\n");
  command.terminal.Talk("no dead letters");
  return 0;
}

std::string Reasons(const arrow::Array& column) {
  const auto& list = static_cast<const arrow::ListArray&>(column);
  const auto& reasons = static_cast<const arrow::StructArray&>(*list.values());
  std::string text;
  for (int64_t i = list.value_offset(0); i < list.value_offset(1); ++i) {
    const auto part = [&](const char* field) {
      const auto& texts = static_cast<const arrow::StringArray&>(*reasons.GetFieldByName(field));
      return texts.IsNull(i) ? std::string() : texts.GetString(i);
    };
    text += fmt::format("{:<12} {}: {}\n", "reason", part("code"), Harmless(part("detail")));
  }
  return text;
}

// "price=9.99", or all of the record where it was given whole.
std::string ShownFix(const std::string& json) {
  const auto fix = source::Fix::FromJson(json);
  if (!fix) return fix.error().message;
  std::string text;
  for (const auto& [name, value] : fix->set) text += name + "=" + value + " ";
  return Harmless(text + "-> " + fix->raw);
}

// One line per field: a single record is easier to read upright.
std::string Upright(const arrow::RecordBatch& row) {
  constexpr std::array kAlways = {"line", "sink"};
  std::string text;
  for (int column = 0; column < row.num_columns(); ++column) {
    const std::string name = row.schema()->field(column)->name();
    const auto& array = *row.column(column);
    if (name == "code" || name == "column" || name == "detail" || name == "read_as") continue;
    if (array.IsNull(0) && std::ranges::find(kAlways, name) == kAlways.end()) continue;
    if (name == "reasons") {
      text += Reasons(array);
    } else if (name == "raw") {
      text += fmt::format("{:<12} {}\n", name,
                          Harmless(static_cast<const arrow::BinaryArray&>(array).GetString(0)));
    } else if (name == "fix") {
      text += fmt::format("{:<12} {}\n", name,
                          ShownFix(static_cast<const arrow::StringArray&>(array).GetString(0)));
    } else {
      const auto scalar = array.GetScalar(0);
      text +=
          fmt::format("{:<12} {}\n", name,
                      Harmless(scalar.ok() && (*scalar)->is_valid ? (*scalar)->ToString() : ""));
    }
  }
  return text;
}

}  // namespace

int DlqLs(const Command& command, const DlqOptions& options) {
  // Twelve digits tell letters apart for a person; a program compares whole ids.
  const char* id = command.terminal.json ? "id" : "id[:12]";
  const std::string waiting = options.all ? "" : "state IN ('open', 'fixed') AND ";
  return PrintOver(
      command, "ls", options.target,
      fmt::format("SELECT {} AS id, pipeline, state, source, line, \"offset\", "
                  "list_transform(reasons, r -> r.code) AS reasons, raw FROM letters "
                  "WHERE {} ({}) ORDER BY received_at, source, \"offset\" LIMIT {}",
                  id, waiting, options.where.empty() ? "true" : options.where, options.limit));
}

int DlqStats(const Command& command, const DlqOptions& options) {
  return PrintOver(command, "stats", options.target,
                   "SELECT pipeline, state, reason.code AS reason, reason.\"column\" AS "
                   "\"column\", count(*) AS records FROM "
                   "(SELECT pipeline, state, unnest(reasons) AS reason FROM letters) GROUP BY ALL "
                   "ORDER BY records DESC, 1, 2, 3, 4");
}

int DlqShow(const Command& command, const DlqOptions& options) {
  auto letters = OpenLetters(command, "");
  if (!letters) return letters.error();
  auto found = letters->view == nullptr
                   ? Result<FoundLetter>(Fail(ErrorKind::kNotFound, "dlq.not_found",
                                              "there are no dead letters", "weir dlq ls"))
                   : FindLetter(*letters->view, options.target);
  if (!found) {
    const int code = Report(command.terminal, found.error());
    return found.error().code == "dlq.id" ? 2 : code;
  }
  const std::string sql =
      "SELECT pipeline, id, state, nullif(attempts, 0) AS attempts, batch, source, line, "
      "\"offset\", raw, raw_length, raw_hash, kind, sink, reasons, received_at, read_as, fix, "
      "last_replay, note FROM letters WHERE id = " +
      engine::QuotedText(found->id) + " LIMIT 1";
  if (command.terminal.json) return Print(command, *letters->view, "show", sql);
  const auto stream = letters->view->Run(sql);
  if (!stream) return Report(command.terminal, stream.error());
  const auto row = (*stream)->Next();
  if (!row) return Report(command.terminal, row.error());
  command.terminal.Out(Upright(**row));
  return 0;
}

}  // namespace weir::cli
