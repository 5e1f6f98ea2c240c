#include "cli/commands.h"
#include "cli/test_cases.h"
#include "config/reference.h"
#include "model/model_spec.h"
#include "pipeline/pipeline_spec.h"

namespace weir::cli {

int ConfigReference(const Command& command) {
  command.terminal.Out(
      config::RenderReference({&config::ProjectTableDoc(), &pipeline::PipelineFields().doc(),
                               &model::HeaderFields().doc(), &TestFields().doc()}));
  return 0;
}

}  // namespace weir::cli
