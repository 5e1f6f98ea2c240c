#include "format/line_feeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace weir::format {
namespace {

TEST(CountLineFeeds, CountsAtEveryLengthAndPlace) {
  for (size_t length = 0; length <= 300; ++length) {
    const std::string all(length, '\n');
    EXPECT_EQ(CountLineFeeds(all), length);
    std::string some(length, '\r');
    for (size_t at = length % 7; at < length; at += 7) some[at] = '\n';
    EXPECT_EQ(CountLineFeeds(some), static_cast<uint64_t>(std::ranges::count(some, '\n')));
  }
}

}  // namespace
}  // namespace weir::format
