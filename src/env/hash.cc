#include "env/hash.h"

#include <openssl/sha.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/check.h"

namespace weir::env {
namespace {

std::string ToHex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(2 * bytes.size(), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kDigits[bytes[i] >> 4U];
    text[2 * i + 1] = kDigits[bytes[i] & 15U];
  }
  return text;
}

std::string ToHex(const XXH128_hash_t& hash) {
  XXH128_canonical_t bytes;  // Most significant first.
  XXH128_canonicalFromHash(&bytes, hash);
  return ToHex(bytes.digest);
}

}  // namespace

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

std::string ContentHash::Hex() const { return ToHex(XXH3_128bits_digest(state_->xxh)); }

Hash128 ContentHash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::string ContentHashHex(std::string_view bytes) {
  return ToHex(XXH3_128bits(bytes.data(), bytes.size()));
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
  return ToHex(digest);
}

}  // namespace weir::env
