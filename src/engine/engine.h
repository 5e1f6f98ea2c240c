// DuckDB behind one face: Arrow in, SQL, Arrow out. The only room that includes duckdb.h.
//
//   Engine::Open --> NewSession --> Execute / Query / Prepare --> ArrowStream --> Next ... null
//
// 1. An Engine is one in-memory database with its own memory limit. Nothing it holds outlives it on
//    disk.
// 2. No extension is ever installed or loaded by itself; the time zone is UTC; configuration is
//    locked.
// 3. What a stream hands out has the types of columnar::ToArrow only (see arrow_out_internal.h), in
//    batches of at most kStreamRows rows, and needs no more memory for a longer result.
// 4. A session has at most one open stream: the next statement closes an earlier stream.
//
// Threads: an Engine any; a Session and its streams one at a time, except Interrupt and progress:
// any. Ownership: sessions, statements and streams keep the engine alive; order of destruction is
// free.
//
// Errors of all calls, with place.line and place.column within the SQL where they are known
// (place.file is empty; see PlacedAt) and the rest of DuckDB's advice in `next`:
//   engine.parse      kInvalid      the SQL is malformed
//   engine.bind       kInvalid      no such table, column or function, or types that do not fit
//   engine.runtime    kInvalid      a value it cannot compute with (a failed cast, an overflow)
//   engine.memory     kInvalid      over memory_bytes, and spilling is off or full
//   engine.denied     kInvalid      outside of what `access` and `folders` allow
//   engine.io         kIo           a file cannot be read or written
//   engine.cancelled  kCancelled    Interrupt was called
//   engine.closed     kInvalid      a later statement of the session closed this stream
//   engine.type       kUnsupported  a value or type that no column type holds (a hugeint over 38
//   digits) engine.broken     kCorrupt      DuckDB found itself inconsistent: throw the engine away
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/limits.h"
#include "base/result.h"
#include "columnar/type.h"

namespace weir::engine {

inline constexpr size_t kStreamRows = 64 * 1024;  // Most rows of one batch of a stream.

enum class Access : uint8_t {
  kNone,   // SQL reaches no file, but those under EngineOptions::folders.
  kFiles,  // SQL reaches what the process reaches.
};

struct EngineOptions {
  uint64_t memory_bytes = kQueryMemoryBytes;
  int threads = 1;
  std::string temp_folder = {};  // Where to spill; empty: never.
  Access access = Access::kNone;
  std::vector<std::string> folders = {};  // Readable and writable under Access::kNone.
};

// A result being computed. Dropping it stops the computation.
class ArrowStream {
 public:
  virtual ~ArrowStream() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  // The next batch, never empty; null at the end, and after it. After an error: the same error.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

// A value for a parameter `$name`: `text` cast to `type`, or null.
struct Parameter {
  std::string name;
  columnar::Type type;
  std::optional<std::string> text;
};

// A statement that is planned once and run often.
class Statement {
 public:
  virtual ~Statement() = default;
  // Names of the parameters, without "$", in the order of their first use.
  virtual const std::vector<std::string>& parameters() const = 0;
  // The columns it gives, already canonical; null where it has parameters or gives no rows.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  // Also engine.parameter (kInvalid): one is missing, unknown, or its text is not of its type.
  virtual Result<std::unique_ptr<ArrowStream>> Query(
      const std::vector<Parameter>& parameters = {}) = 0;
};

// A table of the session whose rows are Arrow batches, read without copying; a statement prepared
// over it sees the batches of the moment it runs. Dropping it drops the table (before the next
// statement).
class BatchTable {
 public:
  virtual ~BatchTable() = default;
  // All of the table's schema. The batches stay alive as long as a stream may read them. DuckDB is
  // handed at most `rows_at_once` (0: as many as suit it): 1 makes TRY safe, see README.md.
  virtual void Set(std::vector<std::shared_ptr<arrow::RecordBatch>> batches,
                   size_t rows_at_once = 0) = 0;
};

// Gives the next batch of an input, null at its end. Called by one thread at a time.
using NextBatch = std::function<Result<std::shared_ptr<arrow::RecordBatch>>()>;

class Session {
 public:
  virtual ~Session() = default;

  // Runs one or more statements to their end and forgets what they give.
  virtual Result<void> Execute(std::string_view sql) = 0;
  // Runs one statement; it computes as the stream is read.
  virtual Result<std::unique_ptr<ArrowStream>> Query(std::string_view sql) = 0;
  virtual Result<std::unique_ptr<Statement>> Prepare(std::string_view sql) = 0;

  // Makes `name` (in quotes at need; schema "temp") a table over batches of `schema`, empty until
  // Set. Error engine.type where a column's type cannot enter.
  virtual Result<std::unique_ptr<BatchTable>> AddTable(std::string_view name,
                                                       std::shared_ptr<arrow::Schema> schema) = 0;
  // The same over a stream of unknown length, which one statement may scan once; a second scan is
  // engine.runtime, and an error of `next` fails the statement with engine.runtime and its message.
  virtual Result<std::unique_ptr<BatchTable>> AddStream(std::string_view name,
                                                        std::shared_ptr<arrow::Schema> schema,
                                                        NextBatch next) = 0;

  // Stops the statement that is running, if one is: it returns engine.cancelled within about a
  // second.
  virtual void Interrupt() = 0;
  // From 0 to 1 while a statement runs and DuckDB can tell.
  virtual std::optional<double> progress() const = 0;
};

class Engine {
 public:
  // DuckDB starts with the first statement of the first session, so that who has no SQL does not
  // pay for it (15 MiB of an idle server). An option that it refuses is the error engine.open
  // (kInvalid) then.
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  virtual ~Engine() = default;
  virtual Result<std::unique_ptr<Session>> NewSession() = 0;
};

// "DuckDB 1.5.5".
std::string Version();

// Moves an error's place within SQL into the file that holds the SQL from `origin` on.
Error PlacedAt(Error error, const Place& origin);

}  // namespace weir::engine
