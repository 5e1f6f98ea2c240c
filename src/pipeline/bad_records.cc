#include "pipeline/bad_records.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/kinds.h"
#include "env/failpoint.h"
#include "format/encoder.h"

namespace weir::pipeline {
namespace {

constexpr std::array kTaken = {"id", "received_at", "source", "line", "offset"};

std::shared_ptr<arrow::Schema> FileSchema() {
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("received_at", utc),
                        arrow::field("source", arrow::utf8()), arrow::field("line", arrow::int64()),
                        arrow::field("offset", arrow::int64()), arrow::field("code", arrow::utf8()),
                        arrow::field("reasons", arrow::utf8()), arrow::field("raw", arrow::utf8()),
                        arrow::field("raw_base64", arrow::binary())});
}

bool IsText(std::string_view bytes) {
  try {
    (void)nlohmann::json(bytes).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;  // Not UTF-8.
  }
}

// First code, and all of them with their details.
std::pair<std::string, std::string> ReasonsOf(const arrow::ListArray& column, int64_t row) {
  const auto& reasons = static_cast<const arrow::StructArray&>(*column.values());
  std::pair<std::string, std::string> made;
  for (int64_t i = column.value_offset(row); i < column.value_offset(row + 1); ++i) {
    const auto part = [&](const char* name) {
      const auto& texts = static_cast<const arrow::StringArray&>(*reasons.GetFieldByName(name));
      return texts.IsNull(i) ? std::string() : texts.GetString(i);
    };
    if (made.second.empty()) made.first = part("code");
    made.second += (made.second.empty() ? "" : "; ") + part("code") + ": " + part("detail");
  }
  return made;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ForFile(const arrow::RecordBatch& letters) {
  arrow::ArrayVector columns;
  for (const char* name : kTaken) columns.push_back(letters.GetColumnByName(name));
  arrow::StringBuilder codes, reasons, texts;
  arrow::BinaryBuilder bytes;
  const auto& raws = static_cast<const arrow::BinaryArray&>(*letters.GetColumnByName("raw"));
  const auto& lists = static_cast<const arrow::ListArray&>(*letters.GetColumnByName("reasons"));
  for (int64_t row = 0; row < letters.num_rows(); ++row) {
    const auto [code, all] = ReasonsOf(lists, row);
    const std::string_view raw = raws.GetView(row);
    const bool text = IsText(raw);
    ARROW_RETURN_NOT_OK(codes.Append(code));
    ARROW_RETURN_NOT_OK(reasons.Append(all));
    ARROW_RETURN_NOT_OK(text ? texts.Append(raw) : texts.AppendNull());
    ARROW_RETURN_NOT_OK(text ? bytes.AppendNull() : bytes.Append(raw));
  }
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&codes, &reasons, &texts, &bytes}) {
    ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(FileSchema(), letters.num_rows(), std::move(columns));
}

class Files final : public BadRecordFiles {
 public:
  Files(env::Files& files, BadRecordsSpec spec, std::unique_ptr<sink::Sink> dead_letters)
      : files_(files), spec_(std::move(spec)), dead_letters_(std::move(dead_letters)) {}

  Result<void> Begin(const table::WriterIdentity& identity) override {
    writer_.reset();
    batch_ = identity.batch;
    wrote_ = false;
    return dead_letters_->Begin(identity);
  }

  Result<void> Write(const arrow::RecordBatch& rows) override {
    WEIR_TRY(dead_letters_->Write(rows));
    if (rows.num_rows() == 0) return {};
    const auto shown = ForFile(rows);
    if (!shown.ok()) return Fail(ErrorKind::kInvalid, "pipeline.memory", shown.status().ToString());
    std::string text;
    wrote_ = true;
    if (writer_ == nullptr) {
      WEIR_TRY(files_.MakeFolders(StagingFolder()));
      WEIR_ASSIGN(writer_, files_.Replace(Staged(NameOf(batch_))));
      WEIR_ASSIGN(encoder_, format::MakeEncoder({.kind = spec_.format, .csv = {}}, FileSchema()));
      text = encoder_->Header();
    }
    encoder_->Append(**shown, text);
    return writer_->Write(text);
  }

  Result<table::StagedTable> Stage() override {
    if (writer_ != nullptr) {
      WEIR_TRY(writer_->Finish());
      writer_.reset();
    }
    return dead_letters_->Stage();
  }

