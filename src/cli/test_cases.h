// The cases of `tests/*.yaml`: what goes in, and what must come out.
//
//   refunds do not count:                       prices must be numbers:
//     model: gold.daily                           pipeline: sales
//     given:                                      input: |
//       raw.sales:                                  sale_id,price
//         - { sale_id: 1, price: 9.50 }             1,cheap
//     expect:                                     accepted: []
//       - { sales: 1 }                            rejected:
//                                                   - { line: 2, code: type.decimal, column: price
//                                                   }
//
// Rows name the columns that matter; others are null where they go in, and not looked at where they
// come out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/open_project.h"
#include "config/field_table.h"
#include "config/project.h"
#include "model/model.h"

namespace weir::cli {

struct TestCase {
  std::string name;
  Place place;
  std::optional<config::Placed<std::string>> model;
  std::optional<config::Placed<std::string>> pipeline;
  std::vector<config::Named<std::vector<config::Node>>> given;  // Of a model: rows by table.
  std::optional<std::vector<config::Node>> expect;              // Of a model: its rows.
  bool ordered = false;                                         // They come in this order.
  std::optional<config::Node> input;  // Of a pipeline: a text, or a list of records.
  std::optional<std::vector<config::Node>> accepted;
  std::optional<std::vector<config::Node>> rejected;

  const std::string& subject() const { return model ? model->value : pipeline->value; }
};

const config::FieldTable<TestCase>& TestFields();

// All cases of the project's tests, in the order of files and lines.
std::vector<TestCase> ReadTests(const config::Project& project, config::Faults& faults);

// Whether the models and pipelines that the cases name are there. Errors: test.model,
// test.pipeline. `models` are those of the compiled project.
void CheckSubjects(const std::vector<TestCase>& cases, const ReadProject& read,
                   const std::vector<model::Model>& models, config::Faults& faults);

}  // namespace weir::cli
