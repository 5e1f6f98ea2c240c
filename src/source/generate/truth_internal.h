// The truth about one generated file, written as it comes up, so that it needs no memory:
//
//   {"schema": "weir.gen_truth/1", "file": "events_000001.csv", "format": "csv", "seed": 42,
//   "flaws": [
//    {"line": 17, "row": 15, "kinds": ["missing(user_id)"]},
//    ...],
//    "first_row": 0, "rows": 1000, "records": 1001, "clean": 990, "lost": 0, "defects":
//    {"missing(user_id)": 5, ...}}
//
// `line` counts from 1 with the header. A second copy is a flaw of its own with the kind
// "duplicate"; records = rows - lost + duplicates + (1 where the end is corrupt); clean = rows
// without a flaw.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "env/bytes.h"
#include "format/format_spec.h"
#include "source/generate/defects_internal.h"

namespace weir::source {

class Truth {
 public:
  struct Heading {
    std::string path;
    format::FormatKind format = format::FormatKind::kCsv;
    uint64_t seed = 0;
    uint64_t first_row = 0;
  };
  // `to` may be null: then it only counts.
  Truth(const std::vector<DefectSpec>& specs, Heading heading, std::unique_ptr<env::ByteWriter> to);

  void Add(const Flaw& flaw);
  // Writes what Add left in memory. Errors: those of the writer.
  Result<void> Flush();
  // The end, durable. `rows` were generated and `lost` of them destroyed.
  Result<void> Finish(uint64_t rows, uint64_t lost);

  const std::map<std::string, uint64_t>& defects() const { return defects_; }
  uint64_t clean() const { return clean_; }

 private:
  Heading heading_;
  std::unique_ptr<env::ByteWriter> to_;
  std::string text_;
  bool has_flaw_ = false;
  std::map<std::string, uint64_t> defects_;
  uint64_t flawed_rows_ = 0;  // Without second copies and without lost ones.
  uint64_t clean_ = 0;
  std::string duplicate_;  // Names of these kinds; empty where the spec has none.
  std::string corrupt_;
};

}  // namespace weir::source
