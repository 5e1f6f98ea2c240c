// A Source answers one question: which splits are there after this cursor? And it hands out bytes.
// Every kind of input can be read again, so recovery has one shape: do the plan again.
//
// Invariants, tested beside each kind:
//   (1) Discover has no effect, and names nothing that the cursor says is done.
//   (2) Open gives exactly the bytes of the split's version, or says source.lost.
//   (3) Content that was read to its end is not named again, under whatever name it returns.
//   (4) Settle touches only what the cursor says is done, and puts back what turned out to be
//       newer.
//
// Threads: one at a time; Open, FormatOf and what they return also from another.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/input_parts.h"
#include "env/bytes.h"
#include "env/files.h"
#include "format/format_spec.h"
#include "ledger/batch.h"
#include "ledger/request.h"

namespace weir::source {

// What a pipeline has read so far. Answers come from the catalog.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual Result<std::optional<ledger::ObjectProgress>> ByPath(const std::string& object) = 0;
  virtual Result<std::optional<ledger::ObjectProgress>> ByVersion(const std::string& version) = 0;
};

// An object that is not read because its content was: said in the summary, noted in the ledger.
struct SkippedObject {
  ledger::ObjectProgress object;
  std::string same_as;  // The path under which that content was read.
};

struct Discovery {
  std::vector<ledger::ObjectProgress> splits;  // To be read, each from its state; in reading order.
  std::vector<SkippedObject> skipped;
  // What was read already has another time now: to be noted, and no news.
  std::vector<ledger::ObjectProgress> touched;
  std::vector<ledger::ObjectProgress> finished;  // Done and still there: Settle them.
  Errors failed;         // Objects that match and cannot be read, or put away; the others are.
  uint64_t objects = 0;  // Looked at.
  uint64_t waiting = 0;  // Of these, not complete yet.
  bool more = false;     // Behind the splits: ask again as soon as these were read.
  // When following: to be asked again after this time, though no news may have come.
  std::chrono::microseconds again_in = std::chrono::hours(1);
};

// A split being read.
class OpenSplit {
 public:
  virtual ~OpenSplit() = default;
  // The split's bytes from `offset` to the end of its version. Valid as long as this.
  virtual std::unique_ptr<env::ByteReader> Read(uint64_t offset) = 0;
  // The same bytes by position, from 0; null where the source can only be read in order.
  virtual const env::OpenFile* ByPosition() const { return nullptr; }
  // Where the split is several objects one behind the other; null: it is one.
  virtual std::shared_ptr<const columnar::InputParts> parts() const { return nullptr; }
  // Fails with source.changed (kConflict) if the object changed since it was opened: then what was
  // read must not count.
  virtual Result<void> CheckUnchanged() = 0;
};

// What a split is kept as (`land`).
struct LandedAs {
  std::string name;  // Of the file or upload; where it has none, one of its own.
  std::string own;   // No other split has it.
  Instant at;        // When it came.
  uint64_t seq = 0;  // Its number among what came; 0: it has none.
};

// What putting away came to.
struct PutAwayOutcome {
  Errors failed;      // Objects with which it failed, at their last try.
  bool news = false;  // One turned out to be another than was read: Discover names it.
};

class Source {
 public:
  virtual ~Source() = default;
  // A pattern that matches nothing is an empty answer. Errors of the cursor.
  virtual Result<Discovery> Discover(Cursor& cursor) = 0;
  // The same for what may have changed since the last call of either, for a source that is
  // followed.
  virtual Result<Discovery> DiscoverNews(Cursor& cursor) { return Discover(cursor); }
  // Does with objects that are done, which a commit has made durable, what the source is told to do
  // (`when_done`).
  virtual PutAwayOutcome Settle(const std::vector<ledger::ObjectProgress>& /*finished*/,
                                Cursor& /*cursor*/) {
    return {};
  }
  // Errors: source.lost (kNotFound), that version is gone from there; source.unreadable, it may be
  // there and cannot be opened.
  virtual Result<std::unique_ptr<OpenSplit>> Open(const ledger::ObjectProgress& split) = 0;
  // How the split's bytes are to be decoded; of a dead letter's input, its name is enough.
  virtual Result<format::FormatSpec> FormatOf(const ledger::ObjectProgress& split) const = 0;
  // How its bytes, as Read(0) has them, are to be kept: the same each time. Error
  // source.lost.
  virtual Result<LandedAs> LandAs(const ledger::ObjectProgress& split) const = 0;
  // What of requests the commit of a batch that read these must keep.
  virtual ledger::RequestRows RequestsOf(const std::vector<ledger::ObjectProgress>& /*read*/) {
    return {};
  }
  // A batch that read these is committed: nobody will read them again.
  virtual void Committed(const std::vector<ledger::ObjectProgress>& /*read*/) {}
};

}  // namespace weir::source
