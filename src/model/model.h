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
//   (2) No row of a result is visible before every check with on_fail: fail has held, and no row
//       that breaks one with on_fail: reject ever is. Rejected rows are rows of
//       dead_letters.SCHEMA.TABLE, which moves in the same commit and holds those of the last one.
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
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "env/files.h"
#include "iceberg/schema.h"
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

// The columns of tables, where they are known.
using KnownColumns = std::map<catalog::TableName, iceberg::Schema>;

// Binds the models' queries and checks to columns, without reading a row. `models` are those of
// ReadModels, `columns` those of the tables that no model makes; a model over a table that is not
// among them is not judged. Gives the columns of the models that could be bound, too. Adds to
// `faults`:
//   engine.bind            a column, function or type that does not fit, at its place
//   model.column           a result that no table can hold
//   model.check_text       on_fail: reject of a check about all rows together
//   those of iceberg/      for partition_by
KnownColumns BindModels(const std::vector<Model>& models, KnownColumns columns,
                        engine::Session& session, config::Faults& faults);

// The views among the project's models, for whoever only reads tables: nothing but their headers is
// looked at. `faults` are those of reading the files; a view has the first one of its own file.
std::vector<query::View> ReadViews(const config::Project& project, const config::Faults& faults);

// What the next run would do with a model, and why. Pipelines may bring more before it.
struct ModelPlan {
  bool is_view = false;              // Then there is nothing to build.
  std::vector<std::string> why;      // It is to be built; none: it is as it should be.
  std::vector<std::string> changes;  // Of its table's columns: "add column n bigint".
};
// `columns` are those that BindModels gave, `rebuilt` the models to be built before this one.
// Errors of catalog and lake.
Result<ModelPlan> PlanModel(catalog::Catalog& catalog, table::Lake& lake, const Model& model,
                            const KnownColumns& columns,
                            const std::vector<catalog::TableName>& rebuilt);

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
  uint64_t failing = 0;      // Rows; 0: it holds.
  bool of_all_rows = false;  // Then `failing` is 1 where it does not hold.
  // Of failing rows some, as JSON; of all rows what was found instead: "3 rows".
  std::vector<std::string> examples = {};

  // "2 rows break qty > 0: {...}, {...}", "rows(1, 2) does not hold: 3 rows".
  std::string ToText() const;
};

struct ModelOutcome {
  bool skipped = false;  // Query, inputs and table are those of its last batch: nothing was done.
  bool is_view = false;  // Then it has no rows and no snapshot of its own.
  bool hides_table = false;  // Of the view's name, in the lake.
  uint64_t rows = 0;         // Of the table now.
  uint64_t rejected = 0;     // Rows of the result that are in `letters` instead.
  catalog::TableName letters = {};
  int64_t snapshot = 0;
  std::vector<CheckOutcome> checks;  // Not where it was skipped.
};

enum class Rerun : uint8_t {
  kIfChanged,  // Skipped where inputs and definition are those of the last batch.
  kAlways,
};

// What was found by then, where a run fails.
struct ModelFailure {
  Errors errors;  // One, or one per check that failed.
  std::vector<CheckOutcome> checks;
};

// Errors: model.check (kStopped: a check failed; nothing became visible), model.column (kConfig:
// the result's columns cannot be a table's), run.cancelled (kCancelled), those of query/, commit/,
// table/ and env/files.h. Where only the export fails, the message says so: the table is committed,
// and the next run writes the export.
std::expected<ModelOutcome, ModelFailure> RunModel(const ModelContext& context, const Model& model,
                                                   Rerun rerun = Rerun::kIfChanged);

}  // namespace weir::model
