#include <gtest/gtest.h>

#include "wal/log.h"

namespace weir::wal {
namespace {

TEST(StreamTest, AStreamIsKnownByItsNameForEver) {
  EXPECT_EQ(StreamOf("orders").value, StreamOf("orders").value);
  EXPECT_NE(StreamOf("orders").value, StreamOf("order").value);
}

}  // namespace
}  // namespace weir::wal
