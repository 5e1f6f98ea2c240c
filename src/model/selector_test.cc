#include "model/selector.h"

#include <gtest/gtest.h>

namespace weir::model {
namespace {

const std::vector<Step> kSteps = {
    {"orders", {{"raw", "orders"}, {"dead_letters", "orders"}}, {}},
    {"returns", {{"raw", "returns"}}, {}},
    {"silver.lines", {{"silver", "lines"}}, {{"raw", "orders"}}},
    {"silver.back", {{"silver", "back"}}, {{"raw", "returns"}, {"dead_letters", "orders"}}},
    {"gold.daily", {{"gold", "daily"}}, {{"silver", "lines"}}},
    {"gold.all", {{"gold", "all"}}, {{"silver", "lines"}, {"silver", "back"}}},
};

struct Chosen {
  std::vector<std::string> words;
  std::string names;
};

TEST(Select, WordsChooseByNameAndByWhatReadsWhat) {
  for (const Chosen& one : std::vector<Chosen>{
           {{}, "orders returns silver.lines silver.back gold.daily gold.all"},
           {{"orders"}, "orders"},
           {{"silver.*"}, "silver.lines silver.back"},
           {{"silver.* gold.daily"}, "silver.lines silver.back gold.daily"},
           {{"returns", "gold.*"}, "returns gold.daily gold.all"},
           {{"+gold.daily"}, "orders silver.lines gold.daily"},
           {{"+gold.all"}, "orders returns silver.lines silver.back gold.all"},
           {{"returns+"}, "returns silver.back gold.all"},
           {{"orders+"}, "orders silver.lines silver.back gold.daily gold.all"},
           {{"+silver.lines+"}, "orders silver.lines gold.daily gold.all"},
           {{"silver.*+"}, "silver.lines silver.back gold.daily gold.all"},
           {{"*"}, "orders returns silver.lines silver.back gold.daily gold.all"},
       }) {
    const auto chosen = Select(kSteps, one.words);
    ASSERT_TRUE(chosen);
    std::string names;
    for (size_t i = 0; i < kSteps.size(); ++i)
      if ((*chosen)[i]) names += (names.empty() ? "" : " ") + kSteps[i].name;
    EXPECT_EQ(names, one.names) << (one.words.empty() ? "" : one.words.front());
  }
}

TEST(Select, AWordThatNamesNothingIsRefused) {
  for (const auto& [word, says] : std::vector<std::pair<std::string, std::string>>{
           {"order", "did you mean 'orders'?"},
           {"+gold.dayly", "did you mean 'gold.daily'?"},
           {"bronze.*", "weir check lists what the project has"},
           {"+", "weir check lists what the project has"}}) {
    const auto chosen = Select(kSteps, std::vector<std::string>{"returns", word});
    ASSERT_FALSE(chosen) << word;
    EXPECT_EQ(chosen.error().code, "run.selector");
    EXPECT_EQ(chosen.error().next, says);
  }
}

}  // namespace
}  // namespace weir::model
