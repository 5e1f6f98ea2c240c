#include "table/snapshot_name.h"

#include <charconv>

#include "base/units.h"
#include "format/times.h"

namespace weir::table {
namespace {

std::unexpected<Error> NoSnapshot(const TableState& state, const std::string& what) {
  const std::string name = state.name.ToString();
  return Fail(ErrorKind::kNotFound, "table.snapshot", "table " + name + " " + what,
              "weir table history " + name);
}

// Microseconds since 1970.
std::optional<int64_t> ParseMoment(std::string_view text) {
  if (const auto day = format::ParseDate(text)) return int64_t{*day} * 86'400'000'000;
  if (const auto exact = format::ParseTimestamptz(text, nullptr)) return *exact;
  if (const auto clock = format::ParseTimestamp(text)) return *clock;
  return std::nullopt;
}

}  // namespace

Result<int64_t> FindSnapshot(const TableState& state, std::string_view text) {
  int64_t id = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) {
    if (state.metadata.FindSnapshot(id) != nullptr) return id;
    return NoSnapshot(state, "has no snapshot " + std::to_string(id));
  }
  const auto moment = ParseMoment(text);
  if (!moment)
    return Fail(ErrorKind::kInvalid, "table.snapshot_name",
                "'" + std::string(text) + "' is neither a snapshot's id nor a time",
                "write 2026-05-01 or 2026-05-01T10:00:00");
  std::optional<int64_t> found;
  for (const iceberg::SnapshotLogEntry& entry : state.metadata.snapshot_log)
    if (entry.timestamp_ms * 1000 <= *moment) found = entry.snapshot_id;
  if (!found)
    return NoSnapshot(
        state,
        "holds nothing that old: its first snapshot that is kept is of " +
            (state.metadata.snapshot_log.empty()
                 ? std::string("never")
                 : FormatInstant({state.metadata.snapshot_log.front().timestamp_ms * 1000})));
  return *found;
}

}  // namespace weir::table
