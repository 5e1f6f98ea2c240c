#include "query/at_snapshot.h"

#include <gtest/gtest.h>

namespace weir::query {
namespace {

struct Case {
  const char* sql;
  const char* quoted;
};

TEST(AtSnapshot, NamesAsOfASnapshotAreQuotedAndNothingElse) {
  for (const Case& one : {
           Case{"select * from raw.events@123", "select * from raw.\"events@123\""},
           {"from raw.events@123 e join raw.\"Other one\"@7 o",
            "from raw.\"events@123\" e join raw.\"Other one@7\" o"},
           {"from a.b@'2026-05-01 10:00:00', c", "from a.\"b@2026-05-01 10:00:00\", c"},
           {"from a.b@2026-05-01T10:00:00.5Z)", "from a.\"b@2026-05-01T10:00:00.5Z\")"},
           {"select 'a@1', \"b@2\", @x, @ -1, 5@6 -- t@1\n/* t@2 */",
            "select 'a@1', \"b@2\", @x, @ -1, 5@6 -- t@1\n/* t@2 */"},
           {"select x @1 from t", "select x @1 from t"},
           {"from t@", "from t@"},
           {"from t@x", "from t@x"},
           {"'it''s'@1", "'it''s'@1"},
           {"\"a\"\"b\"@1", "\"a\"\"b@1\""},
           {"", ""},
       })
    EXPECT_EQ(QuoteSnapshots(one.sql), one.quoted);
}

TEST(AtSnapshot, ANameIsCutAtItsSnapshot) {
  EXPECT_EQ(SplitSnapshot("events"), std::pair(std::string("events"), std::string()));
  EXPECT_EQ(SplitSnapshot("events@12"), std::pair(std::string("events"), std::string("12")));
}

}  // namespace
}  // namespace weir::query
