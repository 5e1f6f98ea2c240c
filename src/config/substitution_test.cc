#include "config/substitution.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace weir::config {
namespace {

class SubstitutionTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/substitution_test_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/secret", "hush ${A}\n\n"));
    ASSERT_TRUE(env::WriteWhole(env::SystemFiles(), folder_ + "/binary", "\xff"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Node Put(Node node, Faults& faults) const {
    const Environment environment = [](const std::string& name) -> std::optional<std::string> {
      if (name == "A") return "one";
      if (name == "EMPTY") return "";
      if (name == "TRICKY") return "${A}: [x]";
      if (name == "BAD") return "\xc3(";
      return std::nullopt;
    };
    Substitute(node, {environment, env::SystemFiles(), folder_}, faults);
    return node;
  }

  std::string folder_;
};

TEST_F(SubstitutionTest, PutsInVariablesAndFiles) {
  const struct {
    const char* written;
    const char* text;
  } cases[] = {{"${A}", "one"},
               {"x${A}y${A}",
                "xoney"
                "one"},
               {"${EMPTY}", ""},
               {"${NONE:-two}", "two"},
               {"${A:-two}", "one"},
               {"${EMPTY:-two}", "two"},
               {"${NONE:-}", ""},
               {"${NONE:-/s/{id}/t}", "/s/{id}/t"},
               {"${NONE:-${EMPTY:-a ${A}}}", "a one"},
               {"${A:?why}", "one"},
               {"$${A} and $$${A}", "${A} and $${A}"},
               {"$.orders[*] $window {seq:06}", "$.orders[*] $window {seq:06}"},
               {"${TRICKY}", "${A}: [x]"},
               {"${file:secret}", "hush ${A}\n"}};
  for (const auto& c : cases) {
    Faults faults;
    const Node node = Put(ScalarNode(c.written), faults);
    EXPECT_EQ(node.text, c.text) << c.written;
    EXPECT_TRUE(faults.empty()) << c.written;
    EXPECT_EQ(node.shown(), c.written);
    EXPECT_FALSE(node.is_empty());
  }
}

TEST_F(SubstitutionTest, FaultsPointIntoTheText) {
  const struct {
    const char* yaml;
    const char* code;
    size_t column;
    const char* next;
  } cases[] = {
      {"a: x ${NONE} ", "config.unset_variable", 6,
       "set it (export NONE=...), or write a default: ${NONE:-text}"},
      {"a: '${NONE:?the DSN of the shop}'", "config.unset_variable", 5, "the DSN of the shop"},
      {"a: ${A:-x ${NONE:-${GONE}}}", "config.unset_variable", 4, nullptr},
      {"a: ${EMPTY:-x ${NONE}}", "config.unset_variable", 15, nullptr},
      {"a: ${EMPTY:?no}", "config.unset_variable", 4, "no"},
      {"a: ${A", "config.substitution", 4, nullptr},
      {"a: ${}", "config.substitution", 4, nullptr},
      {"a: ${A B}", "config.substitution", 4, nullptr},
      {"a: ${1A}", "config.substitution", 4, nullptr},
      {"a: ${A:+x}", "config.substitution", 4, nullptr},
      {"a: ${BAD}", "config.substitution", 4, nullptr},
      {"a: ${file:none}", "config.file_unreadable", 4, nullptr},
      {"a: ${file:binary}", "config.substitution", 4, nullptr},
  };
  for (const auto& c : cases) {
    Faults faults;
    auto root = ParseDocument(c.yaml, "f", faults);
    ASSERT_TRUE(root) << c.yaml;
    const std::string before = root->entries[0].value.text;
    const Node after = Put(std::move(*root), faults);
    if (std::string_view(c.yaml).find("${A:-") != std::string_view::npos) {
      EXPECT_TRUE(faults.empty()) << "a default that is not used is not looked at";
      continue;
    }
    ASSERT_EQ(faults.size(), 1u) << c.yaml;
    const Error error = faults.Sorted().front();
    EXPECT_EQ(error.code, c.code) << c.yaml;
    EXPECT_EQ(error.place.column, c.column) << c.yaml;
    if (c.next != nullptr) {
      EXPECT_EQ(error.next, c.next);
    }
    EXPECT_FALSE(error.next.empty());
    EXPECT_EQ(after.entries[0].value.text, before) << "a fault leaves the text";
  }
}

TEST_F(SubstitutionTest, KeysAreLeftAloneAndEveryValueIsReached) {
  Faults faults;
  auto root = ParseDocument("${A}: [\"${A}\", {b: \"${A}\"}]\n", "f", faults);
  ASSERT_TRUE(root);
  const Node after = Put(std::move(*root), faults);
  EXPECT_EQ(after.entries[0].key.text, "${A}");
  EXPECT_EQ(after.entries[0].value.items[0].text, "one");
  EXPECT_EQ(after.entries[0].value.items[1].entries[0].value.text, "one");
}

}  // namespace
}  // namespace weir::config
