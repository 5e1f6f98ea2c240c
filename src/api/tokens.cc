#include "api/tokens.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "env/hash.h"
#include "net/request.h"

namespace weir::api {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr size_t kTokenBytesMax = 256;

std::string Hex(uint64_t number, int digits) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return {text.data() + 16 - digits, static_cast<size_t>(digits)};
}

bool IsScopeName(std::string_view name) {
  return name == "*" || (!name.empty() && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                  c == '-';
         }));
}

}  // namespace

NewToken MakeToken(env::Random& random, std::string name, std::vector<std::string> scopes,
                   Instant now) {
  NewToken made;
  made.record.id = Hex(random.Next(), 8);
  made.text = "weir_" + made.record.id + "_";
  for (int i = 0; i < 4; ++i) made.text += Hex(random.Next(), 16);
  made.record.name = std::move(name);
  made.record.digest = env::Sha256Hex(made.text);
  made.record.scopes = std::move(scopes);
  made.record.created_at = now;
  return made;
}

Result<void> CheckScope(std::string_view scope) {
  const size_t colon = scope.find(':');
  const std::string_view verb = scope.substr(0, colon);
  if (scope == "admin") return {};
  if (colon != std::string_view::npos && (verb == "ingest" || verb == "read") &&
      IsScopeName(scope.substr(colon + 1)))
    return {};
  return Fail(ErrorKind::kInvalid, "token.scope", "'" + std::string(scope) + "' is no scope",
              "scopes are admin, ingest:PIPELINE, ingest:*, read:*");
}

bool Grants(const std::vector<std::string>& granted, std::string_view wanted) {
  const std::string_view verb = wanted.substr(0, wanted.find(':'));
  return std::ranges::any_of(granted, [&](const std::string& one) {
    return one == wanted || one == "admin" ||
           (one.ends_with(":*") && one.substr(0, one.size() - 2) == verb);
  });
}

void Tokens::Set(const std::vector<catalog::TokenRecord>& records) {
  auto known = std::make_shared<Known>();
  const auto before = known_.load();
  for (const catalog::TokenRecord& record : records) {
    if (record.revoked_at.micros != 0) continue;
    const auto same =
        std::ranges::find(*before, record.id, [](const auto& one) { return one->record.id; });
    known->push_back(same != before->end() ? *same : std::make_shared<const KnownToken>(record));
  }
  known_.store(std::move(known));
}

// The generic cell rate algorithm: a second's worth may come at once, or a single one where that is
// less.
std::expected<void, std::chrono::seconds> TokenUse::Begin(const catalog::TokenRecord& limits,
                                                          std::chrono::nanoseconds now) {
  constexpr int64_t kSecond = 1'000'000'000;
  const uint64_t before = under_way_.fetch_add(1, std::memory_order_relaxed);
  if (limits.concurrency != 0 && before >= limits.concurrency) {
    End();
    return std::unexpected(std::chrono::seconds(1));
  }
  if (limits.rate <= 0) return {};
  const auto apart = static_cast<int64_t>(static_cast<double>(kSecond) / limits.rate);
  const int64_t ahead_max = std::max(kSecond, apart) - apart;
  int64_t even = even_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t begin = std::max(even, now.count());
    if (const int64_t wait = begin - now.count() - ahead_max; wait > 0) {
      End();
      return std::unexpected(std::chrono::seconds((wait + kSecond - 1) / kSecond));
    }
    if (even_.compare_exchange_weak(even, begin + apart, std::memory_order_relaxed)) return {};
  }
}

std::shared_ptr<const KnownToken> Tokens::Find(std::string_view authorization) const {
  if (authorization.size() <= kBearer.size() || authorization.size() > kTokenBytesMax ||
      !net::EqualName(authorization.substr(0, kBearer.size()), kBearer))
    return nullptr;
  const std::string digest = env::Sha256Hex(authorization.substr(kBearer.size()));
  const auto known = known_.load();
  std::shared_ptr<const KnownToken> found;
  for (const auto& one : *known)
    if (one->record.digest.size() == digest.size() &&
        CRYPTO_memcmp(one->record.digest.data(), digest.data(), digest.size()) == 0)
      found = one;
  return found;
}

}  // namespace weir::api
