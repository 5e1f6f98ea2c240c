// The keys of weir.yaml.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/project.h"

namespace weir::config {

struct ProjectFile {
  int64_t version = 0;
  std::string name;
  std::string warehouse;
  CatalogSpec catalog;
  LogsSpec logs;
  ServerSpec server;
  std::vector<Named<ConnectionSpec>> connections;
  std::vector<Named<Node>> pipelines;
  std::vector<Named<Node>> schedules;
};

const FieldTable<ProjectFile>& ProjectFields();

}  // namespace weir::config
