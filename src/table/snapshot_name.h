// What a person writes for a snapshot: its id, or a time (UTC unless it says otherwise), which
// means what the table held then.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "table/lake.h"

namespace weir::table {

// "8716250712", "2026-05-01", "2026-05-01T10:00:00", "2026-05-01 10:00:00Z" -> a snapshot's id.
// Errors: table.snapshot (kNotFound: expired, or never there), table.snapshot_name (kInvalid).
Result<int64_t> FindSnapshot(const TableState& state, std::string_view text);

}  // namespace weir::table
