#include <atomic>
#include <thread>

#include "cli/commands.h"
#include "cli/reading.h"
#include "query/output.h"
#include "query/snapshot_query.h"

namespace weir::cli {
namespace {

// Interrupts the session when a signal asks to stop. The watch ends with it.
class CancelWatch {
 public:
  CancelWatch(const std::atomic<bool>& stop, engine::Session& session)
      : thread_([this, &stop, &session] {
          while (!done_.load()) {
            if (stop.load()) session.Interrupt();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}
  ~CancelWatch() {
    done_.store(true);
    thread_.join();
  }
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

Result<query::OutputOptions> ChooseOutput(const Terminal& terminal, const QueryOptions& options) {
  query::OutputOptions output;
  const bool to_terminal = terminal.out_is_tty && options.out.empty();
  std::string format = options.format;
  if (format.empty()) format = terminal.json ? "json" : to_terminal ? "table" : "csv";
  WEIR_ASSIGN(output.format, query::ParseOutputFormat(format));
  if (to_terminal) output.width = static_cast<size_t>(terminal.width);
  if (to_terminal && output.format == query::OutputFormat::kParquet) {
    return Fail(ErrorKind::kInvalid, "query.output", "Parquet on a terminal shows nothing",
                "weir query ... -o parquet --to result.parquet");
  }
  return output;
}

Result<void> WriteTo(engine::ArrowStream& stream, const query::OutputOptions& output,
                     const std::string& path) {
  if (path.empty()) {
    WEIR_TRY(query::WriteOutput(stream, output, [](std::string_view bytes) -> Result<void> {
      if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
      return Fail(ErrorKind::kIo, "query.closed", "nobody reads the output any more");
    }));
    return {};
  }
  WEIR_ASSIGN(const auto writer, env::SystemFiles().Replace(path));
  WEIR_TRY(query::WriteOutput(stream, output,
                              [&writer](std::string_view bytes) { return writer->Write(bytes); }));
  return writer->Finish();
}

}  // namespace

int Query(const Command& command, const QueryOptions& options) {
  const auto output = ChooseOutput(command.terminal, options);
  if (!output) {
    Report(command.terminal, output.error());
    return 2;
  }
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  const CancelWatch watch(*command.stop, *reading->session);
  const auto query = query::SnapshotQuery::Make({.catalog = reading->state->catalog(),
                                                 .lake = reading->state->lake(),
                                                 .session = *reading->session,
                                                 .views = ReadViews(reading->project)});
  if (!query) return Report(command.terminal, query.error());
  const auto stream = (*query)->Run(options.sql);
  if (!stream) return Report(command.terminal, stream.error());
  if (const auto written = WriteTo(**stream, *output, options.out); !written) {
    if (written.error().code == "query.closed") return 0;
    return Report(command.terminal, written.error());
  }
  std::fflush(stdout);
  return 0;
}

}  // namespace weir::cli
