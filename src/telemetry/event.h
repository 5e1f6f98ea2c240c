// Events: everything that Weir says about its own doing, each a type. Whoever has news makes the
// struct; log lines, the console's text and the metrics are made from it here and nowhere else.
//
// Invariants (tested in telemetry_test.cc):
//   (1) Every event has one name, one level and fields in a fixed order.
//   (2) A field means the same in every event: `pipeline`, `batch`, `epoch`, `rows`, `bytes`,
//       `elapsed_ms`, `path`, `code`, `message`.
// Strings are borrowed from nobody: an event owns what it says.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/error.h"
#include "base/ids.h"

namespace weir::telemetry {

// read = accepted + rejected + duplicate + filtered + late (promise 2 of ARCHITECTURE.md).
struct BatchCounts {
  uint64_t read = 0;
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t duplicate = 0;
  uint64_t filtered = 0;
  uint64_t late = 0;
};

// --- the process ---
struct ProcessStarted {
  std::string command;  // "run", "serve": the verb, never its arguments.
  std::string version;
  std::string project;
  std::string instance;
};
struct ProcessEnded {
  std::string command;
  int exit_code = 0;
  std::chrono::microseconds elapsed{};
};
struct ShutdownAsked {
  std::string signal;  // "SIGTERM"
};
struct ServerListening {
  std::string address;
  std::string auth;
};

// --- runs of pipelines and models ---
struct RunStarted {
  std::string run;
  std::string subject;  // The pipeline or model.
  std::string trigger;  // "command", "schedule", "data".
  uint64_t attempt = 1;
};
struct RunEnded {
  std::string run;
  std::string subject;
  std::string outcome;  // "succeeded", "failed", "stopped", "cancelled".
  BatchCounts counts;
  std::chrono::microseconds elapsed{};
};
struct PipelinePaused {
  std::string pipeline;
  std::string reason;
};
struct PipelineResumed {
  std::string pipeline;
};
struct EpochOwned {
  std::string pipeline;
  Epoch epoch;
};

// --- the batch protocol ---
struct BatchPlanned {
  BatchId batch;
  Epoch epoch;
  uint64_t splits = 0;
  uint64_t bytes = 0;
};
struct BatchStaged {
  BatchId batch;
  std::string target;
  uint64_t rows = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
};
struct BatchCommitted {
  BatchId batch;
  Epoch epoch;
  BatchCounts counts;
  std::chrono::microseconds elapsed{};  // From plan to commit.
  uint64_t bytes = 0;                   // Of input.
};
struct BatchHeld {
  BatchId batch;
  std::string reason;
};
struct BatchVoided {
  BatchId batch;
  std::string reason;
};
struct BatchUnknown {
  BatchId batch;
  std::string target;
  std::string reason;
};
struct BatchRecovered {
  BatchId batch;
  std::string outcome;  // "committed", "staged again", "voided".
};
struct RecordsRejected {
  BatchId batch;
  std::string code;  // "type.bigint", "rule.known_type".
  std::string rule;
  uint64_t rows = 0;
};

// --- input, output, the outside ---
struct FileSkipped {
  std::string pipeline;
  std::string path;
  std::string reason;
};
struct FileWritten {
  std::string pipeline;
  std::string path;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::chrono::microseconds elapsed{};
};
struct TableChanged {
  std::string table;
  std::string change;  // "column added: price decimal(10,2)"
};
struct TokenChanged {
  std::string change;  // "created", "revoked"
  std::string token;   // Its id.
  std::string name;
  std::string scopes;
  std::string limits;  // "100/s, 8 at a time"; empty: none.
};
struct AccessRefused {
  int status = 0;     // 401, 403, 429
  std::string code;   // "auth.token"
  std::string route;  // The pattern, never the path: labels stay few.
  std::string token;  // Its id; empty: none that is known.
  std::string peer;   // Of the last of them.
  uint64_t count = 1;
};
struct TryFailed {  // A try that will be repeated.
  std::string what;
  uint64_t attempt = 1;
  std::chrono::microseconds retry_in{};
  Error error;
};
struct ErrorHappened {
  Error error;
  std::string pipeline;  // Empty where none is concerned.
  std::optional<BatchId> batch;
};
struct Warned {  // Something a person should change, such as `auth: none`.
  std::string code;
  std::string message;
};

using Event = std::variant<ProcessStarted, ProcessEnded, ShutdownAsked, ServerListening, RunStarted,
                           RunEnded, PipelinePaused, PipelineResumed, EpochOwned, BatchPlanned,
                           BatchStaged, BatchCommitted, BatchHeld, BatchVoided, BatchUnknown,
                           BatchRecovered, RecordsRejected, FileSkipped, FileWritten, TableChanged,
                           TokenChanged, AccessRefused, TryFailed, ErrorHappened, Warned>;

}  // namespace weir::telemetry
