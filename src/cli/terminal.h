// Where a command talks: data on stdout, talk on stderr, colours and progress on a terminal only.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/faults.h"

namespace weir::cli {

struct Terminal {
  FILE* out = stdout;
  FILE* err = stderr;
  bool in_is_tty = false;
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool colours = false;  // Of err; NO_COLOR and a pipe turn them off.
  int width = 80;        // Of out, in columns.
  bool json = false;     // --json: one object on stdout, errors included.
  bool quiet = false;    // --quiet: no talk but errors.

  // Bold, dim, red and green text on a terminal; plain text elsewhere.
  std::string Bold(std::string_view text) const { return Paint("1", text); }
  std::string Dim(std::string_view text) const { return Paint("2", text); }
  std::string Red(std::string_view text) const { return Paint("31", text); }
  std::string Green(std::string_view text) const { return Paint("32", text); }

  void Out(std::string_view text) const;   // Data.
  void Talk(std::string_view text) const;  // For a person; a line end is added.

 private:
  std::string Paint(const char* code, std::string_view text) const;
};

Terminal DetectTerminal();

// Prints errors as config/diagnostic_text.h lays them out (or as {"schema": "weir.error/1"} with
// --json) and returns the exit code of the first.
int Report(const Terminal& terminal, const Errors& errors, const config::Sources& sources = {});
int Report(const Terminal& terminal, const Error& error);

// A line that is drawn over itself on a terminal: "reading  42 %  310,000 records  52.1 MB/s  ETA 3
// s".
class ProgressBar {
 public:
  explicit ProgressBar(const Terminal& terminal) : terminal_(terminal) {}
  ~ProgressBar() { Clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws at most ten times a second. Nothing is drawn where stderr is no terminal.
  void Show(std::string_view label, uint64_t bytes, uint64_t bytes_total, uint64_t records);
  void Clear();

 private:
  const Terminal& terminal_;
  int64_t begun_micros_ = 0;
  int64_t drawn_micros_ = 0;
  bool visible_ = false;
};

}  // namespace weir::cli
