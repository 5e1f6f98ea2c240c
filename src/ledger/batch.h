// What the ledger knows of a batch: the plan (everything needed to do it again), the counts (an
// equality) and the outcome. Pure values, with their stored JSON form (docs/formats/plan.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/units.h"

namespace weir::ledger {

// Every record of a batch is counted once, by the first step that matches:
// decode, filter, check, late, dedupe, stage.
struct Counts {
  uint64_t read = 0;
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t duplicate = 0;
  uint64_t filtered = 0;
  uint64_t late = 0;

  // Promise 2: read = accepted + rejected + duplicate + filtered + late.
  bool balanced() const { return read == accepted + rejected + duplicate + filtered + late; }
  Counts& operator+=(const Counts& other);
  friend bool operator==(const Counts&, const Counts&) = default;
};

// One version of one input object, and how far it has been read.
struct ObjectProgress {
  std::string object;   // Path as matched, bytes that are no UTF-8 escaped.
  std::string version;  // Content hash of [0, size); under `write: replace` its time behind it.
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  std::string state;  // Where to go on: the decoder's state as JSON; empty at the start.
  bool done = false;  // Read to its end.
  // Of a plan: all of its records or none, in a batch of its own.
  bool whole = false;
  friend bool operator==(const ObjectProgress&, const ObjectProgress&) = default;
};

struct PlannedInput {  // Of a model: the snapshot it reads. 0: the table was empty.
  std::string table;
  int64_t snapshot = 0;
  friend bool operator==(const PlannedInput&, const PlannedInput&) = default;
};

// Where a batch ends is decided by the bytes and these limits alone, so it ends there when done again.
struct BatchPlan {
  Instant time;             // now() and _ingested_at of every record.
  std::string definition;   // Digest of contract, format and sinks (kept in the catalog).
  int decoder_version = 1;  // A decoder that reads the same bytes otherwise must raise it.
  uint64_t rows_max = 0;    // The batch ends before the first record beyond either limit.
  uint64_t bytes_max = 0;
  std::vector<ObjectProgress> splits;  // Read in this order, each from its state to its end.
  std::vector<PlannedInput> inputs;    // Of a model; then there are no splits.
  std::vector<std::string> letters;    // Of a replay: ids of dead letters; then no splits either.
  int64_t letters_until = 0;           // Fixes up to this entry of the ledger count.

  bool whole() const { return !splits.empty() && splits.front().whole; }
  friend bool operator==(const BatchPlan&, const BatchPlan&) = default;

  std::string ToJson() const;
  static Result<BatchPlan> FromJson(const std::string& text);  // Error ledger.plan (kCorrupt).
  // SHA-256 of ToJson: names the plan in the marker and in every transition.
  std::string Digest() const;
};

// What a replay came to. Its records were counted when they were read, so its Counts stay zero.
struct ReplayCounts {
  uint64_t tried = 0;  // Letters.
  uint64_t replayed = 0;
  uint64_t duplicate = 0;  // The target had them.
  uint64_t filtered = 0;   // A `drop` rule took them: they are discarded.
  uint64_t still_bad = 0;
  uint64_t rejected = 0;  // New letters, out of objects that could be read at last.

  bool balanced() const { return tried == replayed + duplicate + filtered + still_bad; }
  ReplayCounts& operator+=(const ReplayCounts& other);
  friend bool operator==(const ReplayCounts&, const ReplayCounts&) = default;
};

struct TableOutcome {
  std::string table;
  int64_t snapshot = 0;  // 0: nothing to write, no snapshot made.
  uint64_t rows = 0;
  std::optional<uint64_t> total = {};  // What the table then held, where rows took others' place.
  friend bool operator==(const TableOutcome&, const TableOutcome&) = default;
};

struct BatchOutcome {
  Counts counts;
  std::map<std::string, uint64_t> rejected_by;  // First reason's code -> records.
  std::map<std::string, uint64_t> warned_by;    // Rule -> records.
  std::vector<TableOutcome> tables;
  uint64_t bytes = 0;  // Of input.
  std::optional<ReplayCounts> replay;
  friend bool operator==(const BatchOutcome&, const BatchOutcome&) = default;

  std::string ToJson() const;
  static Result<BatchOutcome> FromJson(
      const std::string& text);  // Error ledger.outcome (kCorrupt).
};

}  // namespace weir::ledger
