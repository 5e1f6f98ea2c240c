#include "source/files/object_name.h"

#include <gtest/gtest.h>

namespace weir::source {
namespace {

TEST(ObjectName, EachPathHasOneNameAndEachNameOnePath) {
  const struct {
    std::string path;
    std::string name;
  } cases[] = {
      {"in/a.csv", "in/a.csv"},
      {"in/a b%20c.csv", "in/a b%20c.csv"},
      {"in/100%.csv", "in/100%.csv"},
      {"in/\u65e5\u672c.csv", "in/\u65e5\u672c.csv"},
      {"in/bad\xff.csv", "in/bad%FF.csv"},
      {"in/bad%FF.csv", "in/bad%25FF.csv"},
      {"in/bad%25FF.csv", "in/bad%2525FF.csv"},
      {"in/%c3%a9.csv", "in/%c3%a9.csv"},
      {"in/%\xff", "in/%%FF"},
      {"in/%F\xff", "in/%F%FF"},
      {"latin1 \xe9t\xe9", "latin1 %E9t%E9"},
      {"overlong \xc0\xaf", "overlong %C0%AF"},
      {"surrogate \xed\xa0\x80", "surrogate %ED%A0%80"},
      {"cut \xe6\x97", "cut %E6%97"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ObjectName(c.path), c.name);
    EXPECT_EQ(PathOfObject(c.name), c.path);
  }
}

}  // namespace
}  // namespace weir::source
