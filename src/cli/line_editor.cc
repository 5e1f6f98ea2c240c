#include "cli/line_editor.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <optional>
#include <utility>

#include "query/display_width.h"

namespace weir::cli {
namespace {

constexpr int kPollMilliseconds = 50;

constexpr char Control(char letter) { return static_cast<char>(letter & 0x1F); }

enum class Key : uint8_t {
  kText,  // `bytes`, one character.
  kEnter,
  kInterrupt,
  kEnd,  // Ctrl-D
  kLeft,
  kRight,
  kWordLeft,
  kWordRight,
  kLineBegin,
  kLineEnd,
  kBackspace,
  kDelete,
  kCutToEnd,
  kCutToBegin,
  kCutWord,
  kUp,
  kDown,
  kTab,
  kClear,
  kNothing,
  kStopped,
};

struct Pressed {
  Key key = Key::kNothing;
  std::string bytes = {};
};

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// A terminal that gives every byte as it is typed, and what was typed ahead.
class RawInput {
 public:
  explicit RawInput(std::function<bool()> stopped) : stopped_(std::move(stopped)) {
    is_raw_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (is_raw_) tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  ~RawInput() {
    if (is_raw_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

  // Takes what is there. False at the end of the input.
  bool Fill(int milliseconds) {
    pollfd one{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&one, 1, milliseconds) <= 0) return true;
    std::array<char, 256> bytes{};
    const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got <= 0) return false;
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.begin() + got);
    return true;
  }

  // The next byte; none where the input ended or was stopped.
  std::optional<char> Next() {
    while (waiting_.empty())
      if (stopped_() || !Fill(kPollMilliseconds)) return std::nullopt;
    return Take();
  }
  // The next byte where one comes at once, as those of one key do.
  std::optional<char> Soon() {
    if (waiting_.empty()) Fill(kPollMilliseconds);
    return waiting_.empty() ? std::nullopt : std::optional(Take());
  }
  bool waits() {
    if (waiting_.empty()) Fill(0);
    return !waiting_.empty();
  }

  bool TakeInterrupt() {
    Fill(0);
    const auto found = std::ranges::find(waiting_, Control('C'));
    if (found == waiting_.end()) return false;
    waiting_.erase(waiting_.begin(), found + 1);  // What was typed before it is dropped too.
    return true;
  }

 private:
  char Take() {
    const char byte = waiting_.front();
    waiting_.pop_front();
    return byte;
  }

