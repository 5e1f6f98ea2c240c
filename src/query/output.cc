#include "query/output.h"

#include <algorithm>
#include <array>
#include <set>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/check.h"
#include "base/letter_case.h"
#include "config/faults.h"
#include "query/cells_internal.h"
#include "query/output_internal.h"

namespace weir::query {
namespace {

struct FormatName {
  std::string_view name;
  OutputFormat format;
};

constexpr std::array kFormats = {
    FormatName{"table", OutputFormat::kTable},     FormatName{"csv", OutputFormat::kCsv},
    FormatName{"json", OutputFormat::kJson},       FormatName{"ndjson", OutputFormat::kNdjson},
    FormatName{"parquet", OutputFormat::kParquet}, FormatName{"md", OutputFormat::kMarkdown},
};

// What all forms of text have in common: they go row by row, and pass on what they have in pieces.
class TextForm : public OutputForm {
 public:
  TextForm(const arrow::Schema& schema, const OutputSink& sink)
      : names_(UniqueNames(schema)), sink_(sink) {
    for (const auto& field : schema.fields()) numbers_.push_back(IsNumber(*field->type()));
  }

  Result<void> Begin() override {
    AddHead();
    return {};
  }

  Result<void> Add(const arrow::RecordBatch& rows) override {
    std::vector<const arrow::Array*> columns;
    for (const auto& column : rows.columns()) columns.push_back(column.get());
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      AddRow(columns, row);
      if (out_.size() >= kOutputPiece) WEIR_TRY(Flush());
    }
    return {};
  }

  Result<void> End() override {
    AddFoot();
    return Flush();
  }

 protected:
  virtual void AddHead() = 0;
  virtual void AddRow(const std::vector<const arrow::Array*>& columns, int64_t row) = 0;
  virtual void AddFoot() {}

  std::vector<std::string> names_;
  std::vector<bool> numbers_;  // Per column.
  CellText out_;

 private:
  Result<void> Flush() {
    if (out_.size() == 0) return {};
    auto written = sink_(out_.text());
    out_.clear();
    return written;
  }

  const OutputSink& sink_;
};

class CsvForm final : public TextForm {
 public:
  using TextForm::TextForm;

 private:
  void AddHead() override {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (i > 0) out_.Append(",");
      AddField(names_[i]);
    }
    out_.Append("\n");
  }

  void AddRow(const std::vector<const arrow::Array*>& columns, int64_t row) override {
    const bool alone = columns.size() == 1;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out_.Append(",");
      if (columns[i]->IsNull(row)) {
        if (alone) out_.Append("\"\"");  // An empty line would be no record.
        continue;
      }
      cell_.clear();
      cell_.AppendPlain(*columns[i], row);
      AddField(cell_.text());
    }
    out_.Append("\n");
  }

  void AddField(std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos)
      return out_.Append(text);
    out_.Append("\"");
    while (!text.empty()) {
      const size_t quote = std::min(text.find('"'), text.size());
      out_.Append(text.substr(0, quote));
      if (quote < text.size()) out_.Append("\"\"");
      text.remove_prefix(std::min(quote + 1, text.size()));
    }
    out_.Append("\"");
  }

  CellText cell_;
};

// One object per row: lines of their own, or the rows of one document.
class JsonForm final : public TextForm {
 public:
  enum class Frame : uint8_t { kLines, kDocument };
  JsonForm(const arrow::Schema& schema, const OutputSink& sink, Frame frame,
           std::string document = {})
      : TextForm(schema, sink), frame_(frame), document_(std::move(document)) {
    for (const std::string& name : names_) {
      CellText key;
      key.AppendJsonText(name);
      keys_.emplace_back(key.text());
    }
  }

