#include "api/server_limits.h"

#include <algorithm>

namespace weir::api {
namespace {

std::chrono::milliseconds Millis(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

net::Limits NetLimits(const config::ServerLimits& limits) {
  net::Limits net;
  net.body_bytes_max = limits.max_body;
  net.head_bytes_max = limits.max_head;
  net.target_bytes_max = std::min(net.target_bytes_max, net.head_bytes_max);
  net.headers_count_max = limits.max_headers;
  net.head_milliseconds_max = Millis(limits.head_timeout);
  net.handshake_milliseconds_max = Millis(limits.head_timeout);
  net.body_milliseconds_free = Millis(limits.body_grace);
  net.connections_max = limits.max_connections;
  net.idle_milliseconds_max = Millis(limits.idle_timeout);
  net.write_milliseconds_max = Millis(limits.write_timeout);
  return net;
}

}  // namespace weir::api
