#include "cli/dlq_letters.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/spelling.h"
#include "engine/sql.h"
#include "query/output.h"

namespace weir::cli {
namespace {

bool IsHex(const std::string& text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::vector<std::string>> PipelinesFor(Reading& reading, const std::string& pipeline) {
  WEIR_ASSIGN(auto pipelines, pipeline::PipelinesWithLetters(reading.state->catalog()));
  if (pipeline.empty() || std::ranges::find(pipelines, pipeline) != pipelines.end())
    return pipeline.empty() ? pipelines : std::vector{pipeline};
  const auto near = NearestWord(pipeline, pipelines);
  return Fail(ErrorKind::kNotFound, "dlq.pipeline",
              "no dead letters of a pipeline '" + pipeline + "'",
              near ? "did you mean '" + *near + "'?" : "weir dlq stats");
}

Error NotFound(const std::string& prefix) {
  return {ErrorKind::kNotFound,
          "dlq.not_found",
          "no dead letter begins with '" + prefix + "'",
          {},
          "weir dlq ls"};
}

}  // namespace

std::expected<OpenedLetters, int> OpenLetters(const Command& command, const std::string& pipeline) {
  auto reading = OpenForReading(command);
  if (!reading) return std::unexpected(reading.error());
  OpenedLetters letters{.reading = std::move(*reading), .view = nullptr};
  const auto pipelines = PipelinesFor(letters.reading, pipeline);
  if (!pipelines) return std::unexpected(Report(command.terminal, pipelines.error()));
  if (pipelines->empty()) return letters;
  auto view = pipeline::LetterView::Open(
      {letters.reading.state->catalog(), letters.reading.state->lake(), *letters.reading.session},
      *pipelines);
  if (!view) return std::unexpected(Report(command.terminal, view.error()));
  letters.view = std::move(*view);
  return letters;
}

Result<FoundLetter> FindLetter(pipeline::LetterView& view, const std::string& prefix) {
  if (!IsHex(prefix))
    return Fail(ErrorKind::kInvalid, "dlq.id", "'" + prefix + "' is not an id: hex digits",
                "weir dlq ls");
  WEIR_ASSIGN(const auto stream, view.Run("SELECT DISTINCT id, pipeline, state FROM letters WHERE "
                                          "starts_with(id, " +
                                          engine::QuotedText(prefix) + ") ORDER BY id LIMIT 2"));
  WEIR_ASSIGN(const auto rows, stream->Next());
  if (rows == nullptr) return Fail(NotFound(prefix));
  if (rows->num_rows() > 1)
    return Fail(ErrorKind::kInvalid, "dlq.ambiguous", "several ids begin with '" + prefix + "'",
                "give more of its digits");
  const auto text = [&](int column) {
    return static_cast<const arrow::StringArray&>(*rows->column(column)).GetString(0);
  };
  return FoundLetter{text(0), text(1), text(2)};
}

Result<LetterGroup> FindGroup(OpenedLetters& letters, const std::string& target,
                              const std::string& where) {
  if (letters.view == nullptr) return Fail(NotFound(target));
  WEIR_ASSIGN(const auto pipelines,
              pipeline::PipelinesWithLetters(letters.reading.state->catalog()));
  if (std::ranges::find(pipelines, target) != pipelines.end()) {
    WEIR_ASSIGN(auto ids, letters.view->Select("state IN ('open', 'fixed') AND pipeline = " +
                                               engine::QuotedText(target) + " AND (" +
                                               (where.empty() ? "true" : where) + ")"));
    return LetterGroup{target, std::move(ids)};
  }
  if (!IsHex(target)) {
    const auto near = NearestWord(target, pipelines);
    return Fail(ErrorKind::kInvalid, "dlq.target",
                "'" + target + "' is neither an id nor a pipeline with dead letters",
                near ? "did you mean '" + *near + "'?" : "weir dlq ls");
  }
  WEIR_ASSIGN(FoundLetter letter, FindLetter(*letters.view, target));
  if (letter.state != "open" && letter.state != "fixed")
    return Fail(ErrorKind::kInvalid, "dlq.settled",
                "dead letter " + letter.id.substr(0, 12) + " is " + letter.state + " already",
                "weir dlq show " + letter.id.substr(0, 12));
  return LetterGroup{letter.pipeline, {letter.id}};
}

Result<std::string> InputNameOf(const std::string& name,
                                const std::vector<columnar::ColumnSpec>& columns) {
  const auto column = std::ranges::find_if(columns, [&](const columnar::ColumnSpec& one) {
    return one.name == name || one.input_name() == name;
  });
  if (column != columns.end()) return column->input_name();
  std::vector<std::string> names;
  for (const columnar::ColumnSpec& one : columns) names.push_back(one.name);
  const auto near = NearestWord(name, names);
  return Fail(ErrorKind::kInvalid, "dlq.set", "the contract has no column '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "weir check");
}

Result<bool> Confirm(const Command& command, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0)
    return Fail(ErrorKind::kInvalid, "dlq.confirm", "nobody is there to answer: " + question,
                "add --yes");
  std::fputs((question + " [y/N] ").c_str(), command.terminal.err);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

std::string Harmless(std::string_view text) {
  std::string lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines += (begin == 0 ? "" : "\n") + query::Shown(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace weir::cli
