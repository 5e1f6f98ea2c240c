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
  for (const catalog::TokenRecord& record : records)
    if (record.revoked_at.micros == 0)
      known->push_back(std::make_shared<const catalog::TokenRecord>(record));
  known_.store(std::move(known));
}

std::shared_ptr<const catalog::TokenRecord> Tokens::Find(std::string_view authorization) const {
  if (authorization.size() <= kBearer.size() || authorization.size() > kTokenBytesMax ||
      !net::EqualName(authorization.substr(0, kBearer.size()), kBearer))
    return nullptr;
  const std::string digest = env::Sha256Hex(authorization.substr(kBearer.size()));
  const auto known = known_.load();
  std::shared_ptr<const catalog::TokenRecord> found;
  for (const auto& one : *known)
    if (one->digest.size() == digest.size() &&
        CRYPTO_memcmp(one->digest.data(), digest.data(), digest.size()) == 0)
      found = one;
  return found;
}

}  // namespace weir::api
