// Bearer tokens: who may do what. A token is `weir_ID_SECRET`; only the SHA-256 of the whole is
// kept (catalog/token_store.h), and it is shown once.
//
// Scopes: `admin` is everything; `ingest:orders` one pipeline's door, `ingest:*` all of them;
// `read:*` what became of requests, and metrics.
//
// Threads: Find from any; Set from one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
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

// How much of its limits a token has used. Threads: any.
class TokenUse {
 public:
  // One more request, until End. Where it may not begin: in how many seconds it may.
  std::expected<void, std::chrono::seconds> Begin(const catalog::TokenRecord& limits,
                                                  std::chrono::nanoseconds now);
  void End() { under_way_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> even_{0};  // When the next would come if they came evenly, in nanoseconds.
  std::atomic<uint64_t> under_way_{0};
};

struct KnownToken {
  catalog::TokenRecord record;
  mutable TokenUse use = {};
};

// A request under way for a token; ends when it is dropped.
class TokenPass {
 public:
  explicit TokenPass(std::shared_ptr<const KnownToken> token = {}) : token_(std::move(token)) {}
  TokenPass(TokenPass&&) noexcept = default;
  TokenPass& operator=(TokenPass&&) = delete;
  ~TokenPass() {
    if (token_) token_->use.End();
  }

 private:
  std::shared_ptr<const KnownToken> token_;
};

class Tokens {
 public:
  // From now on these, without those that are revoked. What was used of one is not forgotten.
  void Set(const std::vector<catalog::TokenRecord>& records);
  // The record of the token that an Authorization header carries; null: none that is known. Takes
  // as long for a wrong secret as for a right one.
  std::shared_ptr<const KnownToken> Find(std::string_view authorization) const;

 private:
  using Known = std::vector<std::shared_ptr<const KnownToken>>;
  std::atomic<std::shared_ptr<const Known>> known_ = std::make_shared<const Known>();
};

}  // namespace weir::api
