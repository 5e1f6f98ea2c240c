#include "api/tokens.h"

#include <gtest/gtest.h>

namespace weir::api {
namespace {

TEST(Tokens, AreFoundByTheirWholeTextAndNothingElse) {
  env::SeededRandom random(1);
  const NewToken one = MakeToken(random, "one", {"admin"}, {1});
  const NewToken two = MakeToken(random, "two", {"read:*"}, {2});
  Tokens tokens;
  EXPECT_EQ(tokens.Find("Bearer " + one.text), nullptr);
  tokens.Set({one.record, two.record});
  ASSERT_NE(tokens.Find("Bearer " + one.text), nullptr);
  EXPECT_EQ(tokens.Find("bearer " + two.text)->record.name, "two");
  EXPECT_EQ(one.record.digest.size(), 64U);
  EXPECT_EQ(one.record.digest.find(one.text), std::string::npos);
  for (const std::string& wrong :
       {std::string(), std::string("Bearer"), std::string("Bearer "), one.text, "Basic " + one.text,
        "Bearer " + one.text + "x", "Bearer " + one.text.substr(1), "Bearer " + one.record.digest,
        "Bearer " + std::string(10'000, 'a')})
    EXPECT_EQ(tokens.Find(wrong), nullptr) << wrong.substr(0, 100);
}

TEST(Tokens, ThatAreRevokedAreNotFound) {
  env::SeededRandom random(1);
  NewToken one = MakeToken(random, "one", {"admin"}, {1});
  Tokens tokens;
  tokens.Set({one.record});
  one.record.revoked_at = {2};
  tokens.Set({one.record});
  EXPECT_EQ(tokens.Find("Bearer " + one.text), nullptr);
}

TEST(Scopes, CoverWhatTheyNameAndNoMore) {
  struct Case {
    std::vector<std::string> granted;
    const char* wanted;
    bool covers;
  };
  const Case cases[] = {
      {{"admin"}, "ingest:orders", true},         {{"ingest:orders"}, "ingest:orders", true},
      {{"ingest:*"}, "ingest:orders", true},      {{"read:*", "ingest:a"}, "ingest:a", true},
      {{"ingest:orders"}, "ingest:order", false}, {{"ingest:order"}, "ingest:orders", false},
      {{"read:*"}, "ingest:orders", false},       {{"ingest:orders"}, "admin", false},
      {{"ingest:*"}, "read:receipts", false},     {{}, "read:receipts", false}};
  for (const Case& one : cases)
    EXPECT_EQ(Grants(one.granted, one.wanted), one.covers) << one.wanted;
}

TEST(Scopes, AreSpelledInOneWay) {
  for (const char* good : {"admin", "ingest:orders", "ingest:*", "read:*", "read:gold.sales"})
    EXPECT_TRUE(CheckScope(good)) << good;
  for (const char* wrong :
       {"", "*", "root", "ingest", "ingest:", "ingest:a b", "write:x", "admin:x"})
    EXPECT_FALSE(CheckScope(wrong)) << wrong;
}

constexpr std::chrono::seconds kSecond{1};

catalog::TokenRecord Limits(double rate, uint64_t concurrency) {
  catalog::TokenRecord record;
  record.rate = rate;
  record.concurrency = concurrency;
  return record;
}

TEST(TokenUse, ASecondsWorthMayComeAtOnceAndThenEvenly) {
  TokenUse use;
  const catalog::TokenRecord limits = Limits(10, 0);
  std::chrono::nanoseconds now{5 * kSecond};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(use.Begin(limits, now)) << i;
  EXPECT_EQ(use.Begin(limits, now).error(), kSecond);
  now += std::chrono::milliseconds(100);
  EXPECT_TRUE(use.Begin(limits, now));
  EXPECT_FALSE(use.Begin(limits, now));
  now += 100 * kSecond;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(use.Begin(limits, now)) << i;
  EXPECT_FALSE(use.Begin(limits, now)) << "what was not used is not saved up";
}

TEST(TokenUse, ARareOneWaitsForItsTurn) {
  TokenUse use;
  const catalog::TokenRecord limits = Limits(1.0 / 60, 0);
  EXPECT_TRUE(use.Begin(limits, kSecond));
  EXPECT_EQ(use.Begin(limits, 2 * kSecond).error(), 59 * kSecond);
  EXPECT_TRUE(use.Begin(limits, 61 * kSecond));
}

TEST(TokenUse, SoManyAtATime) {
  TokenUse use;
  const catalog::TokenRecord limits = Limits(0, 2);
  EXPECT_TRUE(use.Begin(limits, kSecond));
  EXPECT_TRUE(use.Begin(limits, kSecond));
  EXPECT_EQ(use.Begin(limits, kSecond).error(), kSecond);
  use.End();
  EXPECT_TRUE(use.Begin(limits, kSecond));
  EXPECT_FALSE(use.Begin(limits, kSecond));
}

TEST(TokenUse, IsNotForgottenWhenTheTokensAreReadAgain) {
  env::SeededRandom random(1);
  NewToken one = MakeToken(random, "one", {"admin"}, {1});
  one.record.concurrency = 1;
  Tokens tokens;
  tokens.Set({one.record});
  const auto before = tokens.Find("Bearer " + one.text);
  EXPECT_TRUE(before->use.Begin(before->record, kSecond));
  tokens.Set({one.record});
  const auto after = tokens.Find("Bearer " + one.text);
  EXPECT_FALSE(after->use.Begin(after->record, kSecond));
  {
    const TokenPass ends(before);
  }
  EXPECT_TRUE(after->use.Begin(after->record, kSecond));
}

}  // namespace
}  // namespace weir::api
