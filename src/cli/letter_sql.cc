#include "cli/letter_sql.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/letter_case.h"
#include "cli/dlq_letters.h"
#include "engine/sql.h"

namespace weir::cli {
namespace {

using source::Letter;

constexpr const char* kRaw = "raw";

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\n\"");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n\"") - begin + 1);
}

bool IsText(const std::string& bytes) {
  try {
    (void)nlohmann::json(bytes).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;  // Not UTF-8.
  }
}

// Texts by column and row; letter case does not tell columns apart, as in SQL.
class FieldTable {
 public:
  explicit FieldTable(size_t rows) : rows_(rows) {}

  void AddColumn(const std::string& name) {
    if (places_.emplace(Lower(name), names_.size()).second) {
      names_.push_back(name);
      columns_.emplace_back(rows_);
    }
  }
  void Set(size_t row, const std::string& name, const std::optional<std::string>& text) {
    AddColumn(name);
    columns_[places_[Lower(name)]][row] = text;
  }
  const std::optional<std::string>& At(size_t row, const std::string& name) {
    AddColumn(name);
    return columns_[places_[Lower(name)]][row];
  }

  Result<std::shared_ptr<arrow::RecordBatch>> ToArrow() const {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (size_t i = 0; i < names_.size(); ++i) {
      arrow::StringBuilder builder;
      for (const auto& text : columns_[i]) {
        if (const auto added = text ? builder.Append(*text) : builder.AppendNull(); !added.ok())
          return Fail(ErrorKind::kInvalid, "dlq.sql", added.message());
      }
      auto array = builder.Finish();
      if (!array.ok()) return Fail(ErrorKind::kInvalid, "dlq.sql", array.status().message());
      fields.push_back(arrow::field(names_[i], arrow::utf8()));
      arrays.push_back(*array);
    }
    return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows_), arrays);
  }

 private:
  size_t rows_;
  std::vector<std::string> names_;
  std::map<std::string, size_t> places_;
  std::vector<std::vector<std::optional<std::string>>> columns_;
};

}  // namespace

Result<std::unique_ptr<LetterSql>> LetterSql::Make(
    engine::Engine& engine, const std::vector<std::string>& texts,
    const std::vector<columnar::ColumnSpec>& columns) {
  std::unique_ptr<LetterSql> made(new LetterSql());
  WEIR_ASSIGN(made->session_, engine.NewSession());
  made->columns_ = columns;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string field =
        equals == std::string::npos ? std::string() : Trimmed(text.substr(0, equals));
    if (field.empty())
      return Fail(ErrorKind::kInvalid, "dlq.sql", "'" + text + "' is not COLUMN = EXPRESSION",
                  "--sql \"price = replace(price, ',', '.')\"");
    const std::string expression = text.substr(equals + 1);
    const auto reads = engine::ReferencesOfExpression(*made->session_, expression);
    if (!reads) {
      Error error = reads.error();
      error.place = {};
      return Fail(WithContext(std::move(error), "--sql"));
    }
    if (reads->subquery || reads->window)
      return Fail(ErrorKind::kInvalid, "dlq.sql", "--sql reads one record, and no table",
                  "write an expression over its fields");
    // `raw` is no column, but all of the record.
    WEIR_ASSIGN(const std::string name,
                Lower(field) == kRaw ? Result<std::string>(kRaw) : InputNameOf(field, columns));
    made->assignments_.push_back({name, expression});
  }
  return made;
}

std::string LetterSql::Query() const {
  std::string sql = "SELECT ";
  for (const Assignment& one : assignments_)
    sql +=
        (&one == assignments_.data() ? "" : ", ") + ("CAST((" + one.expression + "\n) AS VARCHAR)");
  return sql + " FROM temp.weir_fields";
}

Result<std::vector<LetterSql::Outcome>> LetterSql::Run(const std::vector<Letter>& letters) {
  FieldTable table(letters.size());
  std::vector<std::optional<Error>> uncut(letters.size());
  for (size_t row = 0; row < letters.size(); ++row) {
    const Letter& letter = letters[row];
    const std::string& raw = letter.fix ? letter.fix->raw : letter.raw;
    table.Set(row, kRaw, IsText(raw) ? std::optional(raw) : std::nullopt);
    const auto fields = source::CutFields(letter, columns_);
    if (!fields) {
      uncut[row] = fields.error();
      continue;
    }
    for (const auto& [name, text] : *fields) table.Set(row, name, text);
  }
  for (const columnar::ColumnSpec& column : columns_) table.AddColumn(column.input_name());
  WEIR_ASSIGN(const auto rows, table.ToArrow());
  WEIR_ASSIGN(const auto batches, session_->AddTable("weir_fields", rows->schema()));
  batches->Set({rows});
  auto stream = session_->Query(Query());
  if (!stream) {
    Error error = std::move(stream).error();
    error.place = {};
    return Fail(WithContext(std::move(error), "--sql"));
  }
  std::vector<Outcome> outcomes(letters.size());
  const auto apply = [&](size_t row, const Assignment& to, const std::optional<std::string>& text) {
    Outcome& now = outcomes[row];
    // The beginning of a record is not the record: what is made of it would be cut short.
    const bool of_raw = to.field == kRaw && (letters[row].fix || !letters[row].cut());
    if (!of_raw && uncut[row]) {
      now.left_out = uncut[row];
    } else if (text != table.At(row, to.field)) {
      if (of_raw) {
        now.raw = text;
      } else {
        now.fields[to.field] = text;
      }
    }
  };
  size_t row = 0;
  while (true) {
    auto values = (*stream)->Next();
    if (!values) return Fail(WithContext(std::move(values).error(), "--sql"));
    if (*values == nullptr) return outcomes;
    for (int64_t i = 0; i < (*values)->num_rows(); ++i, ++row)
      for (size_t a = 0; a < assignments_.size(); ++a) {
        const auto& column =
            static_cast<const arrow::StringArray&>(*(*values)->column(static_cast<int>(a)));
        apply(row, assignments_[a],
              column.IsNull(i) ? std::nullopt : std::optional(column.GetString(i)));
      }
  }
}

}  // namespace weir::cli
