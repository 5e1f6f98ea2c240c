// The `generate` source: rows made from a seed, with defects at stated rates and the truth about
// them.
//
//   GenerateFields (YAML) --> CheckGenerate (SQL) --> Generate: files, each with its truth
//
// Invariants (tested in generate_test.cc):
//   (1) Same spec, seed and options: same bytes, for ever, on every machine. A value depends on
//       (seed, field name, call within the field, row) alone: another field, file size or batch
//       size changes nothing.
//   (2) The truth names every defect in the file and nothing else.
//   (3) Memory does not grow with the rows.
//
// Event time: `now()` is 2026-01-01T00:00:00Z + i / rate where a seed is given (1000/s without a
// rate), else the clock's time at the start + i / rate.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/field_table.h"
#include "engine/engine.h"
#include "env/bytes.h"
#include "env/clock.h"
#include "env/random.h"
#include "format/format_spec.h"

namespace weir::source {

enum class DefectKind : uint8_t {
  kMissing,
  kBad,
  kTruncatedLine,
  kBadUtf8,
  kDuplicate,
  kCorruptFile
};

// `missing(user_id): 0.5%`
struct DefectSpec {
  DefectKind kind = DefectKind::kMissing;
  std::string column;  // Of kMissing and kBad.
  double rate = 0;
  std::string text;  // "missing(user_id)": its name in reports and in the truth.
  Place place;
};

struct GenerateSpec {
  std::vector<config::Named<config::Node>> fields;  // SQL, in order; one may use those before it.
  std::optional<double> rate;                       // Rows per second of event time.
  std::optional<int64_t> rows;
  std::optional<int64_t> seed;
  std::vector<DefectSpec> faults;
};

// The keys of the source. Further errors (kConfig), each at its place: generate.no_fields,
// generate.reserved_name, generate.fault (no such fault), generate.fault_column (one is missing, or
// not wanted), generate.unknown_column.
const config::FieldTable<GenerateSpec>& GenerateFields();

// Checks the SQL of all fields. Adds generate.argument (a seeded function is called wrongly),
// generate.not_seeded (a function that answers otherwise each time), generate.window, and
// engine.parse, engine.bind, engine.type, at the place in the YAML.
void CheckGenerate(const GenerateSpec& spec, engine::Engine& engine, config::Faults& faults);

struct GeneratedFile {
  std::string path;
  uint64_t rows = 0;  // Generated for it; records in it may be more (duplicates) or fewer (lost).
  uint64_t bytes = 0;
  std::chrono::microseconds elapsed{};
};

struct GenerateOptions {
  format::FormatKind format = format::FormatKind::kCsv;
  std::optional<uint64_t> rows = {};                       // Over the spec's; so are rate and seed.
  std::optional<std::chrono::microseconds> duration = {};  // Of event time: rows = duration x rate.
  std::optional<double> rate = {};
  std::optional<uint64_t> seed = {};
  std::optional<std::chrono::microseconds> every = {};  // Of event time in one file.
  std::optional<uint64_t> rows_per_file = {};
  // Where set, files are finished no sooner than their event time has passed; it waits for at most
  // so long, less when the user wants to stop. Then `rows` and `duration` may both be left out.
  std::function<void(std::chrono::microseconds)> wait = {};
  // Where true, the file in hand is finished and Generate returns.
  std::function<bool()> stopping = {};
  std::function<void(const GeneratedFile&)> on_file = {};
  std::function<void(uint64_t rows)> on_progress = {};  // Rows so far, a few times a second.
};

// Where the files go; app/ plugs a sink in.
class GenerateTarget {
 public:
  struct File {
    std::string path;
    std::unique_ptr<env::ByteWriter> bytes;
  };
  virtual ~GenerateTarget() = default;
  // Opens the next file, of rows from event time `at` on.
  virtual Result<File> Next(Instant at) = 0;
  // Opens the truth of the file `path`; asked for only where the spec has faults.
  virtual Result<std::unique_ptr<env::ByteWriter>> Truth(const std::string& path) = 0;
};

struct GenerateReport {
  uint64_t seed = 0;
  uint64_t files = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t clean = 0;                       // Rows without a defect.
  uint64_t lost = 0;                        // Rows that a corrupt_file destroyed.
  std::map<std::string, uint64_t> defects;  // By DefectSpec::text, zeros included.
};

// Writes files until the rows are made or `stopping` says so. A file in which an error comes up is
// not finished; those before it stand. Errors: the first of CheckGenerate; generate.unbounded
// (kInvalid: neither rows nor duration); generate.no_rate (duration without a rate);
// generate.one_column (truncated_line in CSV needs two); generate.no_text (bad_utf8 needs a text
// column); generate.row_count (the fields do not give one row each); engine.runtime; those of the
// target.
Result<GenerateReport> Generate(const GenerateSpec& spec, const GenerateOptions& options,
                                GenerateTarget& target, engine::Engine& engine, env::Clock& clock,
                                env::Random& random);

}  // namespace weir::source
