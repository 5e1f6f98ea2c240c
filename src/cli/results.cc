#include "cli/results.h"

#include <utility>

#include "env/files.h"

namespace weir::cli {

CancelWatch::CancelWatch(std::function<bool()> asked, engine::Session& session)
    : thread_([this, asked = std::move(asked), &session] {
        // Asked once is asked for good: the statement may not have begun to run.
        bool cancelled = false;
        while (!done_.load()) {
          cancelled = cancelled || asked();
          if (cancelled) session.Interrupt();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      }) {}

CancelWatch::~CancelWatch() {
  done_.store(true);
  thread_.join();
}

Result<query::OutputOptions> ChooseOutput(const Terminal& terminal, const std::string& format,
                                          const std::string& path) {
  query::OutputOptions output;
  const bool to_terminal = terminal.out_is_tty && path.empty();
  const std::string otherwise = terminal.json ? "json" : to_terminal ? "table" : "csv";
  WEIR_ASSIGN(output.format, query::ParseOutputFormat(format.empty() ? otherwise : format));
  if (to_terminal) output.width = static_cast<size_t>(terminal.width);
  if (to_terminal && output.format == query::OutputFormat::kParquet) {
    return Fail(ErrorKind::kInvalid, "query.output", "Parquet on a terminal shows nothing",
                "weir query ... -o parquet --to result.parquet");
  }
  return output;
}

Result<void> WriteResult(engine::ArrowStream& stream, const query::OutputOptions& output,
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

}  // namespace weir::cli