  Result<void> Publish(const BatchId& batch, Instant planned) override {
    const std::string name = NameOf(batch);
    if (!files_.Status(Staged(name))) return {};
    if (batch == batch_ && !wrote_) return files_.Remove(Staged(name));  // Of an earlier try of it.
    const std::string dir = InFolder(spec_.dir.Fill({.at = planned, .pipeline = batch.pipeline}));
    WEIR_TRY(files_.MakeFolders(dir));
    WEIR_TRY(env::ReachFailpoint("bad_records.publish"));
    return files_.Rename(Staged(name), dir + "/" + name);
  }

  Result<void> Settle(catalog::Catalog& catalog, const std::string& pipeline) override {
    const auto names = files_.List(StagingFolder());
    if (!names) return {};  // No folder yet.
    const std::string prefix = "." + pipeline + "-" + catalog.instance() + "-";
    for (const std::string& name : *names) {
      if (!name.starts_with(prefix)) continue;
      BatchNumber number;
      const char* begin = name.data() + prefix.size();
      const auto read = std::from_chars(begin, name.data() + name.size(), number.value);
      if (read.ec != std::errc() || *read.ptr != '.') continue;
      if (name != "." + NameOf({pipeline, catalog.instance(), number})) continue;
      WEIR_ASSIGN(const auto batch, catalog.Batch(pipeline, number));
      if (!batch) continue;
      const Instant planned = batch->plan.time;
      if (batch->state == ledger::BatchState::kCommitted) WEIR_TRY(Publish(batch->id, planned));
      // A void batch may have dead letters of its own: of objects that were lost.
      if (batch->state == ledger::BatchState::kVoid)
        WEIR_TRY(Refused(*batch) ? Publish(batch->id, planned)
                                 : files_.Remove(StagingFolder() + "/" + name));
    }
    return {};
  }

 private:
  static bool Refused(const catalog::BatchRecord& batch) {
    return batch.outcome && std::ranges::any_of(batch.outcome->tables,
                                                [](const auto& table) { return table.rows != 0; });
  }

  std::string NameOf(const BatchId& batch) const {
    return batch.pipeline + "-" + batch.instance + "-" + std::to_string(batch.number.value) +
           (spec_.format == format::FormatKind::kCsv ? ".csv" : ".ndjson");
  }
  std::string InFolder(const std::string& dir) const {
    return dir.starts_with('/') ? dir : spec_.folder + "/" + dir;
  }
  // Where a file waits for its commit: the part of `dir` that is the same for all batches, so that
  // Settle finds it.
  std::string StagingFolder() const {
    const std::string& dir = spec_.dir.text();
    const size_t brace = dir.find('{');
    if (brace == std::string::npos) return InFolder(dir);
    const size_t slash = dir.rfind('/', brace);
    return InFolder(slash == std::string::npos ? "." : dir.substr(0, std::max<size_t>(slash, 1)));
  }
  std::string Staged(const std::string& name) const { return StagingFolder() + "/." + name; }

  env::Files& files_;
  BadRecordsSpec spec_;
  std::unique_ptr<sink::Sink> dead_letters_;
  BatchId batch_;
  bool wrote_ = false;  // Since Begin.
  std::unique_ptr<env::ByteWriter> writer_;
  std::unique_ptr<format::Encoder> encoder_;
};

Result<PathTemplate> ParseDir(const std::string& text) {
  WEIR_ASSIGN(PathTemplate dir, PathTemplate::Parse(text));
  for (const char* other : {"name", "n", "seq", "run", "entity"})
    if (dir.Uses(other))
      return Fail(ErrorKind::kConfig, "bad_records.dir",
                  "'{" + std::string(other) + "}' says nothing of a batch",
                  "use {date}, {hour} or {pipeline}");
  return dir;
}

}  // namespace

const config::FieldTable<BadRecordsSpec>& BadRecordsFields() {
  static const config::FieldTable<BadRecordsSpec> table{
      "pipelines.NAME.bad_records",
      {config::Field("dir", &BadRecordsSpec::dir, config::Parsed<PathTemplate>("path", ParseDir),
                     config::Required(),
                     "folder that gets a file for each batch that refused records; may hold "
                     "{date} {hour} {pipeline}"),
       config::Field("format", &BadRecordsSpec::format,
                     config::Word<format::FormatKind>({{"ndjson", format::FormatKind::kNdjson},
                                                       {"csv", format::FormatKind::kCsv}}),
                     config::Default("ndjson"), "how they are written")}};
  return table;
}

std::unique_ptr<BadRecordFiles> MakeBadRecordFiles(env::Files& files, BadRecordsSpec spec,
                                                   std::unique_ptr<sink::Sink> dead_letters) {
  return std::make_unique<Files>(files, std::move(spec), std::move(dead_letters));
}

}  // namespace weir::pipeline
