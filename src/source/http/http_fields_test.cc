#include <gtest/gtest.h>

#include "source/http/front.h"

namespace weir::source {
namespace {

struct Case {
  std::string name;
  std::string yaml;
  std::string fault;  // Code of the only one; empty: none.
};

class HttpFieldsTest : public testing::TestWithParam<Case> {};

TEST_P(HttpFieldsTest, AreReadAsWritten) {
  config::Faults faults;
  const auto node = config::ParseDocument(GetParam().yaml, "weir.yaml", faults);
  ASSERT_TRUE(node);
  config::Read(*node, HttpFields(), faults, "http");
  const Errors found = faults.Sorted();
  ASSERT_EQ(found.size(), GetParam().fault.empty() ? 0U : 1U);
  if (!found.empty()) {
    EXPECT_EQ(found.front().code, GetParam().fault) << found.front().ToString();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, HttpFieldsTest,
    testing::ValuesIn<Case>({
        {"ARouteAlone", "route: /ingest/csv", ""},
        {"EveryKey",
         "{route: '/a/{b}', accept: [csv], max_body: 1GiB, ack: committed, idempotency: content, "
         "scope: 'ingest:x'}",
         ""},
        {"NoRoute", "accept: [csv]", "config.missing_key"},
        {"NoSlash", "route: ingest", "source.route"},
        {"NoName", "route: /", "source.route"},
        {"AnEmptyPart", "route: /a//b", "source.route"},
        {"AnEmptyLastPart", "route: /a/", "source.route"},
        {"AParameterTwice", "route: '/{a}/{a}'", "source.route"},
        {"AParameterWithoutAName", "route: '/{}'", "source.route"},
        {"ABlank", "route: '/a b'", "source.route"},
        {"AQuery", "route: '/a?b'", "source.route"},
        {"AFormatOfFilesAlone", "{route: /a, accept: [parquet]}", "config.bad_word"},
        {"NoBodyAtAll", "{route: /a, max_body: 0}", "config.out_of_range"},
        {"NothingAccepted", "{route: /a, accept: []}", "config.wrong_type"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(HttpSpecTest, ParametersAreInTheirOrder) {
  HttpSpec spec;
  spec.route = "/stores/{store_id}/days/{day}";
  EXPECT_EQ(spec.parameters(), (std::vector<std::string>{"store_id", "day"}));
}

}  // namespace
}  // namespace weir::source
