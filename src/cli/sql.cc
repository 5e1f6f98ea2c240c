#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <set>

#include "base/letter_case.h"
#include "cli/commands.h"
#include "cli/line_editor.h"
#include "cli/reading.h"
#include "cli/results.h"
#include "cli/sql_text.h"
#include "query/snapshot_query.h"

namespace weir::cli {
namespace {

constexpr size_t kHistoryLinesMax = 1000;
constexpr uint64_t kHistoryBytesMax = 4 * 1024 * 1024;

constexpr const char* kHelp =
    ".tables          the tables of the lake\n"
    ".help            this\n"
    ".quit            leave; so does Ctrl-D\n"
    "SELECT ... ;     a statement may have many lines; its end is a ;\n"
    "DESCRIBE t;      the columns of a table\n"
    "Ctrl-C           cancels what is typed, or what runs\n"
    "Tab              completes tables, columns and keywords\n";

std::string Trimmed(std::string text) {
  const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  text.erase(text.begin(), std::ranges::find_if_not(text, blank));
  return text;
}

// Runs statements, each over the tables as they are when it begins.
class Statements {
 public:
  Statements(const Command& command, Reading& reading, query::OutputOptions output)
      : command_(command), reading_(reading), output_(std::move(output)) {}

  // `cancelled` is asked while it runs. The exit code; 0: it ran.
  int Run(const std::string& sql, std::function<bool()> cancelled) {
    const CancelWatch watch(std::move(cancelled), *reading_.session);
    const auto ran = Run(sql);
    std::fflush(stdout);
    if (ran || ran.error().code == "query.closed") return 0;
    return Report(command_.terminal, ran.error());
  }

 private:
  Result<void> Run(const std::string& sql) {
    WEIR_ASSIGN(const auto query,
                query::SnapshotQuery::Make({.catalog = reading_.state->catalog(),
                                            .lake = reading_.state->lake(),
                                            .session = *reading_.session,
                                            .views = ReadViews(reading_.project)}));
    WEIR_ASSIGN(const auto stream, query->Run(sql));
    return WriteResult(*stream, output_, "");
  }

