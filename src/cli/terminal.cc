#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "config/diagnostic_text.h"
#include "env/clock.h"

namespace weir::cli {

void Terminal::Out(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }

void Terminal::Talk(std::string_view text) const {
  if (quiet) return;
  std::fwrite(text.data(), 1, text.size(), err);
  std::fputc('\n', err);
}

std::string Terminal::Paint(const char* code, std::string_view text) const {
  if (!colours) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Terminal DetectTerminal() {
  Terminal terminal;
  terminal.in_is_tty = isatty(STDIN_FILENO) != 0;
  terminal.out_is_tty = isatty(STDOUT_FILENO) != 0;
  terminal.err_is_tty = isatty(STDERR_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  terminal.colours = terminal.err_is_tty && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (terminal.out_is_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.width = size.ws_col;
  return terminal;
}

int Report(const Terminal& terminal, const Errors& errors, const config::Sources& sources) {
  if (terminal.json) {
    const auto list = nlohmann::json::parse(config::ErrorsToJson(errors));
    terminal.Out(nlohmann::json{{"schema", "weir.error/1"}, {"errors", list}}.dump() + "\n");
  } else {
    const auto colour = terminal.colours ? config::Colour::kAnsi : config::Colour::kNone;
    const std::string text = config::RenderErrors(errors, sources, colour);
    std::fwrite(text.data(), 1, text.size(), terminal.err);
  }
  return ExitCode(errors.front().kind);
}

int Report(const Terminal& terminal, const Error& error) { return Report(terminal, Errors{error}); }

void ProgressBar::Show(std::string_view label, uint64_t bytes, uint64_t bytes_total,
                       uint64_t records) {
  if (!terminal_.err_is_tty || terminal_.quiet) return;
  const int64_t now = env::SystemClock().Monotonic().count();
  if (begun_micros_ == 0) begun_micros_ = now;
  if (visible_ && now - drawn_micros_ < 100'000) return;
  drawn_micros_ = now;
  const double seconds = std::max(1e-3, static_cast<double>(now - begun_micros_) / 1e6);
  const double rate = static_cast<double>(bytes) / seconds;
  const uint64_t percent =
      bytes_total == 0 ? 0 : std::min<uint64_t>(100, bytes * 100 / bytes_total);
  std::string text = fmt::format("\r\x1b[K{}  {:3d} %  {} records  {:.1f} MB/s", label, percent,
                                 FormatCount(records), rate / 1e6);
  if (rate > 0 && bytes_total > bytes) {
    const auto left = static_cast<int64_t>(static_cast<double>(bytes_total - bytes) / rate * 1e6);
    text += "  ETA " + FormatDuration(std::chrono::microseconds(left));
  }
  std::fwrite(text.data(), 1, text.size(), terminal_.err);
  std::fflush(terminal_.err);
  visible_ = true;
}

void ProgressBar::Clear() {
  if (!visible_) return;
  std::fputs("\r\x1b[K", terminal_.err);
  std::fflush(terminal_.err);
  visible_ = false;
}

}  // namespace weir::cli
