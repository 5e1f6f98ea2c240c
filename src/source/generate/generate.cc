#include "source/generate/generate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "arrow/record_batch.h"
#include "source/generate/defects_internal.h"
#include "source/generate/row_maker_internal.h"
#include "source/generate/truth_internal.h"

namespace weir::source {
namespace {

constexpr size_t kRowsAtOnce = 16 * 1024;
constexpr size_t kBytesAtOnce = 1024 * 1024;
constexpr double kDefaultRate = 1000;
constexpr Instant kSeededStart{1'767'225'600'000'000};  // 2026-01-01T00:00:00Z
constexpr uint64_t kEndless = std::numeric_limits<uint64_t>::max() / 4;

// One call of Generate: what does not change from file to file.
class Generation {
 public:
  Generation(const GenerateSpec& spec, const GenerateOptions& options, GenerateTarget& target,
             env::Clock& clock)
      : spec_(spec), options_(options), target_(target), clock_(clock) {}

  Result<GenerateReport> Run(engine::Engine& engine, env::Random& random) {
    WEIR_TRY(Prepare(engine, random));
    began_ = clock_.Monotonic();
    for (const DefectSpec& fault : spec_.faults) report_.defects[fault.text] = 0;
    for (uint64_t row = 0; row < rows_ && !Stopping();) {
      const uint64_t end = EndOfFile(row);
      WEIR_ASSIGN(row, WriteFile(row, end));
    }
    return report_;
  }

 private:
  Result<void> Prepare(engine::Engine& engine, env::Random& random) {
    const std::optional<double> rate = options_.rate ? options_.rate : spec_.rate;
    WEIR_TRY(CountRows(rate));
    std::optional<uint64_t> seed = options_.seed;
    if (!seed && spec_.seed) seed = static_cast<uint64_t>(*spec_.seed);
    report_.seed = seed ? *seed : random.Next() >> 1;
    time_ = EventTime(seed ? kSeededStart : clock_.Now(), rate.value_or(kDefaultRate));
    config::Faults faults;
    WEIR_ASSIGN(maker_, RowMaker::Open(spec_, engine, report_.seed, time_, faults));
    if (!faults.empty()) return std::unexpected(faults.Sorted().front());
    defects_ = Defects(spec_.faults, report_.seed);
    format::FormatSpec format{
        .kind = options_.format, .compression = format::Compression::kNone, .csv = {}};
    WEIR_ASSIGN(text_, RecordText::Make(format, maker_->schema(), maker_->json_columns(), defects_,
                                        [this](const Flaw& flaw) { truth_->Add(flaw); }));
    return {};
  }

  Result<void> CountRows(std::optional<double> rate) {
    if (options_.rows) {
      rows_ = *options_.rows;
    } else if (options_.duration) {
      if (!rate)
        return Fail(ErrorKind::kInvalid, "generate.no_rate",
                    "a duration needs a rate to become rows", "add --rate 1000/s");
      rows_ = static_cast<uint64_t>(
          std::llround(static_cast<double>(options_.duration->count()) * *rate / 1e6));
    } else if (spec_.rows) {
      rows_ = static_cast<uint64_t>(*spec_.rows);
    } else if (options_.wait) {
      rows_ = kEndless;
    } else {
      return Fail(ErrorKind::kInvalid, "generate.unbounded", "the source has no end",
                  "add --rows 100000 or --for 1m");
    }
    return {};
  }

  uint64_t EndOfFile(uint64_t first) const {
    uint64_t end = rows_;
    if (options_.rows_per_file) end = std::min(end, first + *options_.rows_per_file);
    if (options_.every) {
      const int64_t every = options_.every->count();
      const int64_t window = time_.OffsetOf(first) / every + 1;
      end = std::min(end, std::max(first + 1, time_.FirstRowFrom(window * every)));
    }
    return end;
  }

  // Writes rows [first, end) as the next file, fewer where the user stops it; the row after the
  // last.
  Result<uint64_t> WriteFile(uint64_t first, uint64_t end) {
    const auto started = clock_.Monotonic();
    WEIR_ASSIGN(GenerateTarget::File file, target_.Next(time_.At(first)));
    std::unique_ptr<env::ByteWriter> truth_bytes;
    if (!spec_.faults.empty()) {
      WEIR_ASSIGN(truth_bytes, target_.Truth(file.path));
    }
    Truth truth(
        spec_.faults,
        {.path = file.path, .format = options_.format, .seed = report_.seed, .first_row = first},
        std::move(truth_bytes));
    truth_ = &truth;
    text_->BeginFile();
    uint64_t lost = end == kEndless ? 0 : defects_.LostAtEnd(first, end);
    uint64_t row = first;
    while (row < end - lost && !(row > first && Stopping())) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(kRowsAtOnce, end - lost - row));
      WEIR_ASSIGN(const auto batch, maker_->Make(row, count));
      text_->Append(*batch, row);
      row += count;
      WEIR_TRY(WriteOut(*file.bytes, kBytesAtOnce));
      if (options_.on_progress) options_.on_progress(row);
      if (end == kEndless) Wait(row);
    }
    if (row < end - lost) lost = 0;  // Stopped before the stretch.
    if (lost > 0) {
      WEIR_ASSIGN(const auto batch, maker_->Make(row, 1));
      text_->AppendCorrupt(*batch, row, first);
      row += lost;
    }
    WEIR_TRY(WriteOut(*file.bytes, 0));
    if (end != kEndless) Wait(row);
    WEIR_TRY(truth.Finish(row - first, lost));
    const GeneratedFile written{.path = file.path,
                                .rows = row - first,
                                .bytes = file.bytes->position(),
                                .elapsed = clock_.Monotonic() - started};
    WEIR_TRY(file.bytes->Finish());
    Count(written, truth, lost);
    return row;
  }

