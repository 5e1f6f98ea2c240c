// Tokens of the HTTP API as stored: in the catalog's database, beside it, and changed without the
// project's lock, so that a token can be revoked while a server runs.
//
// Threads: one at a time per object. Errors: those of catalog.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::catalog {

struct TokenRecord {
  std::string id;      // 8 hex digits: names it in lists and logs.
  std::string name;    // What a person called it.
  std::string digest;  // SHA-256 of the token, 64 hex digits.
  std::vector<std::string> scopes;
  Instant created_at;
  Instant revoked_at = {};   // 0: it is good.
  double rate = 0;           // Requests a second; 0: any number.
  uint64_t concurrency = 0;  // Requests at a time; 0: any number.
};

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  virtual Result<std::vector<TokenRecord>> All() = 0;  // By creation.
  // Error token.exists (kExists): a token of that name is good.
  virtual Result<void> Add(const TokenRecord& record) = 0;
  // By id or name. Error token.not_found.
  virtual Result<TokenRecord> Revoke(const std::string& which, Instant at) = 0;
};

// `path` is weir.db, which is there.
Result<std::unique_ptr<TokenStore>> OpenSqliteTokenStore(const std::string& path);

}  // namespace weir::catalog
