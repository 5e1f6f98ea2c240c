#include "env/hash.h"

#include <openssl/sha.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/check.h"

namespace weir::env {

struct ContentHash::State {
  XXH3_state_t* xxh = XXH3_createState();
  State() { WEIR_CHECK(xxh != nullptr && XXH3_128bits_reset(xxh) == XXH_OK); }
  ~State() { XXH3_freeState(xxh); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {}
ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

void ContentHash::Update(std::string_view bytes) {
  WEIR_CHECK(XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size()) == XXH_OK);
}

std::string ContentHash::Hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text.data();
}

Hash128 ContentHash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::string ContentHashHex(std::string_view bytes) {
  ContentHash hash;
  hash.Update(bytes);
  return hash.Hex();
}

Result<void> HashRange(const OpenFile& file, uint64_t from, uint64_t to, ContentHash& hash) {
  std::vector<char> buffer(std::min<uint64_t>(to - from, 1 << 20));
  for (uint64_t at = from; at < to;) {
    const uint64_t want = std::min<uint64_t>(buffer.size(), to - at);
    WEIR_ASSIGN(const size_t count, file.ReadAt(at, std::span(buffer).first(want)));
    if (count < want)
      return Fail(ErrorKind::kConflict, "file.changed",
                  "the file became shorter while it was read");
    hash.Update({buffer.data(), count});
    at += count;
  }
  return {};
}

Result<std::string> HashPrefix(const OpenFile& file, uint64_t length) {
  ContentHash hash;
  WEIR_TRY(HashRange(file, 0, length, hash));
  return hash.Hex();
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", byte);
    text += hex.data();
  }
  return text;
}

}  // namespace weir::env
