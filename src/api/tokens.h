// Bearer tokens: who may do what. A token is `weir_ID_SECRET`; only the SHA-256 of the whole is
// kept (catalog/token_store.h), and it is shown once.
//
// Scopes: `admin` is everything; `ingest:orders` one pipeline's door, `ingest:*` all of them;
// `read:*` what became of requests, and metrics.
//
// Threads: Find from any; Set from one.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/token_store.h"
#include "env/random.h"

namespace weir::api {

struct NewToken {
  std::string text;  // What the client sends.
  catalog::TokenRecord record;
};
NewToken MakeToken(env::Random& random, std::string name, std::vector<std::string> scopes,
                   Instant now);

// Error token.scope (kInvalid) with what a scope looks like.
Result<void> CheckScope(std::string_view scope);
// Whether one of `granted` is, or covers, `wanted`.
bool Grants(const std::vector<std::string>& granted, std::string_view wanted);

class Tokens {
 public:
  // From now on these, without those that are revoked.
  void Set(const std::vector<catalog::TokenRecord>& records);
  // The record of the token that an Authorization header carries; null: none that is known. Takes
  // as long for a wrong secret as for a right one.
  std::shared_ptr<const catalog::TokenRecord> Find(std::string_view authorization) const;

 private:
  using Known = std::vector<std::shared_ptr<const catalog::TokenRecord>>;
  std::atomic<std::shared_ptr<const Known>> known_ = std::make_shared<const Known>();
};

}  // namespace weir::api
