// RowMaker turns fields into rows: random numbers made here, SQL computed by the engine.
//
// Rows depend on (seed, start, rate, row) alone: Make(0, 100) gives the rows of Make(0, 60) and
// Make(60, 40). Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "source/generate/generate.h"
#include "source/generate/seeded_sql_internal.h"

namespace weir::source {

// When events happen: `rate` a second from `start` on.
class EventTime {
 public:
  EventTime(Instant start, double rate);
  // Microseconds from the start to row `row`, rounded down.
  int64_t OffsetOf(uint64_t row) const;
  Instant At(uint64_t row) const { return Instant{start_.micros + OffsetOf(row)}; }
  // The first row whose offset is at least `micros`.
  uint64_t FirstRowFrom(int64_t micros) const;

 private:
  Instant start_;
  double rate_;
  uint64_t whole_rate_;  // 0: the rate is no whole number.
};

class RowMaker {
 public:
  // Adds what is wrong with the fields to `faults`, and then gives null.
  static Result<std::unique_ptr<RowMaker>> Open(const GenerateSpec& spec, engine::Engine& engine,
                                                uint64_t seed, EventTime time,
                                                config::Faults& faults);

  // Rows [first, first + count). Errors: engine.runtime, at the field's place; generate.row_count.
  Result<std::shared_ptr<arrow::RecordBatch>> Make(uint64_t first, size_t count);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  // Utf8 columns whose text is a JSON value.
  const std::vector<std::string>& json_columns() const { return json_columns_; }

 private:
  struct Compiled {  // A field in the SELECT.
    const config::Named<config::Node>* field = nullptr;
    SeededSql sql;
    size_t offset = 0;  // Of its SQL in the SELECT.
  };
  RowMaker(uint64_t seed, EventTime time) : seed_(seed), time_(time) {}

  void Compile(const GenerateSpec& spec, config::Faults& faults);
  bool HasField(const std::string& name) const;
  void CheckReferences(const Compiled& compiled, config::Faults& faults);
  Result<void> AddTable();
  Result<void> Prepare(config::Faults& faults);
  Result<void> FindJson();
  std::string Select(size_t count);
  Error Placed(Error error, const std::string& select) const;
  std::shared_ptr<arrow::RecordBatch> Randoms(uint64_t first, size_t count) const;

  uint64_t seed_;
  EventTime time_;
  std::unique_ptr<engine::Session> session_;
  std::vector<Compiled> fields_;
  std::vector<RandomColumn> columns_;
  std::shared_ptr<arrow::Schema> input_;
  std::unique_ptr<engine::BatchTable> table_;
  std::unique_ptr<engine::Statement> statement_;
  std::string select_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> json_columns_;
};

}  // namespace weir::source
