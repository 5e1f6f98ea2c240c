#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "telemetry/telemetry.h"

namespace weir::telemetry {
namespace {

struct SeriesDoc {
  std::string_view name;
  std::string_view help;
};
constexpr SeriesDoc kSeries[] = {
    {"weir_batches_total", "Batches by state reached."},
    {"weir_bytes_total", "Bytes of input that committed batches read."},
    {"weir_errors_total", "Errors by code."},
    {"weir_files_skipped_total", "Input files skipped."},
    {"weir_records_total",
     "Records of committed batches by outcome; read is the sum of the others."},
    {"weir_rejections_total", "Rejected records by reason."},
    {"weir_retries_total", "Tries that failed and were to be repeated, by code."},
    {"weir_runs_total", "Runs by outcome."},
};

// key="value",... in the order given; values escaped as the format asks.
std::string Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string labels;
  for (const auto& [key, value] : pairs) {
    if (!labels.empty()) labels += ',';
    labels.append(key).append("=\"");
    for (const char c : value) {
      if (c == '\n') {
        labels += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') labels += '\\';
      labels += c;
    }
    labels += '"';
  }
  return labels;
}

}  // namespace

void Metrics::Add(std::string_view name, std::string labels, double amount) {
  series_[std::string(name)][std::move(labels)] += amount;
}

void Metrics::CountBatch(const BatchId& batch, std::string_view state) {
  Add("weir_batches_total", Labels({{"pipeline", batch.pipeline}, {"state", state}}), 1);
}

void Metrics::Write(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (const auto* committed = std::get_if<BatchCommitted>(&event)) {
    const std::string& pipeline = committed->batch.pipeline;
    CountBatch(committed->batch, "committed");
    commits_[Labels({{"pipeline", pipeline}})].Add(committed->elapsed);
    Add("weir_bytes_total", Labels({{"direction", "in"}, {"pipeline", pipeline}}),
        static_cast<double>(committed->bytes));
    const BatchCounts& counts = committed->counts;
    const std::pair<std::string_view, uint64_t> outcomes[] = {
        {"read", counts.read},         {"accepted", counts.accepted},
        {"rejected", counts.rejected}, {"duplicate", counts.duplicate},
        {"filtered", counts.filtered}, {"late", counts.late}};
    for (const auto& [outcome, count] : outcomes)
      Add("weir_records_total", Labels({{"outcome", outcome}, {"pipeline", pipeline}}),
          static_cast<double>(count));
  } else if (const auto* planned = std::get_if<BatchPlanned>(&event)) {
    CountBatch(planned->batch, "planned");
  } else if (const auto* held = std::get_if<BatchHeld>(&event)) {
    CountBatch(held->batch, "held");
  } else if (const auto* voided = std::get_if<BatchVoided>(&event)) {
    CountBatch(voided->batch, "voided");
  } else if (const auto* unknown = std::get_if<BatchUnknown>(&event)) {
    CountBatch(unknown->batch, "unknown");
  } else if (const auto* rejected = std::get_if<RecordsRejected>(&event)) {
    Add("weir_rejections_total",
        Labels({{"code", rejected->code},
                {"pipeline", rejected->batch.pipeline},
                {"rule", rejected->rule}}),
        static_cast<double>(rejected->rows));
  } else if (const auto* skipped = std::get_if<FileSkipped>(&event)) {
    Add("weir_files_skipped_total", Labels({{"pipeline", skipped->pipeline}}), 1);
  } else if (const auto* run = std::get_if<RunEnded>(&event)) {
    Add("weir_runs_total", Labels({{"outcome", run->outcome}, {"subject", run->subject}}), 1);
  } else if (const auto* retry = std::get_if<TryFailed>(&event)) {
    Add("weir_retries_total", Labels({{"code", retry->error.code}}), 1);
  } else if (const auto* error = std::get_if<ErrorHappened>(&event)) {
    Add("weir_errors_total", Labels({{"code", error->error.code}}), 1);
  }
}

std::string Metrics::Prometheus() const {
  const std::lock_guard lock(mutex_);
  std::string body;
  for (const auto& [name, values] : series_) {
    const auto* doc = std::ranges::find(kSeries, std::string_view(name), &SeriesDoc::name);
    body += MetricHead(name, "counter", doc == std::end(kSeries) ? "" : doc->help);
    for (const auto& [labels, value] : values)
      body += fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
  constexpr std::string_view kCommits = "weir_commit_seconds";
  if (!commits_.empty())
    body += MetricHead(kCommits, "histogram", "Time of a committed batch, from plan to commit.");
  for (const auto& [labels, seconds] : commits_) body += seconds.Series(kCommits, labels);
  return body;
}

}  // namespace weir::telemetry
