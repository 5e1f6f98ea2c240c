#include <algorithm>
#include <limits>
#include <numeric>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/units.h"
#include "query/cells_internal.h"
#include "query/display_width.h"
#include "query/output_internal.h"

namespace weir::query {
namespace {

constexpr size_t kMeasuredRows = 1'000;  // Off a terminal, widths come from these.
constexpr size_t kNarrowestColumn = 6;   // On a terminal, a wider column is not cut below this.
constexpr size_t kGap = 2;               // Blanks between two columns.

using Row = std::vector<std::string>;

class TableForm final : public OutputForm {
 public:
  TableForm(std::shared_ptr<arrow::Schema> schema, const OutputOptions& options,
            const OutputSink& sink)
      : options_(options), sink_(sink) {
    for (const auto& field : schema->fields()) {
      names_.push_back(Shown(field->name()));
      numbers_.push_back(IsNumber(*field->type()));
    }
  }

  Result<void> Begin() override { return {}; }

  Result<void> Add(const arrow::RecordBatch& rows) override {
    for (int64_t i = 0; i < rows.num_rows(); ++i) {
      ++seen_;
      if (on_terminal() && seen_ > options_.rows_max) {
        if (!measured_) WEIR_TRY(Measure());
        continue;
      }
      Row row = CellsOf(rows, i);
      if (measured_) {
        AddLine(row);
        if (out_.size() >= kOutputPiece) WEIR_TRY(Flush());
        continue;
      }
      first_.push_back(std::move(row));
      if (!on_terminal() && first_.size() == kMeasuredRows) WEIR_TRY(Measure());
    }
    return {};
  }

  Result<void> End() override {
    if (!measured_) WEIR_TRY(Measure());
    if (on_terminal()) {
      if (seen_ == 0) out_ += "(no rows)\n";
      if (seen_ > options_.rows_max)
        out_ += "… " + FormatCount(seen_ - options_.rows_max) + " rows more, -o csv for all\n";
      AddLeftOut();
    }
    return Flush();
  }

 private:
  bool on_terminal() const { return options_.width > 0; }

  static Row CellsOf(const arrow::RecordBatch& rows, int64_t at) {
    Row cells;
    CellText text;
    for (const auto& column : rows.columns()) {
      text.clear();
      if (column->IsNull(at)) {
        text.Append("null");
      } else {
        text.AppendPlain(*column, at);
      }
      cells.push_back(Shown(text.text()));
    }
    return cells;
  }

  // Decides on the widths and writes what was kept back for that.
  Result<void> Measure() {
    measured_ = true;
    for (size_t i = 0; i < names_.size(); ++i) {
      size_t width = DisplayWidth(names_[i]);
      for (const Row& row : first_) width = std::max(width, DisplayWidth(row[i]));
      widths_.push_back(std::max<size_t>(width, 1));
    }
    if (on_terminal()) Fit();
    AddLine(names_);
    Row rule;
    for (const size_t width : widths_) {
      std::string line;
      for (size_t i = 0; i < width; ++i) line += "─";
      rule.push_back(std::move(line));
    }
    AddLine(rule);
    for (const Row& row : first_) AddLine(row);
    first_.clear();
    return Flush();
  }

  size_t TotalWidth() const {
    return std::accumulate(widths_.begin(), widths_.end(), kGap * (widths_.size() - 1));
  }

  // The widest columns give first; what still does not fit goes from the right.
  void Fit() {
    while (widths_.size() > 1 && LeastWidth() > options_.width) widths_.pop_back();
    if (widths_.empty() || TotalWidth() <= options_.width) return;
    const size_t available = options_.width > kGap * (widths_.size() - 1)
                                 ? options_.width - kGap * (widths_.size() - 1)
                                 : 1;
    // The greatest limit at which all columns, cut to it, fit.
    size_t limit = 1;
    const auto cut_to = [this](size_t most) {
      size_t sum = 0;
      for (const size_t width : widths_) sum += std::min(width, most);
      return sum;
    };
    while (cut_to(limit + 1) <= available) ++limit;
    for (size_t& width : widths_) width = std::min(width, limit);
  }

  size_t LeastWidth() const {
    size_t sum = kGap * (widths_.size() - 1);
    for (const size_t width : widths_) sum += std::min(width, kNarrowestColumn);
    return sum;
  }

  void AddLeftOut() {
    if (widths_.size() == names_.size()) return;
    out_ += "… " + FormatCount(names_.size() - widths_.size()) + " columns more: ";
    for (size_t i = widths_.size(); i < names_.size(); ++i)
      out_ += (i == widths_.size() ? "" : ", ") + names_[i];
    out_ += "\n";
  }

  void AddLine(const Row& row) {
    for (size_t i = 0; i < widths_.size(); ++i) {
      const std::string cell = on_terminal() ? Shortened(row[i], widths_[i]) : row[i];
      const size_t width = DisplayWidth(cell);
      const std::string blanks(widths_[i] > width ? widths_[i] - width : 0, ' ');
      if (i > 0) out_ += std::string(kGap, ' ');
      if (numbers_[i]) out_ += blanks;
      out_ += cell;
      if (!numbers_[i] && i + 1 < widths_.size()) out_ += blanks;
    }
    out_ += "\n";
  }

  Result<void> Flush() {
    if (out_.empty()) return {};
    auto written = sink_(out_);
    out_.clear();
    return written;
  }

  OutputOptions options_;
  const OutputSink& sink_;
  Row names_;
  std::vector<bool> numbers_;
  std::vector<Row> first_;  // Until `measured_`.
  bool measured_ = false;
  std::vector<size_t> widths_;  // Of the columns that are shown.
  uint64_t seen_ = 0;
  std::string out_;
};

}  // namespace

std::unique_ptr<OutputForm> MakeTableForm(std::shared_ptr<arrow::Schema> schema,
                                          const OutputOptions& options, const OutputSink& sink) {
  return std::make_unique<TableForm>(std::move(schema), options, sink);
}

}  // namespace weir::query
