#include "ledger/request.h"

#include <nlohmann/json.hpp>

namespace weir::ledger {

using nlohmann::json;

std::string FaultsToJson(const std::vector<RecordFault>& faults) {
  json made = json::array();
  for (const RecordFault& fault : faults) {
    json one = {{"code", fault.code}, {"message", fault.message}};
    if (fault.index) one["index"] = *fault.index;
    if (fault.line != 0) one["line"] = fault.line;
    if (!fault.pointer.empty()) one["pointer"] = fault.pointer;
    if (!fault.column.empty()) one["column"] = fault.column;
    made.push_back(std::move(one));
  }
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<RecordFault>> FaultsFromJson(const std::string& text) {
  try {
    std::vector<RecordFault> faults;
    for (const json& stored : json::parse(text)) {
      RecordFault fault{.line = stored.value("line", uint64_t{0}),
                        .pointer = stored.value("pointer", ""),
                        .column = stored.value("column", ""),
                        .code = stored.at("code"),
                        .message = stored.at("message")};
      if (stored.contains("index")) fault.index = stored.at("index").get<uint64_t>();
      faults.push_back(std::move(fault));
    }
    return faults;
  } catch (const json::exception& cause) {
    return Fail(ErrorKind::kCorrupt, "ledger.faults",
                std::string("stored faults of a request cannot be read: ") + cause.what());
  }
}

}  // namespace weir::ledger
