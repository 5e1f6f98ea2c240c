#include "source/files/files_source.h"

namespace weir::source {
namespace {

using config::Default;
using config::Field;
using config::Optional;
using config::Required;

Result<char> ParseCharacter(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1 && text.front() != '\n' && text.front() != '\r') return text.front();
  return Fail(ErrorKind::kConfig, "source.csv_character", "'" + text + "' is not one character",
              "write one character, or tab");
}

Result<char> ParseDelimiter(const std::string& text) {
  return text == "auto" ? format::kFoundDelimiter : ParseCharacter(text);
}

Result<char> ParseQuote(const std::string& text) {
  return text == "none" ? '\0' : ParseCharacter(text);
}

const config::FieldTable<format::CsvOptions>& CsvFields() {
  static const config::FieldTable<format::CsvOptions> table{
      "pipelines.NAME.source.csv",
      {Field(
           "delimiter", &format::CsvOptions::delimiter,
           config::Parsed<char>("character | auto", ParseDelimiter), Default("auto"),
           "between fields; tab for a tab; auto: a tab in a file ending in .tsv, else that of , ; "
           "tab | by which the header fits the contract"),
       Field("header", &format::CsvOptions::has_header, config::Bool(), Default("true"),
             "the first record names the fields; without it they are the contract's columns in "
             "order"),
       Field("quote", &format::CsvOptions::quote,
             config::Parsed<char>("character | none", ParseQuote), Default("'\"'"),
             "around fields that hold delimiters, quotes or line ends"),
       Field("null", &format::CsvOptions::null_text, config::Text(), Default("''"),
             "an unquoted field of this text is null, as an empty one always is"),
       Field("encoding", &format::CsvOptions::encoding,
             config::Parsed<format::Encoding>(
                 "utf-8 | utf-16 | utf-16le | utf-16be | latin-1 | windows-1252",
                 format::ParseEncoding),
             Default("utf-8"), "how characters are written; a byte-order mark overrules it")}};
  return table;
}

Result<Ready> ParseReady(const std::string& text) {
  constexpr std::string_view kStable = "stable ";
  if (text == "close") return ReadyClose{};
  if (text == "marker") return ReadyMarker{};
  if (text.starts_with(kStable)) {
    WEIR_ASSIGN(const auto time, ParseDuration(text.substr(kStable.size())));
    return ReadyStable{time};
  }
  return Fail(ErrorKind::kConfig, "source.ready", "'" + text + "' says no way to know it",
              "write close, stable 2s, or marker");
}

Result<WhenDone> ParseWhenDone(const std::string& text) {
  constexpr std::string_view kMove = "move(";
  if (text == "keep") return Keep{};
  if (text == "delete") return Delete{};
  if (!text.starts_with(kMove) || !text.ends_with(")"))
    return Fail(ErrorKind::kConfig, "source.when_done",
                "'" + text + "' is nothing to do with a file",
                "write keep, delete, or move(done/{date})");
  const std::string path = text.substr(kMove.size(), text.size() - kMove.size() - 1);
  if (path.find("://") != std::string::npos)
    return Fail(ErrorKind::kConfig, "config.not_built",
                "this version moves files on local disk only", "write a folder, such as done");
  WEIR_ASSIGN(PathTemplate made, PathTemplate::Parse(path));
  for (const char* other : {"n", "seq", "run", "entity"})
    if (made.Uses(other))
      return Fail(ErrorKind::kConfig, "source.when_done",
                  "'{" + std::string(other) + "}' says nothing of a file that was read",
                  "use {date}, {hour}, {name} or {pipeline}");
  if (path.empty())
    return Fail(ErrorKind::kConfig, "source.when_done", "move() names no folder",
                "write such as move(done/{date})");
  return MoveTo{std::move(made)};
}

// A file that is moved to where the glob finds it would be found for ever.
void CheckMove(const FilesSpec& spec, const config::Node& node, const config::Reading& reading) {
  const auto* to = std::get_if<MoveTo>(&spec.when_done);
  if (to == nullptr) return;
  const auto path = PathTemplate::Parse(to->path.text() + (to->path.Uses("name") ? "" : "/{name}"));
  if (!path || !WouldFind(spec, *path)) return;
  const config::Node* value = node.Find("when_done");
  reading.Add("source.when_done", "moved files would be found again by '" + spec.glob + "'",
              value != nullptr ? value->place : node.place, "move them to a folder outside of it");
}

}  // namespace

bool WouldFind(const FilesSpec& spec, const PathTemplate& path) {
  std::string name;
  for (const char letter : spec.glob.substr(spec.glob.rfind('/') + 1))
    if (letter != '*' || name.empty()) name += letter == '*' || letter == '?' ? 'x' : letter;
  return env::MatchesGlob(spec.glob, path.Fill({.at = {}, .name = name, .pipeline = "p"}));
}

const config::FieldTable<FilesSpec>& FilesFields() {
  static const config::FieldTable<FilesSpec> table{
      "pipelines.NAME.source (files)",
      {Field("files", &FilesSpec::glob, config::Text(), Required(),
             "glob of the input, from the project's folder"),
       Field("format", &FilesSpec::format,
             config::Parsed<format::FormatKind>("csv | ndjson | json | parquet | arrow",
                                                format::ParseFormatKind),
             Optional(), "how to read them; left out: by each file's ending"),
       Field("compression", &FilesSpec::compression,
             config::Parsed<format::Compression>("auto | none | gzip | zstd",
                                                 format::ParseCompression),
             Optional(), "left out: by the ending, else by the first bytes"),
       Field("csv", &FilesSpec::csv, config::Nested(CsvFields()), Optional(), "details of CSV"),
       Field("grow", &FilesSpec::grow, config::Bool(), Default("true"),
             "a file that became longer is read on from where it stopped"),
       Field("follow", &FilesSpec::follow, config::Bool(), Default("false"),
             "go on as files appear, under weir run --follow; weir run takes what is there now"),
       Field("ready", &FilesSpec::ready,
             config::Parsed<Ready>("close | stable TIME | marker", ParseReady), Default("close"),
             "when a file is complete: when nobody writes it, when it did not change for a time, "
             "or when NAME.ready or _SUCCESS is there"),
       Field("when_done", &FilesSpec::when_done,
             config::Parsed<WhenDone>("keep | move(PATH) | delete", ParseWhenDone), Default("keep"),
             "what becomes of a file whose records are committed; PATH may hold {date} {hour} "
             "{name} {pipeline}")},
      CheckMove};
  return table;
}

}  // namespace weir::source
