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

}  // namespace

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
             "go on as files appear; weir run ignores it and takes what is there now"),
       Field("ready", &FilesSpec::glob, config::Text(), Optional(), "when a file is complete")
           .Later(),
       Field("when_done", &FilesSpec::glob, config::Text(), Optional(),
             "what becomes of a file that was read")
           .Later()}};
  return table;
}

}  // namespace weir::source
