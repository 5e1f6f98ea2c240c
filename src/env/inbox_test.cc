#include "env/inbox.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::env {
namespace {

class Recorded final : public Inbox {
 public:
  void Put(std::vector<Work> works) override {
    ++puts;
    for (Work& work : works) work();
  }
  int puts = 0;
};

TEST(TogetherTest, WorkGoesAtOnceWithoutOne) {
  const auto inbox = std::make_shared<Recorded>();
  std::string said;
  Together::Send(inbox, [&] { said += "a"; });
  EXPECT_EQ(said, "a");
  EXPECT_EQ(inbox->puts, 1);
}

TEST(TogetherTest, ItsEndPutsWhatWasKeptOnceForEachInbox) {
  const auto one = std::make_shared<Recorded>();
  const auto other = std::make_shared<Recorded>();
  std::string said;
  {
    const Together together;
    Together::Send(one, [&] { said += "a"; });
    Together::Send(other, [&] { said += "x"; });
    Together::Send(one, [&] { said += "b"; });
    EXPECT_EQ(said, "");
  }
  EXPECT_EQ(said, "abx");
  EXPECT_EQ(one->puts, 1);
  EXPECT_EQ(other->puts, 1);
}

TEST(TogetherTest, TheInnermostCountsAndItsEndGivesBackTheOuter) {
  const auto inbox = std::make_shared<Recorded>();
  std::string said;
  {
    const Together outer;
    Together::Send(inbox, [&] { said += "o"; });
    {
      const Together inner;
      Together::Send(inbox, [&] { said += "i"; });
    }
    EXPECT_EQ(said, "i");
    Together::Send(inbox, [&] { said += "p"; });
    EXPECT_EQ(said, "i");
  }
  EXPECT_EQ(said, "iop");
}

// What is sent by that work is no part of what is being put.
TEST(TogetherTest, WorkMaySend) {
  const auto inbox = std::make_shared<Recorded>();
  std::string said;
  {
    const Together together;
    Together::Send(inbox, [&] { Together::Send(inbox, [&] { said += "later"; }); });
  }
  EXPECT_EQ(said, "later");
  EXPECT_EQ(inbox->puts, 2);
}

}  // namespace
}  // namespace weir::env
