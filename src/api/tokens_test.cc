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
  EXPECT_EQ(tokens.Find("bearer " + two.text)->name, "two");
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

}  // namespace
}  // namespace weir::api
