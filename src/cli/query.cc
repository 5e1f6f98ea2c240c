#include "cli/commands.h"
#include "cli/reading.h"
#include "cli/results.h"
#include "query/snapshot_query.h"

namespace weir::cli {

int Query(const Command& command, const QueryOptions& options) {
  const auto output = ChooseOutput(command.terminal, options.format, options.out);
  if (!output) {
    Report(command.terminal, output.error());
    return 2;
  }
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const CancelWatch watch([&command] { return command.stop->load(); }, *reading->session);
  const auto query = query::SnapshotQuery::Make({.catalog = reading->state->catalog(),
                                                 .lake = reading->state->lake(),
                                                 .session = *reading->session,
                                                 .views = ReadViews(reading->project)});
  if (!query) return Report(command.terminal, query.error());
  const auto stream = (*query)->Run(options.sql);
  if (!stream) return Report(command.terminal, stream.error());
  if (const auto written = WriteResult(**stream, *output, options.out); !written) {
    if (written.error().code == "query.closed") return 0;
    return Report(command.terminal, written.error());
  }
  std::fflush(stdout);
  return 0;
}

}  // namespace weir::cli
