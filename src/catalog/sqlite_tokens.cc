#include <algorithm>
#include <array>
#include <charconv>

#include "catalog/sqlite_database_internal.h"
#include "catalog/token_store.h"

namespace weir::catalog {
namespace {

// Made at first need: a catalog without tokens is as it was.
constexpr const char* kTokensSchema = R"(
CREATE TABLE IF NOT EXISTS weir_tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL,
  rate TEXT NOT NULL DEFAULT '0', concurrency INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
)";
// Tokens were made before they had limits.
constexpr const char* kAddLimits = R"(
ALTER TABLE weir_tokens ADD COLUMN rate TEXT NOT NULL DEFAULT '0';
ALTER TABLE weir_tokens ADD COLUMN concurrency INTEGER NOT NULL DEFAULT 0;
)";

// The shortest text that gives the number again.
std::string TextOf(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

double NumberOf(const std::string& text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

class SqliteTokenStore final : public TokenStore {
 public:
  explicit SqliteTokenStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Result<std::vector<TokenRecord>> All() override {
    std::vector<TokenRecord> records;
    WEIR_ASSIGN(const bool any, HasColumn("id"));
    if (!any) return records;
    WEIR_ASSIGN(const bool limits, HasColumn("rate"));
    WEIR_ASSIGN(auto row,
                database_->Prepare(std::string("SELECT id, name, digest, scopes, created_at, "
                                               "revoked_at, ") +
                                   (limits ? "rate, concurrency" : "'0', 0") +
                                   " FROM weir_tokens ORDER BY 5, 1"));
    while (true) {
      WEIR_ASSIGN(const bool found, row.Step());
      if (!found) return records;
      records.push_back({.id = row.Text(0),
                         .name = row.Text(1),
                         .digest = row.Text(2),
                         .scopes = Words(row.Text(3)),
                         .created_at = {row.Number(4)},
                         .revoked_at = {row.Number(5)},
                         .rate = NumberOf(row.Text(6)),
                         .concurrency = static_cast<uint64_t>(row.Number(7))});
    }
  }

  Result<void> Add(const TokenRecord& record) override {
    WEIR_TRY(database_->Run(kTokensSchema));
    return database_->Transact([&]() -> Result<void> {
      WEIR_ASSIGN(const bool limits, HasColumn("rate"));
      if (!limits) WEIR_TRY(database_->Run(kAddLimits));
      WEIR_ASSIGN(const auto known, All());
      for (const TokenRecord& one : known)
        if (one.name == record.name && one.revoked_at.micros == 0)
          return Fail(ErrorKind::kExists, "token.exists",
                      "there is a token '" + record.name + "' already",
                      "weir token revoke " + record.name + ", or choose another name");
      WEIR_ASSIGN(auto insert,
                  database_->Prepare("INSERT INTO weir_tokens VALUES (?, ?, ?, ?, ?, 0, ?, ?)"));
      insert.Bind(record.id).Bind(record.name).Bind(record.digest).Bind(Joined(record.scopes));
      insert.Bind(record.created_at.micros).Bind(TextOf(record.rate));
      return insert.Bind(static_cast<int64_t>(record.concurrency)).Run();
    });
  }

  Result<TokenRecord> Revoke(const std::string& which, Instant at) override {
    TokenRecord revoked;
    WEIR_TRY(database_->Transact([&]() -> Result<void> {
      WEIR_ASSIGN(const auto known, All());
      const auto found = std::ranges::find_if(known, [&](const TokenRecord& one) {
        return (one.id == which || one.name == which) && one.revoked_at.micros == 0;
      });
      if (found == known.end())
        return Fail(ErrorKind::kNotFound, "token.not_found",
                    "there is no good token '" + which + "'", "weir token ls");
      revoked = *found;
      revoked.revoked_at = at;
      WEIR_ASSIGN(auto update,
                  database_->Prepare("UPDATE weir_tokens SET revoked_at = ? WHERE id = ?"));
      return update.Bind(at.micros).Bind(revoked.id).Run();
    }));
    return revoked;
  }

 private:
  // False, too, where there is no table.
  Result<bool> HasColumn(std::string_view name) {
    WEIR_ASSIGN(auto column, database_->Prepare(
                                 "SELECT 1 FROM pragma_table_info('weir_tokens') WHERE name = ?"));
    return column.Bind(name).Step();
  }

  std::unique_ptr<Database> database_;
};

}  // namespace

Result<std::unique_ptr<TokenStore>> OpenSqliteTokenStore(const std::string& path) {
  WEIR_ASSIGN(auto database, Database::Open(path, Database::Access::kReadWrite));
  return std::make_unique<SqliteTokenStore>(std::move(database));
}

}  // namespace weir::catalog
