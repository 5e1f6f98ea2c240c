// `source: { http: { route: /ingest/csv, accept: [csv] } }`: what a user writes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "config/field_table.h"
#include "format/format_spec.h"

namespace weir::source {

enum class Ack : uint8_t {
  kDurable,    // 202 when the request is on the disk.
  kCommitted,  // The answer waits for the commit.
};

enum class Idempotency : uint8_t {
  kOptional,  // A request with an Idempotency-Key is taken once.
  kRequired,  // One without is refused.
  kContent,   // One without has the hash of its body as key.
};

struct HttpSpec {
  std::string route;  // "/stores/{store_id}/transactions"
  std::vector<format::FormatKind> accept = {format::FormatKind::kJson, format::FormatKind::kNdjson,
                                            format::FormatKind::kCsv};
  uint64_t max_body = 0;  // 0: what the front was opened with.
  Ack ack = Ack::kDurable;
  Idempotency idempotency = Idempotency::kOptional;
  std::string scope;  // Empty: ingest:PIPELINE.

  // Names in braces, in their order: {"store_id"}.
  std::vector<std::string> parameters() const;
};

// The keys of `source: { http: ... }`. Errors beside those of field_table.h: source.route.
const config::FieldTable<HttpSpec>& HttpFields();

}  // namespace weir::source
