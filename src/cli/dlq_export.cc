#include "cli/commands.h"
#include "cli/dlq_letters.h"
#include "env/files.h"
#include "query/output.h"

namespace weir::cli {
namespace {

Result<uint64_t> Export(pipeline::LetterView& view, const DlqOptions& options,
                        const Terminal& terminal) {
  const std::string waiting = options.all ? "" : "state IN ('open', 'fixed') AND ";
  WEIR_ASSIGN(const auto stream,
              view.Run("SELECT pipeline, id, state, attempts, code, \"column\", detail, source, "
                       "line, \"offset\", raw, batch, received_at, note FROM letters WHERE " +
                       waiting + "(" + (options.where.empty() ? "true" : options.where) +
                       ") ORDER BY received_at, source, \"offset\""));
  const query::OutputOptions output{
      .format = options.format == "csv" ? query::OutputFormat::kCsv : query::OutputFormat::kNdjson};
  if (options.out.empty()) {
    return query::WriteOutput(*stream, output, [&](std::string_view bytes) -> Result<void> {
      terminal.Out(bytes);
      return {};
    });
  }
  WEIR_ASSIGN(const auto writer, env::SystemFiles().Replace(options.out));
  WEIR_ASSIGN(const uint64_t rows, query::WriteOutput(*stream, output, [&](std::string_view bytes) {
                return writer->Write(bytes);
              }));
  WEIR_TRY(writer->Finish());
  return rows;
}

}  // namespace

int DlqExport(const Command& command, const DlqOptions& options) {
  const auto letters = OpenLetters(command, options.target);
  if (!letters) return letters.error();
  if (letters->view == nullptr) {
    command.terminal.Talk("no dead letters");
    return 0;
  }
  const auto rows = Export(*letters->view, options, command.terminal);
  if (!rows) return Report(command.terminal, rows.error());
  if (!options.out.empty())
    command.terminal.Talk(std::to_string(*rows) + (*rows == 1 ? " dead letter" : " dead letters") +
                          " -> " + options.out);
  return 0;
}

}  // namespace weir::cli
