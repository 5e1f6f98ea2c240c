#include "api/server_limits.h"

#include <gtest/gtest.h>

#include "api/api.h"
#include "base/limits.h"
#include "source/http/front.h"

namespace weir::api {
namespace {

config::ServerLimits LimitsOf(const std::string& yaml, Errors& faults) {
  config::Faults found;
  const auto node = config::ParseDocument(yaml, "weir.yaml", found);
  config::ServerLimits limits;
  if (node) limits = config::Read(*node, config::ServerLimitsFields(), found, "'limits'");
  faults = found.Sorted();
  return limits;
}

TEST(ServerLimitsTest, DefaultsAreWhatTheRoomsDeclare) {
  Errors faults;
  const config::ServerLimits limits = LimitsOf("{}", faults);
  EXPECT_TRUE(faults.empty());
  const net::Limits made = NetLimits(limits);
  const net::Limits declared;
  EXPECT_EQ(made.body_bytes_max, declared.body_bytes_max);
  EXPECT_EQ(made.head_bytes_max, declared.head_bytes_max);
  EXPECT_EQ(made.target_bytes_max, declared.target_bytes_max);
  EXPECT_EQ(made.headers_count_max, declared.headers_count_max);
  EXPECT_EQ(made.head_milliseconds_max, declared.head_milliseconds_max);
  EXPECT_EQ(made.handshake_milliseconds_max, declared.handshake_milliseconds_max);
  EXPECT_EQ(made.body_milliseconds_free, declared.body_milliseconds_free);
  EXPECT_EQ(made.connections_max, declared.connections_max);
  EXPECT_EQ(made.idle_milliseconds_max, declared.idle_milliseconds_max);
  EXPECT_EQ(made.write_milliseconds_max, declared.write_milliseconds_max);
  EXPECT_EQ(limits.max_body, kBodyBytesDefault);
  EXPECT_EQ(limits.memory, kLogMemoryBytes);
  EXPECT_EQ(limits.log, kLogBytesDefault);
  EXPECT_EQ(limits.keys, kIdempotencyKeysMax);
  EXPECT_EQ(limits.key_horizon, source::kKeyHorizonDefault);
  EXPECT_EQ(limits.ack_timeout, kAckTimeout);
}

struct Case {
  std::string name;
  std::string yaml;
  std::string fault;  // The only one.
};

class FaultyLimitsTest : public testing::TestWithParam<Case> {};

TEST_P(FaultyLimitsTest, AreToldApart) {
  Errors faults;
  LimitsOf(GetParam().yaml, faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults.front().code + ": " + faults.front().message + "; " + faults.front().next,
            GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    Values, FaultyLimitsTest,
    testing::ValuesIn<Case>({
        {"AMisspeltKey", "max_bodies: 1MiB",
         "config.unknown_key: unknown key 'max_bodies' in 'limits'; did you mean 'max_body'?"},
        {"ASizeWithoutSense", "log: lots",
         "config.wrong_type: 'log' of 'limits' takes a size such as 64MiB, not 'lots'; "},
        {"ATimeWithoutAUnit", "head_timeout: 10",
         "config.wrong_type: 'head_timeout' of 'limits' takes a duration such as 500ms, 30s or 7d, "
         "not '10'; "},
        {"ALogThatHoldsNothing", "log: 1MiB",
         "config.out_of_range: 'log' of 'limits' is 1MiB, out of range; write 256MiB to 1PiB"},
        {"ATimeThatCutsAll", "idle_timeout: 1ms",
         "config.out_of_range: 'idle_timeout' of 'limits' is 1ms, out of range; write 100ms to 1h"},
        {"NoConnectionAtAll", "max_connections: 0",
         "config.out_of_range: 'max_connections' of 'limits' is 0, out of range; write a whole "
         "number 1 to 1000000"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace weir::api
