// The file and the console behind OpenLog. spdlog writes; which file it writes to is decided here,
// by the clock that was given and not by the machine's.
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "telemetry/describe_internal.h"

namespace weir::telemetry {
namespace {

constexpr std::string_view kPrefix = "weir-";
constexpr std::string_view kSuffix = ".log";

// "weir-2026-05-01.log", "weir-2026-05-01.3.log" -> day and number.
struct FileName {
  std::string day;
  uint64_t number = 0;

  std::string ToString() const {
    return std::string(kPrefix) + day + (number == 0 ? "" : "." + std::to_string(number)) +
           std::string(kSuffix);
  }
  friend auto operator<=>(const FileName&, const FileName&) = default;
};

std::optional<FileName> ParseFileName(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  if (name.size() < 10 + kSuffix.size()) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  FileName parsed{.day = std::string(name.substr(0, 10)), .number = 0};
  const bool is_day =
      std::ranges::all_of(parsed.day, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
  if (!is_day) return std::nullopt;
  name.remove_prefix(10);
  if (name.empty()) return parsed;
  if (name[0] != '.' || name.size() < 2 || name.size() > 9) return std::nullopt;
  for (const char c : name.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    parsed.number = parsed.number * 10 + static_cast<uint64_t>(c - '0');
  }
  return parsed;
}

std::unique_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  sink->set_pattern("%v");
  auto logger = std::make_unique<spdlog::logger>("weir", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  logger->set_error_handler([](const std::string&) {});  // Telling never fails.
  return logger;
}

class FileAndConsoleLog final : public Log {
 public:
  FileAndConsoleLog(const LogOptions& options, env::Clock& clock, env::Files& files)
      : options_(options), clock_(clock), files_(files) {
    if (options_.console != Console::kOff)
      console_ = MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_st>());
  }

  Result<void> Open() {
    if (options_.dir.empty()) return {};
    WEIR_TRY(files_.MakeFolders(options_.dir));
    return OpenFile(clock_.Now());
  }

  void Write(const Event& event) override {
    try {
      const Level level = LevelOf(event);
      if (level < options_.level) return;
      const Instant now = clock_.Now();
      const std::lock_guard lock(mutex_);
      if (!options_.dir.empty()) WriteToFile(ToJsonLine(event, now), now);
      if (console_) console_->info(ConsoleLine(event, level, now));
    } catch (...) {  // Out of memory, or a stream that spdlog gave up.
    }
  }

 private:
  void WriteToFile(const std::string& line, Instant now) {
    const bool full = written_ > 0 && written_ + line.size() + 1 > options_.bytes_max;
    if (!file_ || full || FormatInstant(now).substr(0, 10) != name_.day)
      if (!OpenFile(now)) return;  // Tried again at the next line.
    file_->info(line);
    written_ += line.size() + 1;
  }

  // Opens the file that a line of `now` belongs to, at its end.
  Result<void> OpenFile(Instant now) {
    file_.reset();
    name_ = {.day = FormatInstant(now).substr(0, 10), .number = 0};
    WEIR_ASSIGN(const std::vector<std::string> names, files_.List(options_.dir));
    for (const auto& name : names)
      if (const auto parsed = ParseFileName(name); parsed && parsed->day == name_.day)
        name_ = std::max(name_, *parsed);
    written_ = 0;
    if (const auto status = files_.Status(PathOf(name_)); status) written_ = status->size;
    if (written_ >= options_.bytes_max ||
        (written_ > 0 && written_ + kRoomForLine > options_.bytes_max)) {
      ++name_.number;
      written_ = 0;
    }
    try {
      spdlog::file_event_handlers handlers;
      // A line leaves in one write: other processes append to the same file.
      handlers.after_open = [this](const spdlog::filename_t&, std::FILE* stream) {
        std::setvbuf(stream, buffer_.data(), _IOFBF, buffer_.size());
      };
      file_ = MakeLogger(
          std::make_shared<spdlog::sinks::basic_file_sink_st>(PathOf(name_), false, handlers));
    } catch (const std::exception& e) {
      return Fail(ErrorKind::kIo, "telemetry.open", std::string("cannot open the log: ") + e.what(),
                  "make the folder of `logs.dir` writable");
    }
    return RemoveOld();
  }

  Result<void> RemoveOld() {
    WEIR_ASSIGN(const std::vector<std::string> names, files_.List(options_.dir));
    std::vector<FileName> logs;
    for (const auto& name : names)
      if (auto parsed = ParseFileName(name)) logs.push_back(std::move(*parsed));
    std::ranges::sort(logs);
    for (size_t i = 0; i + options_.files_kept < logs.size(); ++i)
      if (logs[i] != name_) WEIR_TRY(files_.Remove(PathOf(logs[i])));
    return {};
  }

  std::string PathOf(const FileName& name) const { return options_.dir + "/" + name.ToString(); }

  std::string ConsoleLine(const Event& event, Level level, Instant now) const {
    if (options_.console == Console::kJson) return ToJsonLine(event, now);
    std::string word(ToString(level));
    word.resize(5, ' ');
    if (options_.console == Console::kColoredText) {
      static constexpr const char* kColors[] = {"\033[2m", "\033[32m", "\033[33m", "\033[31m"};
      word = kColors[static_cast<size_t>(level)] + word + "\033[0m";
    }
    return FormatInstant(now).substr(11, 8) + " " + word + " " + ToText(event);
  }

  static constexpr size_t kStreamBytes = 128 * 1024;
  static constexpr size_t kRoomForLine = 256;

  const LogOptions options_;
  env::Clock& clock_;
  env::Files& files_;
  std::mutex mutex_;
  std::vector<char> buffer_ =
      std::vector<char>(kStreamBytes);  // Of the file's stream: outlives it.
  std::unique_ptr<spdlog::logger> file_;
  std::unique_ptr<spdlog::logger> console_;
  FileName name_;
  uint64_t written_ = 0;
};

}  // namespace

Result<std::unique_ptr<Log>> OpenLog(const LogOptions& options, env::Clock& clock,
                                     env::Files& files) {
  auto log = std::make_unique<FileAndConsoleLog>(options, clock, files);
  WEIR_TRY(log->Open());
  return log;
}

}  // namespace weir::telemetry
