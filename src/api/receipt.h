// What became of a request, as JSON and as headers.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "net/request.h"
#include "source/http/request.h"

namespace weir::api {

std::string Dump(const nlohmann::ordered_json& json);

nlohmann::ordered_json ReceiptJson(const source::ReceiptState& state);
// Weir-Accepted and its like.
void AddCounts(const ledger::Counts& counts, net::Response& response);
net::Response ReceiptResponse(const source::ReceiptState& state);

}  // namespace weir::api
