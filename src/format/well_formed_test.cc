#include "format/well_formed.h"

#include <gtest/gtest.h>

namespace weir::format {
namespace {

struct Case {
  std::string name;
  std::string text;
  std::string fault;  // A part of it; empty: none.
};

class JsonFaultTest : public testing::TestWithParam<Case> {};

TEST_P(JsonFaultTest, IsToldWithItsPlace) {
  const auto fault = JsonFault(GetParam().text);
  EXPECT_EQ(fault.has_value(), !GetParam().fault.empty()) << fault.value_or("");
  if (fault) {
    EXPECT_NE(fault->find(GetParam().fault), std::string::npos) << *fault;
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, JsonFaultTest,
                         testing::ValuesIn<Case>({
                             {"AnObject", R"({"a": 1})", ""},
                             {"AnArray", " [1, {\"a\": []}]\n", ""},
                             {"AMark", "\xEF\xBB\xBF{}", ""},
                             {"Nothing", "", "does not begin"},
                             {"AScalar", "17", "does not begin"},
                             {"Two", "{} {}", "more stands behind the value (byte 3)"},
                             {"TornObject", R"({"a": )", "byte 6"},
                             {"TornArray", "[{}, {}", "byte 7"},
                             {"ATrailingComma", "[1,]", "byte 3"},
                             {"NoUtf8", "{\"a\": \"\xFF\"}", "UTF-8"},
                             {"ADeepOne", std::string(10'000, '[') + std::string(10'000, ']'),
                              "too deeply"},
                         }),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace weir::format
