// weir bench ingest --out DIR: requests of growing size, sent by one client one after the other;
// then requests of one record, sent by more and more clients at once. As CSV, Markdown and SVG.
#include <fmt/format.h>

#include <array>

#include "cli/bench_load.h"
#include "cli/plot.h"
#include "env/files.h"

namespace weir::cli {
namespace {

constexpr std::array<uint64_t, 5> kItems = {1, 10, 100, 1'000, 10'000};
constexpr std::array<uint64_t, 5> kClients = {1, 10, 100, 1'000, 10'000};
constexpr uint64_t kRequestsDefault = 1'000;
// Of one size: a server that is slower than this has said enough.
constexpr std::chrono::seconds kSizeTimeMax{60};

struct Row {
  uint64_t items = 0;
  uint64_t clients = 0;
  LoopFigures figures;
};

std::string Csv(const std::vector<Row>& rows) {
  std::string text =
      "items,clients,requests,errors,requests_per_second,items_per_second,megabytes_per_second,"
      "mean_ms,p50_ms,p95_ms,p99_ms,p999_ms\n";
  for (const auto& [items, clients, of] : rows)
    text += fmt::format("{},{},{},{},{:.1f},{:.1f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f}\n",
                        items, clients, of.requests, of.errors, of.requests_per_second,
                        of.items_per_second, of.megabytes_per_second, of.mean_ms, of.p50_ms,
                        of.p95_ms, of.p99_ms, of.p999_ms);
  return text;
}

std::string Head(const char* first) {
  return fmt::format(
      "| {} | requests | requests/s | items/s | MB/s | mean ms | P50 | P95 | P99 | P99.9 | errors "
      "|\n"
      "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
      first);
}

std::string MarkdownRow(uint64_t first, const LoopFigures& of) {
  return fmt::format(
      "| {} | {} | {:.0f} | {:.0f} | {:.1f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {} |\n",
      first, of.requests, of.requests_per_second, of.items_per_second, of.megabytes_per_second,
      of.mean_ms, of.p50_ms, of.p95_ms, of.p99_ms, of.p999_ms, of.errors);
}

class Sweep {
 public:
  Sweep(const Command& command, const BenchIngestOptions& options, IngestLoad& load,
        std::chrono::microseconds time)
      : command_(command), options_(options), load_(load), time_(time) {}

  Result<void> Run() {
    command_.terminal.Out(Head("items"));
    for (const uint64_t items : kItems) {
      const uint64_t requests = options_.requests == 0 ? kRequestsDefault : options_.requests;
      WEIR_TRY(
          Add(sizes_,
              {.items = items, .connections = 1, .time = kSizeTimeMax, .requests_max = requests}));
      command_.terminal.Out(MarkdownRow(items, sizes_.back().figures));
    }
    command_.terminal.Out("\n" + Head("clients"));
    for (const uint64_t clients : kClients) {
      WEIR_TRY(Add(clients_, {.items = 1, .connections = clients, .time = time_}));
      command_.terminal.Out(MarkdownRow(clients, clients_.back().figures));
    }
    return Write();
  }

  bool has_errors() const { return errors_ != 0; }

 private:
  Result<void> Add(std::vector<Row>& rows, const IngestLoad::Loop& loop) {
    WEIR_ASSIGN(LoopFigures figures, load_.Run(loop));
    errors_ += figures.errors;
    rows.push_back({loop.items, loop.connections, std::move(figures)});
    return {};
  }

  Result<void> Write() const {
    auto& files = env::SystemFiles();
    WEIR_TRY(files.MakeFolders(options_.out));
    std::string markdown = "Requests of N items, one client:\n\n" + Head("items");
    for (const Row& row : sizes_) markdown += MarkdownRow(row.items, row.figures);
    markdown += "\nRequests of one item, N clients at once:\n\n" + Head("clients");
    for (const Row& row : clients_) markdown += MarkdownRow(row.clients, row.figures);
    std::vector<Row> all = sizes_;
    all.insert(all.end(), clients_.begin(), clients_.end());
    const std::string at = options_.out + "/sweep";
    WEIR_TRY(env::WriteWhole(files, at + ".csv", Csv(all)));
    WEIR_TRY(env::WriteWhole(files, at + ".md", markdown));
    const auto items = [](const Row& row) { return row.items; };
    const auto clients = [](const Row& row) { return row.clients; };
    const auto latency = [](const LoopFigures& of) {
      return std::vector<double>{of.p50_ms, of.p95_ms, of.p99_ms};
    };
    WEIR_TRY(env::WriteWhole(files, at + "-size-latency.svg",
                             Draw("Latency by size, one client", "items of a request", "ms", sizes_,
                                  items, {"P50", "P95", "P99"}, latency)));
    WEIR_TRY(env::WriteWhole(files, at + "-size-rate.svg",
                             Draw("Throughput by size, one client", "items of a request", "MB/s",
                                  sizes_, items, {"bodies"}, [](const LoopFigures& of) {
                                    return std::vector<double>{of.megabytes_per_second};
                                  })));
    WEIR_TRY(env::WriteWhole(files, at + "-clients-latency.svg",
                             Draw("Latency by clients, one item each", "clients at once", "ms",
                                  clients_, clients, {"P50", "P95", "P99"}, latency)));
    return env::WriteWhole(
        files, at + "-clients-rate.svg",
        Draw("Throughput by clients, one item each", "clients at once", "requests/s", clients_,
             clients, {"answered"},
             [](const LoopFigures& of) { return std::vector<double>{of.requests_per_second}; }));
  }

  template <class Label, class Values>
  static std::string Draw(const std::string& title, const std::string& x, const std::string& y,
                          const std::vector<Row>& rows, Label label,
                          const std::vector<std::string>& names, Values values) {
    Plot plot{.title = title, .x_name = x, .y_name = y, .labels = {}, .lines = {}};
    for (const std::string& name : names) plot.lines.push_back({name, {}});
    for (const Row& row : rows) {
      plot.labels.push_back(fmt::format("{}", label(row)));
      const std::vector<double> of_row = values(row.figures);
      for (size_t i = 0; i < names.size(); ++i) plot.lines[i].values.push_back(of_row[i]);
    }
    return ToSvg(plot);
  }

  const Command& command_;
  const BenchIngestOptions& options_;
  IngestLoad& load_;
  const std::chrono::microseconds time_;
  std::vector<Row> sizes_;
  std::vector<Row> clients_;
  uint64_t errors_ = 0;
};

}  // namespace

int BenchSweep(const Command& command, const BenchIngestOptions& options, IngestLoad& load) {
  const auto time = ParseDuration(options.time);
  if (!time) return Report(command.terminal, time.error());
  Sweep sweep(command, options, load, *time);
  if (const auto done = sweep.Run(); !done) return Report(command.terminal, done.error());
  command.terminal.Talk("written: sweep.csv, sweep.md and four plots, into " + options.out);
  return sweep.has_errors() ? 1 : 0;
}

}  // namespace weir::cli
