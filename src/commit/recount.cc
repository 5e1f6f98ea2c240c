#include "commit/recount.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <map>
#include <set>

#include "engine/sql.h"
#include "query/snapshot_query.h"

namespace weir::commit {
namespace {

using CountsByBatch = std::map<std::string, uint64_t>;

// What the ledger expects of one table.
struct Expected {
  CountsByBatch rows;     // By batch, of tables that grow.
  bool replaced = false;  // Made by a model: only the last batch counts.
  std::string last_batch;
  uint64_t last_rows = 0;
};

bool IsModel(const std::string& pipeline) { return pipeline.starts_with("model/"); }

class Recounting {
 public:
  Recounting(catalog::Catalog& catalog, table::Lake& lake, engine::Session& session)
      : catalog_(catalog), lake_(lake), session_(session) {}

  Result<RecountReport> Run() {
    WEIR_ASSIGN(const auto records, catalog_.Batches(""));
    for (const catalog::BatchRecord& record : records) Expect(record);
    for (const auto& [table, expected] : tables_) WEIR_TRY(CheckTable(table, expected));
    WEIR_TRY(CheckLetters());
    return std::move(report_);
  }

 private:
  void Expect(const catalog::BatchRecord& record) {
    if (record.state == ledger::BatchState::kPlanned || record.state == ledger::BatchState::kHeld) {
      ++report_.open;
      open_.insert(record.id.ToString());
      if (record.state == ledger::BatchState::kHeld)
        report_.held.push_back({record.id.ToString(), record.note});
      return;
    }
    if (!record.outcome) return;
    const bool committed = record.state == ledger::BatchState::kCommitted;
    const std::string id = record.id.ToString();
    if (committed) ++report_.batches;
    if (committed && !IsModel(record.id.pipeline)) report_.counts += record.outcome->counts;
    if (!record.outcome->counts.balanced())
      Find("verify.unbalanced", "batch " + id + ": read is not the sum of its parts");
    if (const auto& replay = record.outcome->replay; committed && replay)
      settled_by_[id] = replay->replayed + replay->duplicate + replay->filtered;
    for (const ledger::TableOutcome& table : record.outcome->tables) {
      Expected& expected = tables_[table.table];
      expected.rows[id] += table.rows;
      // Rows that were added to what the last replacing batch left.
      if (expected.replaced && !IsModel(record.id.pipeline) && !table.total) {
        expected.last_rows += table.rows;
        expected.last_batch = id;
      }
      if (!IsModel(record.id.pipeline) && !table.total) continue;
      expected.replaced = true;
      expected.last_batch = id;
      expected.last_rows = table.total.value_or(table.rows);
    }
  }

  Result<void> CheckTable(const std::string& table, const Expected& expected) {
    WEIR_ASSIGN(const catalog::TableName name, catalog::ParseTableName(table));
    const auto state = lake_.Load(name);
    if (!state) {
      Find("verify.table", "table " + table + ": " + state.error().message);
      return {};
    }
    RecountedTable counted{.table = table, .how = "", .rows = 0, .foreign_rows = 0, .files = 0};
    const auto files = lake_.Files(**state);
    if (!files) {
      Find("verify.table", "table " + table + ": " + files.error().message);
      return {};
    }
    const size_t before = report_.findings.size();
    for (const iceberg::DataFile& file : *files) CheckFile(table, file);
    counted.files = files->size();
    if (report_.findings.size() == before) {
      WEIR_TRY(expected.replaced ? CountTotal(**state, expected, counted)
                                 : CountByBatch(name, expected, counted));
    }
    report_.tables.push_back(std::move(counted));
    return {};
  }

  void CheckFile(const std::string& table, const iceberg::DataFile& file) {
    const auto size = lake_.store().Size(file.path);
    if (!size) {
      Find("verify.file", "table " + table + ": data file " + file.path + " is missing");
    } else if (*size != static_cast<uint64_t>(file.file_size)) {
      Find("verify.file", "table " + table + ": data file " + file.path + " has " +
                              std::to_string(*size) + " bytes, not " +
                              std::to_string(file.file_size));
    }
  }

  Result<void> CountTotal(const table::TableState& state, const Expected& expected,
                          RecountedTable& counted) {
    counted.how = "by snapshot total";
    WEIR_ASSIGN(const auto rows,
                Query("SELECT '' AS batch, count(*) AS n FROM " + state.name.ToString()));
    for (const auto& [batch, count] : rows) counted.rows += count;
    if (counted.rows != expected.last_rows)
      Find("verify.rows", "table " + counted.table + " holds " + std::to_string(counted.rows) +
                              " rows, batch " + expected.last_batch + " committed " +
                              std::to_string(expected.last_rows));
    return {};
  }

