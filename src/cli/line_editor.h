// Lines typed on a terminal: cursor keys, history, Tab. Ctrl-C drops the line and does not end the
// program: while an editor lives, its terminal sends no signals, also while a statement runs, and
// Ctrl-C is asked for with interrupted().
//
//   LineEditor (terminal to raw) --> ReadLine ... --> ~LineEditor (terminal as it was)
//
// Keys: Left Right Home End, Ctrl-A Ctrl-E Ctrl-B Ctrl-F; Alt-B Alt-F and Ctrl-Left Ctrl-Right by
// words; Backspace Delete Ctrl-D, Ctrl-K Ctrl-U Ctrl-W; Up Down Ctrl-P Ctrl-N history; Tab; Ctrl-L;
// Ctrl-D on an empty line ends the input.
//
// Threads: ReadLine one; interrupted() another, while ReadLine is not running.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct TypedLine {
  enum class End : uint8_t { kLine, kInterrupted, kEndOfInput };
  End end = End::kLine;
  std::string text;
};

class LineEditor {
 public:
  // Words that the word before the cursor may become. `word_begins`: where it begins in `before`.
  struct Candidates {
    size_t word_begins = 0;
    std::vector<std::string> words;
  };
  using Complete = std::function<Candidates(std::string_view before)>;

  // Reads descriptor 0 and draws on descriptor 1; both are a terminal. `stopped` ends ReadLine with
  // kEndOfInput.
  LineEditor(Complete complete, std::function<bool()> stopped);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  TypedLine ReadLine(const std::string& prompt);

  // What Up goes back to; the oldest first.
  std::vector<std::string>& history();

  // Whether Ctrl-C was typed since the last call. What else was typed waits for ReadLine.
  bool interrupted();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::cli
