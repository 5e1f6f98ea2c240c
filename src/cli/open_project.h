// The project a command works in, opened: configuration read, state and lake at hand.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "cli/terminal.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/files.h"
#include "pipeline/pipeline_spec.h"
#include "query/snapshot_query.h"
#include "storage/store.h"
#include "table/lake.h"

namespace weir::cli {

struct ReadProject {
  config::Project project;
  std::vector<pipeline::PipelineSpec> pipelines;
  std::string state_folder;  // Absolute: WEIR_STATE, else .weir of the project.
  std::string warehouse;     // Location: "file:///project/lake".
  config::Faults faults;     // Of what was read; none where OpenProject gave it.
};

// All faults of a project, with the texts to show them in.
struct ProjectFaults {
  Errors errors;
  config::Sources sources;
};

// Finds weir.yaml from `folder` upward and reads everything, models' headers excepted. What the
// configuration's own reading cannot see (rules, SQL) is seen by CompileProject, which is to tell
// of all faults at once: so the faults so far come with the project. Fails where there is none.
std::expected<ReadProject, ProjectFaults> ReadWholeProject(const std::string& folder);

// The same without any fault.
std::expected<ReadProject, ProjectFaults> OpenProject(const std::string& folder);

// Where the project's tables are, for commands that only read them: a fault elsewhere in weir.yaml
// is not in their way. It has no pipelines and no models.
std::expected<ReadProject, ProjectFaults> OpenTables(const std::string& folder);

// The project's views, as SQL over its tables sees them: files of models/, read now. A fault in one
// of them concerns whoever names it.
std::vector<query::View> ReadViews(const ReadProject& project);

// The project's tests/*.yaml, with their texts.
config::Project ReadTestFiles(const ReadProject& project, config::Faults& faults);

// Catalog and lake of a project. Not movable: the parts refer to each other.
class State {
 public:
  enum class Access : uint8_t { kRead, kWrite };
  // kRead: catalog.not_found where nothing has run yet. kWrite makes what is missing.
  static Result<std::unique_ptr<State>> Open(const ReadProject& project, Access access);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  catalog::Catalog& catalog() { return *catalog_; }
  table::Lake& lake() { return *lake_; }
  storage::Store& store() { return *store_; }

 private:
  State() = default;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::Lake> lake_;
};

}  // namespace weir::cli