  Result<void> CountByBatch(const catalog::TableName& name, const Expected& expected,
                            RecountedTable& counted) {
    const std::string column = name.space == "dead_letters" ? "batch" : "_batch";
    counted.how = "by " + column;
    WEIR_ASSIGN(const auto rows, Query("SELECT " + column + " AS batch, count(*) AS n FROM " +
                                       name.ToString() + " GROUP BY 1"));
    for (const auto& [batch, count] : rows) {
      counted.rows += count;
      const auto known = expected.rows.find(batch);
      if (open_.contains(batch)) {
        Find("verify.unknown_batch", "table " + counted.table + " shows " + std::to_string(count) +
                                         " rows of batch " + batch + ", which is not committed");
      } else if (known == expected.rows.end()) {
        counted.foreign_rows += count;
      } else if (known->second != count) {
        Mismatch(counted.table, batch, count, known->second);
      }
    }
    for (const auto& [batch, count] : expected.rows)
      if (count != 0 && !rows.contains(batch)) Mismatch(counted.table, batch, 0, count);
    return {};
  }

  void Mismatch(const std::string& table, const std::string& batch, uint64_t have,
                uint64_t expected) {
    Find("verify.rows", "table " + table + " holds " + std::to_string(have) + " rows of batch " +
                            batch + ", the ledger says " + std::to_string(expected));
  }

  Result<void> CheckLetters() {
    WEIR_ASSIGN(const auto entries, catalog_.Letters(""));
    std::map<std::string, std::vector<ledger::LetterEntry>> by_pipeline;
    CountsByBatch settled;
    for (const ledger::LetterEntry& entry : entries) {
      by_pipeline[entry.pipeline].push_back(entry);
      if (ledger::Settles(entry.step) && !entry.batch.empty()) ++settled[entry.batch];
    }
    for (const auto& [batch, count] : settled_by_) {
      if (settled[batch] != count)
        Find("verify.letters", "batch " + batch + " settled " + std::to_string(count) +
                                   " dead letters, the ledger has entries of " +
                                   std::to_string(settled[batch]));
    }
    for (const auto& [pipeline, some] : by_pipeline) WEIR_TRY(CheckLettersOf(pipeline, some));
    return {};
  }

  Result<void> CheckLettersOf(const std::string& pipeline,
                              const std::vector<ledger::LetterEntry>& entries) {
    RecountedLetters counted{.pipeline = pipeline};
    for (const auto& [batch, rows] : tables_["dead_letters." + pipeline].rows)
      counted.rejected += rows;
    std::map<std::string, ledger::LetterState> settled;
    for (const auto& [id, standing] : ledger::Standings(entries))
      if (standing.settled()) settled.emplace(id, standing.state);
    if (settled.empty()) return {};
    const auto known = Query("SELECT id AS batch, count(*) AS n FROM dead_letters." +
                             engine::QuotedName(pipeline) + " GROUP BY 1");
    if (!known) return {};  // Found above: the table or a file of it is gone.
    for (const auto& [id, rows] : *known) {
      const auto state = settled.extract(id);
      if (!state) {
        counted.open += rows;
      } else if (state.mapped() == ledger::LetterState::kReplayed) {
        counted.replayed += rows;
      } else if (state.mapped() == ledger::LetterState::kDuplicate) {
        counted.duplicate += rows;
      } else {
        counted.discarded += rows;
      }
    }
    for (const auto& [id, state] : settled)
      Find("verify.letters", "dead letter " + id + " of " + pipeline +
                                 " is settled in the ledger, but not in the table");
    if (counted.rejected != counted.open + counted.replayed + counted.duplicate + counted.discarded)
      Find("verify.letters", "pipeline " + pipeline +
                                 ": rejected is not open + replayed + "
                                 "duplicate + discarded");
    report_.letters.push_back(std::move(counted));
    return {};
  }

  // Runs a query of two columns: batch varchar, n bigint.
  Result<CountsByBatch> Query(const std::string& sql) {
    WEIR_ASSIGN(const auto query, query::SnapshotQuery::Make({catalog_, lake_, session_}));
    WEIR_ASSIGN(const auto stream, query->Run(sql));
    CountsByBatch counts;
    while (true) {
      WEIR_ASSIGN(const auto batch, stream->Next());
      if (batch == nullptr) return counts;
      const auto& names = static_cast<const arrow::StringArray&>(*batch->column(0));
      const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (int64_t i = 0; i < batch->num_rows(); ++i)
        counts[names.IsNull(i) ? "" : names.GetString(i)] +=
            static_cast<uint64_t>(numbers.Value(i));
    }
  }

  void Find(const char* code, std::string message) {
    report_.findings.push_back({code, std::move(message)});
  }

  catalog::Catalog& catalog_;
  table::Lake& lake_;
  engine::Session& session_;
  std::map<std::string, Expected> tables_;
  std::set<std::string> open_;
  CountsByBatch settled_by_;  // Of replays: dead letters that each settled.
  RecountReport report_;
};

}  // namespace

Result<RecountReport> Recount(catalog::Catalog& catalog, table::Lake& lake,
                              engine::Session& session) {
  return Recounting(catalog, lake, session).Run();
}

}  // namespace weir::commit
