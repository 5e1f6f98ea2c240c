// The members of JSON records, in the order of their first appearance. Private to infer/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infer/evidence_internal.h"

namespace weir::infer {

class Members {
 public:
  // `record` is a JSON object.
  void Add(std::string_view record);
  const std::vector<std::pair<std::string, JsonEvidence>>& found() const { return found_; }
  // The evidence of the member `name`, which is new or was seen before.
  JsonEvidence& Of(const std::string& name);

 private:
  std::vector<std::pair<std::string, JsonEvidence>> found_;
  std::map<std::string, size_t, std::less<>> index_;
};

}  // namespace weir::infer
