// Models: SQL files that make tables. This room reads them, orders them by what they read, and runs
// one of them through the batch protocol of commit/.
//   ReadModels --> [Model, Model, ...] in order --> RunModel, one after the other
//
//   RunModel: fix the snapshots read --> unchanged since its last commit? then skipped
//             --> Take, void what an earlier process left --> Plan (snapshots, definition)
//             --> query -> data files --> checks over those files --> Commit: all rows replaced,
//                 columns as the query gives them --> export
//
// Invariants:
//   (1) All that a model reads is read as of one moment, and its plan names the snapshots.
//   (2) No row of a result is visible before every check with on_fail: fail has held.
//   (3) The table goes from one result to the next in one step, columns included; readers of an
//       older snapshot still see the columns of that snapshot.
//   (4) A batch that is not committed is void: nothing of it was visible; the next run plans anew.
//   (5) A view is its file: there is nothing to build. Its run is its checks and its export, in a
//       batch without tables; without either there is no batch.
//
// Threads: one at a time; `stop` may be set from any. Memory does not grow with the result.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "env/files.h"
#include "model/model_spec.h"
#include "table/lake.h"
#include "telemetry/telemetry.h"

namespace weir::model {

// The models of the project, each after those it reads. `known` are tables that exist or that a
// pipeline writes. Adds to `faults`, besides those of config/:
//   engine.* query.*       the query is no SELECT or cannot be read (place: in the model's file)
//   model.reference        it reads a table that nobody makes, with "did you mean"
//   model.cycle            it reads itself over others, naming the path
//   model.two_writers      a pipeline writes the same table
//   model.check_text       a check that cannot be read
//   iceberg.partition_text a partition_by that cannot be read
//   config.not_built       changes(...), and keys that are not built
// `written` are those of `known` that a pipeline writes.
struct KnownTables {
  std::vector<catalog::TableName> written;
  std::vector<catalog::TableName> existing;
};
std::vector<Model> ReadModels(const config::Project& project, const KnownTables& known,
                              engine::Session& session, config::Faults& faults);

// The views among the project's models, for whoever only reads tables: nothing but their headers is
// looked at. `faults` are those of reading the files; a view has the first one of its own file.
std::vector<query::View> ReadViews(const config::Project& project, const config::Faults& faults);

// Everything a run borrows.
struct ModelContext {
  std::string folder;  // Of the project; exports start there. Empty: the working directory.
  catalog::Catalog& catalog;
  table::Lake& lake;
  engine::Session& session;  // Of an engine that may read the lake's folder.
  const env::Clock& clock;
  env::Files& files;
  telemetry::Log& log;
  const std::atomic<bool>& stop;  // Set by a signal.
};

struct CheckOutcome {
  std::string text;
  OnFail on_fail = OnFail::kFail;
  uint64_t failing = 0;  // Rows; 0: it holds.
};

struct ModelOutcome {
  bool skipped = false;  // Query, inputs and table are those of its last batch: nothing was done.
  bool is_view = false;  // Then it has no rows and no snapshot of its own.
  bool hides_table = false;  // Of the view's name, in the lake.
  uint64_t rows = 0;         // Of the table now.
  int64_t snapshot = 0;
  std::vector<CheckOutcome> checks;  // Not where it was skipped.
};

enum class Rerun : uint8_t {
  kIfChanged,  // Skipped where inputs and definition are those of the last batch.
  kAlways,
};

// Errors: model.check (kStopped: a check failed; nothing became visible), model.column (kConfig:
// the result's columns cannot be a table's), run.cancelled (kCancelled), those of query/, commit/,
// table/ and env/files.h. Where only the export fails, the message says so: the table is committed,
// and the next run writes the export.
Result<ModelOutcome> RunModel(const ModelContext& context, const Model& model,
                              Rerun rerun = Rerun::kIfChanged);

}  // namespace weir::model
