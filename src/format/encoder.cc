#include "format/encoder.h"

#include <arrow/api.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "format/json_cursor_internal.h"
#include "format/value_text_internal.h"

namespace weir::format {
namespace {

Result<void> CheckEncodable(const std::string& name, const arrow::DataType& type) {
  if (type.id() == arrow::Type::LIST || type.id() == arrow::Type::STRUCT) {
    for (const auto& child : type.fields()) WEIR_TRY(CheckEncodable(name, *child->type()));
    return {};
  }
  if (HasValueText(type)) return {};
  return Fail(ErrorKind::kUnsupported, "type.unsupported",
              "column " + name + ": a value of type " + type.ToString() + " has no text form",
              "cast it, for example to varchar");
}

// The JSON of a cell; a text that is JSON stands as it is.
void AppendJson(const arrow::Array& array, int64_t row, bool is_json, std::string& text) {
  if (is_json && array.IsValid(row)) {
    AppendValueText(array, row, text);
  } else {
    AppendJsonValue(array, row, NonFinite::kNull, text);
  }
}

bool IsNested(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::STRUCT;
}

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const CsvOptions& csv, std::shared_ptr<arrow::Schema> schema)
      : csv_(csv), schema_(std::move(schema)) {
    special_ = {csv.delimiter, csv.quote, '\n', '\r'};
    empty_ = {csv.quote, csv.quote};
  }

  std::string Header() const override {
    if (!csv_.has_header) return {};
    std::string text;
    for (const auto& field : schema_->fields()) {
      if (!text.empty()) text += csv_.delimiter;
      AppendField(field->name(), text);
    }
    return text + '\n';
  }

  void Append(const arrow::RecordBatch& batch, std::string& text) override {
    WEIR_CHECK(batch.num_columns() == schema_->num_fields());
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      const size_t before = text.size();
      for (int i = 0; i < batch.num_columns(); ++i) {
        if (i != 0) text += csv_.delimiter;
        AppendCell(*batch.column(i), row, text);
      }
      // An empty line would be no record.
      if (text.size() == before) text += csv_.null_text.empty() ? empty_ : csv_.null_text;
      text += '\n';
    }
  }

 private:
  void AppendCell(const arrow::Array& array, int64_t row, std::string& text) {
    if (array.IsNull(row)) return;
    if (IsNested(*array.type())) {
      scratch_.clear();
      AppendJson(array, row, false, scratch_);
      AppendField(scratch_, text);
    } else if (JsonFormOf(*array.type()) == JsonForm::kText) {
      AppendField(TextOf(array, row), text);
    } else {
      const size_t before = text.size();
      AppendValueText(array, row, text);
      if (text.size() == before && array.type_id() != arrow::Type::DOUBLE &&
          array.type_id() != arrow::Type::FLOAT)
        text += empty_;
    }
  }

  void AppendField(std::string_view field, std::string& text) const {
    const bool plain = !field.empty() && field != csv_.null_text &&
                       field.find_first_of(special_) == std::string_view::npos;
    if (plain) {
      text += field;
      return;
    }
    text += csv_.quote;
    for (const char c : field) {
      if (c == csv_.quote) text += c;
      text += c;
    }
    text += csv_.quote;
  }

  CsvOptions csv_;
  std::shared_ptr<arrow::Schema> schema_;
  std::string special_;
  std::string empty_;
  std::string scratch_;
};

class NdjsonEncoder final : public Encoder {
 public:
  NdjsonEncoder(const arrow::Schema& schema, const std::vector<std::string>& json_columns) {
    for (const auto& field : schema.fields()) {
      std::string key = keys_.empty() ? "{" : ",";
      AppendJsonString(key, field->name());
      keys_.push_back(key + ':');
      is_json_.push_back(std::find(json_columns.begin(), json_columns.end(), field->name()) !=
                         json_columns.end());
    }
  }

  std::string Header() const override { return {}; }

  void Append(const arrow::RecordBatch& batch, std::string& text) override {
    WEIR_CHECK(static_cast<size_t>(batch.num_columns()) == keys_.size());
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (size_t i = 0; i < keys_.size(); ++i) {
        text += keys_[i];
        AppendJson(*batch.column(static_cast<int>(i)), row, is_json_[i], text);
      }
      text += keys_.empty() ? "{}\n" : "}\n";
    }
  }

 private:
  std::vector<std::string> keys_;
  std::vector<bool> is_json_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> MakeEncoder(const FormatSpec& spec,
                                             const std::shared_ptr<arrow::Schema>& schema,
                                             std::vector<std::string> json_columns) {
  for (const auto& field : schema->fields())
    WEIR_TRY(CheckEncodable(field->name(), *field->type()));
  if (ReadsByPosition(spec.kind))
    return Fail(ErrorKind::kUnsupported, "type.unsupported",
                std::string(ToText(spec.kind)) + " is no text format", "write csv or ndjson");
  if (spec.kind != FormatKind::kCsv)
    return std::unique_ptr<Encoder>(std::make_unique<NdjsonEncoder>(*schema, json_columns));
  WEIR_TRY(CheckCsvOptions(spec.csv));
  if (spec.csv.quote == '\0')
    return Fail(ErrorKind::kInvalid, "format.csv_options", "CSV cannot be written without a quote");
  return std::unique_ptr<Encoder>(std::make_unique<CsvEncoder>(spec.csv, schema));
}

}  // namespace weir::format
