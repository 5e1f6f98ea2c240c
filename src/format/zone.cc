#include <date/tz.h>

#include <chrono>
#include <exception>

#include "format/times.h"

namespace weir::format {

using std::chrono::seconds;

struct Zone::Rules {
  const date::time_zone* zone = nullptr;
  // The last answer, good for local times well inside [begin, end): a search costs 100 times as
  // much.
  date::sys_seconds begin;
  date::sys_seconds end;
  seconds offset{0};
};

Zone::Zone(std::unique_ptr<Rules> rules) : rules_(std::move(rules)) {}
Zone::~Zone() = default;

Result<std::unique_ptr<Zone>> Zone::Find(const std::string& name) {
  try {
    auto rules = std::make_unique<Rules>();
    rules->zone = date::locate_zone(name);
    return std::unique_ptr<Zone>(new Zone(std::move(rules)));
  } catch (const std::exception&) {
    return Fail(ErrorKind::kInvalid, "format.zone", "no time zone '" + name + "'",
                "zones are named as in Europe/London; the package tzdata holds them");
  }
}

Parsed<int64_t> Zone::ToUtc(int64_t local_micros) {
  constexpr int64_t kMicros = 1'000'000;
  const int64_t whole = local_micros / kMicros - (local_micros % kMicros < 0 ? 1 : 0);
  const date::local_seconds local{seconds(whole)};
  const auto utc = date::sys_seconds(local.time_since_epoch()) - rules_->offset;
  // Far enough from both ends, no other rule can claim the same wall clock.
  constexpr auto kMargin = std::chrono::hours(48);
  if (utc - rules_->begin >= kMargin && rules_->end - utc > kMargin)
    return local_micros - rules_->offset.count() * kMicros;
  try {
    const date::local_info info = rules_->zone->get_info(local);
    if (info.result == date::local_info::nonexistent)
      return std::unexpected(ScalarFault::kNoSuchTime);
    rules_->begin = info.first.begin;
    rules_->end = info.first.end;
    rules_->offset = info.first.offset;
    return local_micros - info.first.offset.count() * kMicros;
  } catch (const std::exception&) {
    return std::unexpected(ScalarFault::kRange);
  }
}

}  // namespace weir::format