  std::function<bool()> stopped_;
  termios before_{};
  bool is_raw_ = false;
  std::deque<char> waiting_;
};

Key KeyOfSequence(const std::string& sequence) {
  static const std::pair<std::string_view, Key> kKeys[] = {
      {"[A", Key::kUp},          {"[B", Key::kDown},         {"[C", Key::kRight},
      {"[D", Key::kLeft},        {"[H", Key::kLineBegin},    {"[F", Key::kLineEnd},
      {"OA", Key::kUp},          {"OB", Key::kDown},         {"OC", Key::kRight},
      {"OD", Key::kLeft},        {"OH", Key::kLineBegin},    {"OF", Key::kLineEnd},
      {"[1~", Key::kLineBegin},  {"[4~", Key::kLineEnd},     {"[7~", Key::kLineBegin},
      {"[8~", Key::kLineEnd},    {"[3~", Key::kDelete},      {"[1;5C", Key::kWordRight},
      {"[1;5D", Key::kWordLeft}, {"f", Key::kWordRight},     {"b", Key::kWordLeft},
      {"\x7F", Key::kCutWord},   {"[1;3C", Key::kWordRight}, {"[1;3D", Key::kWordLeft}};
  for (const auto& [known, key] : kKeys)
    if (known == sequence) return key;
  return Key::kNothing;
}

// Behind an ESC: "[" and all up to a letter or "~", "O" and a letter, or one byte.
Pressed ReadSequence(RawInput& input) {
  std::string sequence;
  while (const auto byte = input.Soon()) {
    sequence += *byte;
    const bool opens = sequence.size() == 1 && (*byte == '[' || *byte == 'O');
    const bool ends = std::isalpha(static_cast<unsigned char>(*byte)) != 0 || *byte == '~';
    if (!opens && (ends || sequence.size() == 1)) break;
  }
  return {KeyOfSequence(sequence)};
}

Pressed ReadKey(RawInput& input) {
  const auto first = input.Next();
  if (!first) return {Key::kStopped};
  static const std::pair<char, Key> kControls[] = {{'\r', Key::kEnter},
                                                   {'\n', Key::kEnter},
                                                   {Control('C'), Key::kInterrupt},
                                                   {Control('D'), Key::kEnd},
                                                   {Control('B'), Key::kLeft},
                                                   {Control('F'), Key::kRight},
                                                   {Control('A'), Key::kLineBegin},
                                                   {Control('E'), Key::kLineEnd},
                                                   {Control('H'), Key::kBackspace},
                                                   {'\x7F', Key::kBackspace},
                                                   {Control('K'), Key::kCutToEnd},
                                                   {Control('U'), Key::kCutToBegin},
                                                   {Control('W'), Key::kCutWord},
                                                   {Control('P'), Key::kUp},
                                                   {Control('N'), Key::kDown},
                                                   {'\t', Key::kTab},
                                                   {Control('L'), Key::kClear}};
  if (*first == '\x1b') return ReadSequence(input);
  for (const auto& [byte, key] : kControls)
    if (byte == *first) return {key};
  if (static_cast<unsigned char>(*first) < 0x20) return {};
  std::string bytes(1, *first);
  const auto lead = static_cast<unsigned char>(*first);
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  while (bytes.size() < length) {
    const auto more = input.Soon();
    if (!more || !Continues(*more)) return {};
    bytes += *more;
  }
  return {Key::kText, bytes};
}

void Draw(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

size_t Columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string CommonBeginning(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    const auto [end, other] = std::ranges::mismatch(common, word);
    common.erase(end, common.end());
  }
  while (!common.empty() && Continues(common.back())) common.pop_back();
  return common;
}

}  // namespace

struct LineEditor::State {
  State(Complete completed, std::function<bool()> stopped)
      : complete(std::move(completed)), input(std::move(stopped)) {}

  // One line being edited.
  void Begin(const std::string& shown) {
    prompt = shown;
    text.clear();
    cursor = 0;
    drawn_row = 0;
    back = 0;
    Redraw();
  }

  // Draws over what was drawn, which may have taken several rows.
  void Redraw() {
    const size_t columns = Columns();
    std::string out;
    if (drawn_row > 0) out += "\x1b[" + std::to_string(drawn_row) + "A";
    out += "\r\x1b[J" + prompt + text;
    const size_t whole = query::DisplayWidth(prompt + text);
    const size_t before = query::DisplayWidth(prompt + text.substr(0, cursor));
    if (whole > 0 && whole % columns == 0) out += "\n";
    const size_t up = whole / columns - before / columns;
    if (up > 0) out += "\x1b[" + std::to_string(up) + "A";
    out += "\r";
    if (before % columns > 0) out += "\x1b[" + std::to_string(before % columns) + "C";
    drawn_row = before / columns;
    Draw(out);
  }

  void End(std::string_view shown = "") {
    cursor = text.size();
    Redraw();
    Draw(std::string(shown) + "\n");
  }

  size_t Left(size_t from) const {
    if (from > 0) --from;
    while (from > 0 && Continues(text[from])) --from;
    return from;
  }
  size_t Right(size_t from) const {
    if (from < text.size()) ++from;
    while (from < text.size() && Continues(text[from])) ++from;
    return from;
  }
  size_t WordLeft(size_t from) const {
    while (from > 0 && !IsWord(text[from - 1])) --from;
    while (from > 0 && IsWord(text[from - 1])) --from;
    return from;
  }
  size_t WordRight(size_t from) const {
    while (from < text.size() && !IsWord(text[from])) ++from;
    while (from < text.size() && IsWord(text[from])) ++from;
    return from;
  }
  void Cut(size_t from, size_t to) {
    text.erase(from, to - from);
    cursor = from;
  }
  void Insert(std::string_view bytes) {
    text.insert(cursor, bytes);
    cursor += bytes.size();
  }

  // `steps` back in the history; the line that was being typed is kept at its end.
  void Recall(size_t steps) {
    if (steps > history.size()) return;
    if (back == 0) typed = text;
    back = steps;
    text = back == 0 ? typed : history[history.size() - back];
    cursor = text.size();
  }

