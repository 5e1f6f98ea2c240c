// A Source answers one question: which splits are there after this cursor? And it hands out bytes.
// Every kind of input can be read again, so recovery has one shape: do the plan again.
//
// Invariants, checked for every kind by source_contract_test.cc:
//   (1) Discover has no effect, and names nothing that the cursor says is done.
//   (2) Open gives exactly the bytes of the split's version, or says source.lost.
//   (3) Content that was read to its end is not named again, under whatever name it returns.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/bytes.h"
#include "env/files.h"
#include "format/format_spec.h"
#include "ledger/batch.h"

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
  uint64_t objects = 0;  // Looked at.
};

// A split being read.
class OpenSplit {
 public:
  virtual ~OpenSplit() = default;
  // The split's bytes from `offset` to the end of its version. Valid as long as this.
  virtual std::unique_ptr<env::ByteReader> Read(uint64_t offset) = 0;
  // The same bytes by position, from 0; null where the source can only be read in order.
  virtual const env::OpenFile* ByPosition() const { return nullptr; }
  // Fails with source.changed (kConflict) if the object changed since it was opened: then what was
  // read must not count.
  virtual Result<void> CheckUnchanged() = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // Errors: source.no_input (kNotFound) never; a pattern that matches nothing is an empty answer.
  // Those of env::Files, for what exists and cannot be read.
  virtual Result<Discovery> Discover(Cursor& cursor) = 0;
  // Error source.lost (kNotFound): that version is gone from there.
  virtual Result<std::unique_ptr<OpenSplit>> Open(const ledger::ObjectProgress& split) = 0;
  // How the object's bytes are to be decoded.
  virtual Result<format::FormatSpec> FormatOf(const std::string& object) const = 0;
};

}  // namespace weir::source
