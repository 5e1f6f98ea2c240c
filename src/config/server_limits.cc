#include "config/server_limits.h"

#include "base/units.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

template <class V>
struct Range {
  V least;
  V most;
  std::string text;  // "100ms to 1h"
};

template <class V>
Shape<V> Within(Shape<V> shape, Range<V> range) {
  const std::string values = shape.values + " " + range.text;
  return Converted<V>(
      std::move(shape),
      [range = std::move(range)](V value, const Node& node,
                                 const Reading& reading) -> std::optional<V> {
        if (value >= range.least && value <= range.most) return value;
        reading.Add("config.out_of_range", reading.where + " is " + node.shown() + ", out of range",
                    node.place, "write " + range.text);
        return std::nullopt;
      },
      values);
}

Shape<uint64_t> Size(uint64_t least, uint64_t most, std::string text) {
  return Within<uint64_t>(Bytes(), {least, most, std::move(text)});
}

Shape<microseconds> Time() {
  return Within<microseconds>(Duration(), {milliseconds(100), hours(1), "100ms to 1h"});
}

Shape<microseconds> LongTime() {
  return Within<microseconds>(Duration(), {seconds(1), hours(90 * 24), "1s to 90d"});
}

Shape<uint64_t> Count(int64_t least, int64_t most) {
  return Converted<uint64_t>(Integer(least, most), [](int64_t count, const Node&, const Reading&) {
    return std::optional(static_cast<uint64_t>(count));
  });
}

}  // namespace

const FieldTable<ServerLimits>& ServerLimitsFields() {
  using L = ServerLimits;
  static const FieldTable<ServerLimits> table{
      "server.limits",
      {Field("max_body", &L::max_body, Size(1, 1024 * kGiB, "1 to 1TiB"), Default("16MiB"),
             "of a body as it is sent, for pipelines that do not say: 413"),
       Field("max_head", &L::max_head, Size(kKiB, kMiB, "1KiB to 1MiB"), Default("24KiB"),
             "of a request's line and headers: 431"),
       Field("max_headers", &L::max_headers, Count(10, 10'000), Default("100"),
             "their number: 431"),
       Field("head_timeout", &L::head_timeout, Time(), Default("10s"),
             "from the first byte of a head to its last, and for a TLS handshake: 408"),
       Field("body_grace", &L::body_grace, Time(), Default("20s"),
             "after it a body has to come at 1 kB/s or more: 408"),
       Field("ack_timeout", &L::ack_timeout, Time(), Default("30s"),
             "how long an answer waits for the commit (ack: committed); then it is the 202"),
       Field("max_connections", &L::max_connections, Count(1, 1'000'000), Default("20000"),
             "more are closed at once; the limit of open files bounds them, too"),
       Field("idle_timeout", &L::idle_timeout, Time(), Default("75s"),
             "of a connection between two requests"),
       Field("write_timeout", &L::write_timeout, Time(), Default("30s"),
             "of a client that does not take its answer"),
       Field("memory", &L::memory, Size(4 * kMiB, 64 * kGiB, "4MiB to 64GiB"), Default("64MiB"),
             "of bodies that are not on the disk yet, 1 MiB at most of each: 503"),
       Field("log", &L::log, Size(256 * kMiB, 1024 * 1024 * kGiB, "256MiB to 1PiB"),
             Default("4GiB"),
             "on disk, of requests that are not committed; half of it is shared out among the "
             "pipelines: 429 or 503"),
       Field("keys", &L::keys, Count(1, 1'000'000'000), Default("10000000"),
             "Idempotency-Keys that are remembered, with about 90 bytes of memory each; beyond "
             "them requests with a new key get 503"),
       Field("key_horizon", &L::key_horizon, LongTime(), Default("24h"),
             "how long each is remembered")}};
  return table;
}

}  // namespace weir::config