  const Command& command_;
  Reading& reading_;
  query::OutputOptions output_;
};

// Statements on a stdin that is no terminal. The first that fails ends it.
int RunScript(const Command& command, Statements& statements) {
  const std::string script{std::istreambuf_iterator<char>(std::cin), {}};
  std::string_view rest = script;
  bool first = true;
  while (!IsBlankSql(rest)) {
    const size_t end = FindStatementEnd(rest).value_or(rest.size());
    const std::string statement(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (IsBlankSql(statement)) continue;
    if (!std::exchange(first, false) && !command.terminal.json) command.terminal.Out("\n");
    const int code = statements.Run(statement, [&command] { return command.stop->load(); });
    if (command.stop->load()) return command.signal->load() == 2 ? 130 : 0;
    if (code != 0) return code;
  }
  return 0;
}

// Names for the Tab key, looked up when it is first pressed.
class Names {
 public:
  explicit Names(Reading& reading) : reading_(reading) {}

  LineEditor::Candidates Complete(std::string_view before) {
    if (!std::exchange(known_, true)) Learn();
    LineEditor::Candidates found;
    found.word_begins = NameBegins(before);
    const std::string_view word = before.substr(found.word_begins);
    if (word.empty()) return found;
    const std::string folded = Lower(word);
    std::set<std::string> words;
    for (const std::string& name : names_)
      if (Lower(name).starts_with(folded)) words.insert(name);
    const bool small = std::ranges::none_of(
        word, [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; });
    for (const std::string_view keyword : SqlKeywords())
      if (Lower(keyword).starts_with(folded))
        words.insert(small ? Lower(keyword) : std::string(keyword));
    found.words.assign(words.begin(), words.end());
    return found;
  }

 private:
  void Learn() {
    const auto tables = reading_.state->catalog().Tables();
    if (!tables) return;
    for (const catalog::TableName& table : *tables) {
      names_.insert(table.ToString());
      const auto state = reading_.state->lake().Load(table);
      if (!state) continue;
      for (const iceberg::Field& field : (*state)->metadata.schema().fields)
        names_.insert(field.name);
    }
    for (const query::View& view : ReadViews(reading_.project)) names_.insert(view.name.ToString());
  }

  Reading& reading_;
  bool known_ = false;
  std::set<std::string> names_;
};

// Lines that were typed, kept for the next shell: $XDG_STATE_HOME/weir/sql_history.
class History {
 public:
  History() {
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    if (state != nullptr && *state == '/') {
      folder_ = std::string(state) + "/weir";
    } else if (home != nullptr && *home == '/') {
      folder_ = std::string(home) + "/.local/state/weir";
    }
  }

  std::vector<std::string> Read() const {
    std::vector<std::string> lines;
    if (folder_.empty()) return lines;
    const auto text = env::ReadWhole(env::SystemFiles(), path(), kHistoryBytesMax);
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      lines.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
  }

  // Another shell may have added to it meanwhile. That it cannot be kept is no reason to stop.
  void Add(const std::string& line) const {
    if (folder_.empty()) return;
    std::vector<std::string> lines = Read();
    lines.push_back(line);
    std::string text;
    for (size_t i = lines.size() - std::min(lines.size(), kHistoryLinesMax); i < lines.size(); ++i)
      text += lines[i] + "\n";
    if (env::SystemFiles().MakeFolders(folder_))
      (void)env::WriteWhole(env::SystemFiles(), path(), text);
  }

 private:
  std::string path() const { return folder_ + "/sql_history"; }
  std::string folder_;  // Empty: nowhere.
};

class Shell {
 public:
  Shell(const Command& command, Reading& reading, Statements& statements)
      : command_(command),
        reading_(reading),
        statements_(statements),
        names_(reading),
        editor_([this](std::string_view before) { return names_.Complete(before); },
                [&command] { return command.stop->load(); }) {
    editor_.history() = history_.Read();
  }

  int Run() {
    command_.terminal.Talk("weir sql: .help tells more, .quit leaves");
    while (!done_) {
      const TypedLine line = editor_.ReadLine(typed_.empty() ? "weir> " : "  ...> ");
      if (line.end == TypedLine::End::kEndOfInput) break;
      if (line.end == TypedLine::End::kInterrupted) {
        typed_.clear();
      } else {
        Take(line.text);
      }
    }
    return 0;
  }

 private:
  void Take(const std::string& line) {
    const std::string word = Trimmed(line);
    if (typed_.empty() && word.empty()) return;
    Remember(word);
    if (typed_.empty() && (word.front() == '.' || word == "quit" || word == "exit"))
      return Obey(word);
    typed_ += line + "\n";
    while (const auto end = FindStatementEnd(typed_)) {
      const std::string statement = typed_.substr(0, *end);
      typed_.erase(0, *end + 1);
      if (!IsBlankSql(statement))
        statements_.Run(statement,
                        [this] { return command_.stop->load() || editor_.interrupted(); });
    }
    if (IsBlankSql(typed_)) typed_.clear();
  }

  void Remember(const std::string& line) {
    if (line.empty() || (!editor_.history().empty() && editor_.history().back() == line)) return;
    editor_.history().push_back(line);
    history_.Add(line);
  }

  void Obey(const std::string& word) {
    if (word == ".quit" || word == ".exit" || word == "quit" || word == "exit") {
      done_ = true;
    } else if (word == ".help") {
      command_.terminal.Out(kHelp);
    } else if (word == ".tables") {
      const auto tables = reading_.state->catalog().Tables();
      if (!tables) {
        Report(command_.terminal, tables.error());
        return;
      }
      for (const catalog::TableName& table : *tables)
        command_.terminal.Out(table.ToString() + "\n");
      for (const query::View& view : ReadViews(reading_.project))
        command_.terminal.Out(view.name.ToString() + "\n");
    } else {
      command_.terminal.Talk("there is no " + word + "; .help tells what there is");
    }
    std::fflush(stdout);
  }

  const Command& command_;
  Reading& reading_;
  Statements& statements_;
  Names names_;
  LineEditor editor_;
  History history_;
  std::string typed_;  // Of the statement that has no end yet.
  bool done_ = false;
};

}  // namespace

int Sql(const Command& command, const SqlOptions& options) {
  const auto output = ChooseOutput(command.terminal, options.format, "");
  if (!output) {
    Report(command.terminal, output.error());
    return 2;
  }
  auto reading = OpenForReading(command);
  if (!reading) return reading.error();
  Statements statements(command, *reading, *output);
  if (!command.terminal.in_is_tty || !command.terminal.out_is_tty)
    return RunScript(command, statements);
  return Shell(command, *reading, statements).Run();
}

}  // namespace weir::cli