 private:
  void AddHead() override {
    if (frame_ == Frame::kLines) return;
    out_.Append("{");
    if (!document_.empty()) {
      out_.Append("\"schema\":");
      out_.AppendJsonText(document_);
      out_.Append(", ");
    }
    out_.Append("\"columns\": [");
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (i > 0) out_.Append(", ");
      out_.Append(keys_[i]);
    }
    out_.Append("], \"rows\": [");
  }

  void AddRow(const std::vector<const arrow::Array*>& columns, int64_t row) override {
    if (frame_ == Frame::kDocument) out_.Append(first_ ? "\n" : ",\n");
    first_ = false;
    out_.Append("{");
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out_.Append(", ");
      out_.Append(keys_[i]);
      out_.Append(": ");
      out_.AppendJson(*columns[i], row);
    }
    out_.Append(frame_ == Frame::kLines ? "}\n" : "}");
  }

  void AddFoot() override {
    if (frame_ == Frame::kDocument) out_.Append(first_ ? "]}\n" : "\n]}\n");
  }

  Frame frame_;
  std::string document_;  // The name of its schema.
  std::vector<std::string> keys_;
  bool first_ = true;
};

class MarkdownForm final : public TextForm {
 public:
  using TextForm::TextForm;

 private:
  void AddHead() override {
    for (const std::string& name : names_) AddCell(name);
    out_.Append("|\n");
    for (const bool number : numbers_) out_.Append(number ? "| ---: " : "| --- ");
    out_.Append("|\n");
  }

  void AddRow(const std::vector<const arrow::Array*>& columns, int64_t row) override {
    for (const arrow::Array* column : columns) {
      cell_.clear();
      if (column->IsNull(row)) {
        cell_.Append("null");
      } else {
        cell_.AppendPlain(*column, row);
      }
      AddCell(cell_.text());
    }
    out_.Append("|\n");
  }

  void AddCell(std::string_view text) {
    out_.Append("| ");
    for (const char c : text) {
      if (c == '|' || c == '\\') {
        out_.Append(c == '|' ? "\\|" : "\\\\");
      } else if (c == '\n') {
        out_.Append("<br>");
      } else {
        out_.Append(std::string_view(&c, 1));
      }
    }
    out_.Append(" ");
  }

  CellText cell_;
};

std::unique_ptr<OutputForm> MakeForm(std::shared_ptr<arrow::Schema> schema,
                                     const OutputOptions& options, const OutputSink& sink) {
  switch (options.format) {
    case OutputFormat::kTable:
      return MakeTableForm(std::move(schema), options, sink);
    case OutputFormat::kCsv:
      return std::make_unique<CsvForm>(*schema, sink);
    case OutputFormat::kJson:
      return std::make_unique<JsonForm>(*schema, sink, JsonForm::Frame::kDocument, options.schema);
    case OutputFormat::kNdjson:
      return std::make_unique<JsonForm>(*schema, sink, JsonForm::Frame::kLines);
    case OutputFormat::kParquet:
      return MakeParquetForm(*schema, sink);
    case OutputFormat::kMarkdown:
      return std::make_unique<MarkdownForm>(*schema, sink);
  }
  WEIR_CHECK(false);
}

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view text) {
  std::vector<std::string> known;
  for (const FormatName& one : kFormats) {
    if (one.name == text) return one.format;
    known.emplace_back(one.name);
  }
  return Fail(ErrorKind::kInvalid, "query.format",
              "there is no output format '" + std::string(text) + "'",
              config::Suggestion(text, known));
}

std::vector<std::string> UniqueNames(const arrow::Schema& schema) {
  std::set<std::string> taken;
  for (const auto& field : schema.fields()) taken.insert(Lower(field->name()));
  std::set<std::string> used;
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    std::string name = field->name();
    for (int i = 1; !used.insert(Lower(name)).second; ++i) {
      std::string other = field->name() + "_" + std::to_string(i);
      if (!taken.contains(Lower(other))) name = std::move(other);
    }
    names.push_back(std::move(name));
  }
  return names;
}

Result<uint64_t> WriteOutput(engine::ArrowStream& stream, const OutputOptions& options,
                             const OutputSink& sink) {
  const auto form = MakeForm(stream.schema(), options, sink);
  uint64_t count = 0;
  WEIR_TRY(form->Begin());
  for (;;) {
    WEIR_ASSIGN(const auto rows, stream.Next());
    if (!rows) break;
    count += static_cast<uint64_t>(rows->num_rows());
    WEIR_TRY(form->Add(*rows));
  }
  WEIR_TRY(form->End());
  return count;
}

}  // namespace weir::query
