#include "columnar/type.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

namespace weir::columnar {
namespace {

TEST(Type, ReadsAndWritesEveryType) {
  for (const char* text :
       {"bool", "int", "bigint", "double", "decimal(10,2)", "decimal(38,0)", "varchar",
        "varchar(20)", "uuid", "date", "time", "timestamp", "timestamptz", "json", "binary",
        "list(int)", "struct(a int, b list(varchar))",
        "list(struct(sku varchar, qty int, unit_price decimal(12,2)))"}) {
    const auto type = ParseType(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(ToText(*type), text);
    const auto back = FromArrow(*ToArrow(*type));
    ASSERT_TRUE(back) << text;
    const bool lossless = type->kind != Kind::kJson && type->length == 0;
    EXPECT_EQ(*back == *type, lossless) << text;
  }
}

TEST(Type, LetterCaseAndBlanksDoNotMatter) {
  EXPECT_EQ(ToText(ParseType(" DECIMAL( 10 , 2 ) ").value()), "decimal(10,2)");
}

TEST(Type, RefusesWhatItDoesNotKnow) {
  const struct {
    const char* text;
    const char* code;
    const char* next;
  } cases[] = {{"varchr", "type.unknown", "did you mean 'varchar'?"},
               {"string", "type.unknown", "did you mean 'varchar'?"},
               {"decimal", "type.malformed", ""},
               {"decimal(39,2)", "type.decimal_range", ""},
               {"decimal(5,6)", "type.decimal_range", ""},
               {"varchar(0)", "type.malformed", ""},
               {"int int", "type.malformed", ""},
               {"list(int", "type.malformed", ""},
               {"struct()", "type.malformed", ""},
               {"", "type.malformed", ""}};
  for (const auto& c : cases) {
    const auto type = ParseType(c.text);
    ASSERT_FALSE(type) << c.text;
    EXPECT_EQ(type.error().code, c.code) << c.text;
    EXPECT_EQ(type.error().next, c.next) << c.text;
  }
}

TEST(Type, NamesItselfInSql) {
  EXPECT_EQ(ToSql(ParseType("list(struct(sku varchar, qty int))").value()),
            "STRUCT(\"sku\" VARCHAR, \"qty\" INTEGER)[]");
}

}  // namespace
}  // namespace weir::columnar
