// Counts what the log holds for pipelines that a front does not have, while it is opened. Private
// to source/http/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "source/http/backlog.h"

namespace weir::source {

class LeftBehind {
 public:
  // `served`: the names of those that it has. Errors: those of the catalog.
  static Result<LeftBehind> Make(catalog::Catalog& catalog, const std::vector<std::string>& served);

  // Of a stream that is not served.
  void Count(const wal::Entry& entry);
  std::vector<LeftRequests> Take() &&;  // By name.

 private:
  struct Of {
    LeftRequests requests;
    wal::Sequence done;  // All up to it is committed, and may stand in the log still.
  };
  std::map<wal::StreamId, Of> of_;
};

}  // namespace weir::source