  // Writes the text in hand where it is more than `bytes`.
  Result<void> WriteOut(env::ByteWriter& to, size_t bytes) {
    if (text_->pending() < bytes) return {};
    WEIR_TRY(to.Write(text_->Take()));
    return truth_->Flush();
  }

  void Count(const GeneratedFile& file, const Truth& truth, uint64_t lost) {
    ++report_.files;
    report_.rows += file.rows;
    report_.bytes += file.bytes;
    report_.clean += truth.clean();
    report_.lost += lost;
    for (const auto& [kind, count] : truth.defects()) report_.defects[kind] += count;
    if (options_.on_file) options_.on_file(file);
  }

  // Until the event time of row `row` has come.
  void Wait(uint64_t row) {
    if (!options_.wait) return;
    while (!Stopping()) {
      const auto ahead =
          std::chrono::microseconds(time_.OffsetOf(row)) - (clock_.Monotonic() - began_);
      if (ahead.count() <= 0) return;
      options_.wait(ahead);
    }
  }

  bool Stopping() const { return options_.stopping && options_.stopping(); }

  const GenerateSpec& spec_;
  const GenerateOptions& options_;
  GenerateTarget& target_;
  env::Clock& clock_;
  std::chrono::microseconds began_{};
  uint64_t rows_ = 0;
  EventTime time_{kSeededStart, kDefaultRate};
  Defects defects_{spec_.faults, 0};
  std::unique_ptr<RowMaker> maker_;
  std::unique_ptr<RecordText> text_;
  Truth* truth_ = nullptr;  // Of the file in hand.
  GenerateReport report_;
};

}  // namespace

void CheckGenerate(const GenerateSpec& spec, engine::Engine& engine, config::Faults& faults) {
  config::Faults found;
  const auto maker = RowMaker::Open(spec, engine, 0, EventTime(kSeededStart, kDefaultRate), found);
  if (!maker) found.Add(maker.error());
  for (Error& error : std::move(found).Take()) faults.Add(std::move(error));
}

Result<GenerateReport> Generate(const GenerateSpec& spec, const GenerateOptions& options,
                                GenerateTarget& target, engine::Engine& engine, env::Clock& clock,
                                env::Random& random) {
  return Generation(spec, options, target, clock).Run(engine, random);
}

}  // namespace weir::source
