#include "env/lock_loan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

namespace weir::env {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoanTest : public testing::Test {
 protected:
  void SetUp() override {
    auto taken = TakeLendable(lock_path_, "the lender");
    ASSERT_TRUE(taken);
    lock_ = std::move(*taken);
    auto opened = LoanDesk::Open(desk_path_);
    ASSERT_TRUE(opened) << opened.error().ToString();
    desk_ = std::move(*opened);
  }
  bool free() const { return SystemFiles().Lock(lock_path_, "a third one").has_value(); }
  // The answers of the desk until `count` loans have come and gone.
  void Serve(int count) {
    while (count != 0) {
      desk_->Wait(milliseconds(100));
      if (desk_->Asked()) (void)desk_->Lend(*lock_);
      if (desk_->GivenBack()) --count;
    }
  }

  std::string folder_ = testing::TempDir() + "loan-" + std::to_string(getpid()) + "-" +
                        testing::UnitTest::GetInstance()->current_test_info()->name() +
                        std::string(100, 'x');  // Longer than the address of a socket may be.
  bool made_ = std::filesystem::create_directories(folder_);
  std::string lock_path_ = folder_ + "/lock";
  std::string desk_path_ = folder_ + "/desk.sock";
  std::unique_ptr<LendableLock> lock_;
  std::unique_ptr<LoanDesk> desk_;
};

TEST_F(LoanTest, OneAfterTheOtherHasTheLockAndGivesItBack) {
  std::thread lender([this] { Serve(3); });
  std::atomic<int> holders = 0;
  std::vector<std::thread> borrowers;
  for (int i = 0; i < 3; ++i)
    borrowers.emplace_back([&] {
      const auto lock = Borrow(desk_path_, seconds(30));
      ASSERT_TRUE(lock) << lock.error().ToString();
      EXPECT_EQ(++holders, 1);
      EXPECT_FALSE(free());
      std::this_thread::sleep_for(milliseconds(10));
      --holders;
    });
  for (std::thread& one : borrowers) one.join();
  lender.join();
  EXPECT_FALSE(free()) << "the lender still has it";
  lock_.reset();
  EXPECT_TRUE(free());
}

TEST_F(LoanTest, WhoDiesHasGivenItBack) {
  const pid_t borrower = fork();
  if (borrower == 0) {
    const auto lock = Borrow(desk_path_, seconds(30));
    if (lock) pause();
    _exit(1);
  }
  std::optional<pid_t> asked;
  while (!(asked = desk_->Asked())) desk_->Wait(milliseconds(100));
  EXPECT_EQ(*asked, borrower);
  ASSERT_TRUE(desk_->Lend(*lock_));
  EXPECT_FALSE(desk_->GivenBack());
  EXPECT_EQ(desk_->Asked(), std::nullopt) << "one at a time";
  kill(borrower, SIGKILL);
  waitpid(borrower, nullptr, 0);
  desk_->Wait(seconds(30));
  EXPECT_TRUE(desk_->GivenBack());
  EXPECT_FALSE(desk_->GivenBack()) << "once";
}

TEST_F(LoanTest, TheLockIsHeldUntilTheBorrowerHasLetGoAlthoughTheLenderHasGone) {
  std::thread lender([this] {
    while (!desk_->Asked()) desk_->Wait(milliseconds(100));
    EXPECT_TRUE(desk_->Lend(*lock_));
  });
  auto borrowed = Borrow(desk_path_, seconds(30));
  ASSERT_TRUE(borrowed);
  lender.join();
  lock_.reset();
  desk_.reset();
  EXPECT_FALSE(free());
  borrowed->reset();
  EXPECT_TRUE(free());
  EXPECT_FALSE(std::filesystem::exists(desk_path_));
}

TEST_F(LoanTest, NobodyThereOrNoAnswerInTimeIsAnError) {
  EXPECT_EQ(Borrow(folder_ + "/other.sock", seconds(1)).error().code, "loan.none");
  EXPECT_EQ(Borrow(desk_path_, milliseconds(20)).error().code, "loan.patience");
  // Who has gone meanwhile is no loan.
  ASSERT_TRUE(desk_->Asked());
  if (desk_->Lend(*lock_)) {
    EXPECT_TRUE(desk_->GivenBack());
  }
  desk_.reset();
  EXPECT_EQ(Borrow(desk_path_, seconds(1)).error().code, "loan.none");
}

TEST_F(LoanTest, TheSocketIsForThisUserAlone) {
  struct stat status{};
  ASSERT_EQ(stat(desk_path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace weir::env
