// One case of `weir test`, run: a model's query over given rows, or a pipeline over a given input
// in a folder of its own. The project's lake is neither read nor written.
#pragma once

#include <string>
#include <vector>

#include "cli/make_runner.h"
#include "cli/test_cases.h"
#include "cli/test_rows.h"

namespace weir::cli {

// An expected row that did not come, or one that came and was not expected.
struct RowDifference {
  bool expected = false;
  std::string row;    // As text.
  uint64_t line = 0;  // Of the test's file, where it is expected.
};

struct TestOutcome {
  Errors errors;  // It could not be run: faults of the case, of the query, of the input.
  std::vector<RowDifference> differences;
  size_t expected = 0;  // Rows, all of them.

  bool passed() const { return errors.empty() && differences.empty(); }
};

TestOutcome RunModelTest(const TestCase& one, const CompiledProject& compiled);
TestOutcome RunPipelineTest(const TestCase& one, const ReadProject& read, CompiledProject& compiled,
                            const std::atomic<bool>& stop);

// What of `expected` (rows as written) and `actual` has no partner. `cells` are the written rows.
void Compare(const std::vector<config::Node>& written, const std::vector<Cells>& cells,
             const std::vector<Cells>& actual, bool ordered, TestOutcome& outcome);

}  // namespace weir::cli
