#include "sink/files/file_series.h"

#include <utility>

#include "base/check.h"

namespace weir::sink {
namespace {

// Names taken by others between a listing and a creation; more than this is a folder under siege.
constexpr int kTakenNamesMax = 1000;

std::string FolderOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash == 0 ? 1 : slash);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Result<void> MakeFolderOf(env::Files& files, const std::string& path) {
  const std::string folder = FolderOf(path);
  return folder.empty() ? Result<void>() : files.MakeFolders(folder);
}

void CheckSpec(const FilesSinkSpec& spec, const config::Node& node,
               const config::Reading& reading) {
  const config::Node* path = node.Find("files");
  const auto parsed = PathTemplate::Parse(spec.path.value);
  if (!parsed) {
    Error error = parsed.error();
    error.kind = ErrorKind::kConfig;
    error.place = path->PlaceAt(error.place.column - 1);
    reading.faults.Add(std::move(error));
    return;
  }
  if (!spec.format && !format::WrittenFormatOfPath(spec.path.value))
    reading.Add("sink.format", "'" + spec.path.value + "' does not say what format its files have",
                spec.path.place, "add `format: csv` or `format: ndjson`");
  const auto by_ending = format::WrittenFormatOfPath(spec.path.value);
  if (by_ending && by_ending->csv.delimiter != format::CsvOptions().delimiter)
    reading.Add("sink.delimiter",
                "the path ends like a file with tabs, and CSV is written with commas",
                spec.path.place, "let it end in .csv");
  if (by_ending && by_ending->compression != format::Compression::kAuto)
    reading.Add("sink.compressed",
                "the path ends like a compressed file, and files are written plain",
                spec.path.place, "leave the last ending out");
  if ((spec.every || spec.rows) && !parsed->Uses("seq") && !parsed->Uses("n"))
    reading.Add("sink.one_name", "`every` and `rows` make many files, but the path names one",
                spec.path.place, "put {seq:06} into the file's name");
}

}  // namespace

const config::FieldTable<FilesSinkSpec>& FilesSinkFields() {
  using namespace config;
  static const FieldTable<FilesSinkSpec> table{
      "pipelines.NAME.sink (files)",
      {Field("files", &FilesSinkSpec::path, WithPlace(Text()), Required(),
             "path of the files; may hold {date} {hour} {name} {pipeline} {n:05} {seq:06}"),
       Field("format", &FilesSinkSpec::format,
             Word<format::FormatKind>(
                 {{"csv", format::FormatKind::kCsv}, {"ndjson", format::FormatKind::kNdjson}}),
             Optional(), "format of the files; left out: by the ending of the path"),
       Field("every", &FilesSinkSpec::every, Duration(), Optional(),
             "begin a new file after this time"),
       Field("rows", &FilesSinkSpec::rows, Integer(1), Optional(),
             "begin a new file after so many records")},
      CheckSpec};
  return table;
}

format::FormatKind FormatOf(const FilesSinkSpec& spec) {
  if (spec.format) return *spec.format;
  const auto by_ending = format::WrittenFormatOfPath(spec.path.value);
  WEIR_CHECK(by_ending.has_value());
  return by_ending->kind;
}

FileFolder LocalFolder(env::Files& files) {
  return {.create = [&files](const std::string& path) -> Result<std::unique_ptr<env::ByteWriter>> {
            WEIR_TRY(MakeFolderOf(files, path));
            return files.Create(path);
          },
          .replace = [&files](const std::string& path) -> Result<std::unique_ptr<env::ByteWriter>> {
            WEIR_TRY(MakeFolderOf(files, path));
            return files.Replace(path);
          },
          .list = [&files](const std::string& folder) -> Result<std::vector<std::string>> {
            auto names = files.List(folder.empty() ? "." : folder);
            if (!names && names.error().kind == ErrorKind::kNotFound)
              return std::vector<std::string>();
            return names;
          }};
}

Result<FileSeries> FileSeries::Open(std::string_view path, PathValues values, FileFolder folder) {
  WEIR_ASSIGN(PathTemplate parsed, PathTemplate::Parse(path));
  values.n = values.seq = 0;
  return FileSeries(std::move(parsed), std::move(values), std::move(folder));
}

FileSeries::FileSeries(PathTemplate path, PathValues values, FileFolder folder)
    : path_(std::move(path)), values_(std::move(values)), folder_(std::move(folder)) {}

// Sets {seq} behind the largest number in use in the folder of the next file.
Result<void> FileSeries::SkipUsed() {
  if (!path_.Uses("seq")) return {};
  const std::string folder = path_.Folder().Fill(values_);
  if (listed_ == folder) return {};
  WEIR_ASSIGN(const std::vector<std::string> names, folder_.list(folder));
  values_.seq = std::max(values_.seq, path_.LastName().LargestSeq(names, values_) + 1);
  listed_ = folder;
  return {};
}

Result<NewFile> FileSeries::Next(Instant at) {
  values_.at = at;
  ++values_.n;
  ++values_.seq;
  WEIR_TRY(SkipUsed());
  for (int taken = 0;; ++taken) {
    std::string path = path_.Fill(values_);
    auto bytes = folder_.create(path);
    if (bytes) return NewFile{std::move(path), std::move(bytes).value()};
    if (bytes.error().kind != ErrorKind::kExists) return std::unexpected(std::move(bytes).error());
    const bool has_number = path_.Uses("seq") || path_.Uses("n");
    if (!has_number || taken == kTakenNamesMax) {
      Error error = std::move(bytes).error();
      error.code = "sink.file_exists";
      error.message = "the file is there already, and a files sink never overwrites";
      error.next = "put {seq:06} into the path, or move the file away";
      return std::unexpected(std::move(error));
    }
    ++values_.n;
    ++values_.seq;
  }
}

Result<std::unique_ptr<env::ByteWriter>> FileSeries::Beside(const std::string& path,
                                                            std::string_view kind) {
  const std::string folder = FolderOf(path);
  std::string beside = folder.empty() ? "" : folder == "/" ? folder : folder + "/";
  beside.append(".").append(kind).append("/").append(NameOf(path)).append(".json");
  return folder_.replace(beside);
}

}  // namespace weir::sink
