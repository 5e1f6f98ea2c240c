// `server: { limits: ... }`: the bounds of weir serve that a user may move. The others stay as
// net/limits.h and base/limits.h declare them, and the defaults here are those
// (api/server_limits_test.cc holds them together).
#pragma once

#include <chrono>
#include <cstdint>

#include "config/field_table.h"

namespace weir::config {

struct ServerLimits {
  // A request.
  uint64_t max_body = 0;
  uint64_t max_head = 0;
  uint64_t max_headers = 0;
  std::chrono::microseconds head_timeout{};
  std::chrono::microseconds body_grace{};
  std::chrono::microseconds ack_timeout{};
  // Connections.
  uint64_t max_connections = 0;
  std::chrono::microseconds idle_timeout{};
  std::chrono::microseconds write_timeout{};
  // What the server keeps.
  uint64_t memory = 0;
  uint64_t log = 0;
  uint64_t keys = 0;
  std::chrono::microseconds key_horizon{};
  friend bool operator==(const ServerLimits&, const ServerLimits&) = default;
};

// Its keys all have a default, so that a Read of an empty map gives what counts. Errors beside
// those of field_table.h: config.out_of_range.
const FieldTable<ServerLimits>& ServerLimitsFields();

}  // namespace weir::config
