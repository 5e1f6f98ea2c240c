#include "api/receipt.h"

#include <nlohmann/json.hpp>

namespace weir::api {

using nlohmann::ordered_json;

namespace {

std::string_view StageName(source::ReceiptStage stage) {
  switch (stage) {
    case source::ReceiptStage::kReceived:
      return "received";
    case source::ReceiptStage::kCommitted:
      return "committed";
    case source::ReceiptStage::kRejected:
      return "rejected";
    case source::ReceiptStage::kVoided:
      return "voided";
  }
  return "received";
}

ordered_json FaultJson(const ledger::RecordFault& fault) {
  ordered_json json;
  if (fault.index) json["index"] = *fault.index;
  if (fault.line != 0) json["line"] = fault.line;
  if (!fault.pointer.empty()) json["pointer"] = fault.pointer;
  if (!fault.column.empty()) json["column"] = fault.column;
  json["code"] = fault.code;
  json["message"] = fault.message;
  return json;
}

}  // namespace

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ordered_json ReceiptJson(const source::ReceiptState& state) {
  ordered_json json = {{"receipt", state.id},
                       {"pipeline", state.pipeline},
                       {"state", StageName(state.stage)},
                       {"status_url", "/v1/receipts/" + state.id}};
  if (state.stage == source::ReceiptStage::kReceived) return json;
  const ledger::Counts& counts = state.counts;
  if (state.stage != source::ReceiptStage::kVoided) json["ack"] = "committed";
  json["read"] = counts.read;
  json["accepted"] = counts.accepted;
  json["rejected"] = counts.rejected;
  json["duplicate"] = counts.duplicate;
  json["filtered"] = counts.filtered;
  json["late"] = counts.late;
  json["batch"] = state.batch;
  json["table"] = state.table;
  json["snapshot"] = state.snapshot == 0 ? nlohmann::json() : nlohmann::json(state.snapshot);
  for (const ledger::RecordFault& fault : state.faults) json["errors"].push_back(FaultJson(fault));
  return json;
}

void AddCounts(const ledger::Counts& counts, net::Response& response) {
  response.headers.emplace_back("Weir-Accepted", std::to_string(counts.accepted));
  response.headers.emplace_back("Weir-Rejected", std::to_string(counts.rejected));
  response.headers.emplace_back("Weir-Duplicate", std::to_string(counts.duplicate));
}

net::Response ReceiptResponse(const source::ReceiptState& state) {
  net::Response response;
  response.headers.emplace_back("Weir-Receipt", state.id);
  if (state.stage != source::ReceiptStage::kReceived) AddCounts(state.counts, response);
  response.body = Dump(ReceiptJson(state));
  return response;
}

}  // namespace weir::api