  void Tab() {
    // Text that is pasted has blanks at its tabs.
    if (input.waits()) return Insert(" ");
    const Candidates found = complete(std::string_view(text).substr(0, cursor));
    if (found.words.empty()) return;
    const std::string common = CommonBeginning(found.words);
    const size_t typed_bytes = cursor - found.word_begins;
    if (found.words.size() == 1 || common.size() > typed_bytes) {
      text.erase(found.word_begins, typed_bytes);
      cursor = found.word_begins;
      Insert(found.words.size() == 1 ? common + " " : common);
      return;
    }
    ShowAll(found.words);
  }

  void ShowAll(const std::vector<std::string>& words) {
    constexpr size_t kShown = 60;
    size_t width = 0;
    for (const std::string& word : words) width = std::max(width, query::DisplayWidth(word) + 2);
    const size_t per_row = std::max<size_t>(1, Columns() / width);
    std::string out = "\n";
    for (size_t i = 0; i < std::min(words.size(), kShown); ++i) {
      out += words[i];
      const bool ends = (i + 1) % per_row == 0 || i + 1 == std::min(words.size(), kShown);
      out += ends ? "\n" : std::string(width - query::DisplayWidth(words[i]), ' ');
    }
    if (words.size() > kShown) out += "... " + std::to_string(words.size() - kShown) + " more\n";
    Draw(out);
    drawn_row = 0;
  }

  void Edit(const Pressed& pressed) {
    switch (pressed.key) {
      case Key::kText:
        return Insert(pressed.bytes);
      case Key::kLeft:
        cursor = Left(cursor);
        return;
      case Key::kRight:
        cursor = Right(cursor);
        return;
      case Key::kWordLeft:
        cursor = WordLeft(cursor);
        return;
      case Key::kWordRight:
        cursor = WordRight(cursor);
        return;
      case Key::kLineBegin:
        cursor = 0;
        return;
      case Key::kLineEnd:
        cursor = text.size();
        return;
      case Key::kBackspace:
        return Cut(Left(cursor), cursor);
      case Key::kDelete:
      case Key::kEnd:
        text.erase(cursor, Right(cursor) - cursor);
        return;
      case Key::kCutToEnd:
        text.resize(cursor);
        return;
      case Key::kCutToBegin:
        return Cut(0, cursor);
      case Key::kCutWord:
        return Cut(WordLeft(cursor), cursor);
      case Key::kUp:
        return Recall(back + 1);
      case Key::kDown:
        if (back > 0) Recall(back - 1);
        return;
      case Key::kTab:
        return Tab();
      case Key::kClear:
        Draw("\x1b[H\x1b[2J");
        drawn_row = 0;
        return;
      default:
        return;
    }
  }

  Complete complete;
  RawInput input;
  std::vector<std::string> history;
  std::string prompt;
  std::string text;
  size_t cursor = 0;     // A byte of `text` where a character begins, or its end.
  size_t drawn_row = 0;  // Of the cursor, counted from the prompt's.
  size_t back = 0;       // Steps into the history.
  std::string typed;     // What stood there before the first of them.
};

LineEditor::LineEditor(Complete complete, std::function<bool()> stopped)
    : state_(std::make_unique<State>(std::move(complete), std::move(stopped))) {}

LineEditor::~LineEditor() = default;

std::vector<std::string>& LineEditor::history() { return state_->history; }

bool LineEditor::interrupted() { return state_->input.TakeInterrupt(); }

TypedLine LineEditor::ReadLine(const std::string& prompt) {
  State& state = *state_;
  state.Begin(prompt);
  while (true) {
    const Pressed pressed = ReadKey(state.input);
    if (pressed.key == Key::kStopped || (pressed.key == Key::kEnd && state.text.empty())) {
      state.End();
      return {TypedLine::End::kEndOfInput, {}};
    }
    if (pressed.key == Key::kInterrupt) {
      state.End("^C");
      return {TypedLine::End::kInterrupted, {}};
    }
    if (pressed.key == Key::kEnter) {
      state.End();
      return {TypedLine::End::kLine, state.text};
    }
    state.Edit(pressed);
    if (pressed.key != Key::kText || !state.input.waits()) state.Redraw();
  }
}

}  // namespace weir::cli
