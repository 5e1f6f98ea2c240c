// Digests of content. XXH3-128 (libxxhash) identifies input: fast enough to run over every byte
// read (over 10 GB/s), not made against an attacker. SHA-256 (OpenSSL) where one could gain.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/files.h"

namespace weir::env {

// XXH3-128 over bytes that arrive in pieces. Movable.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  void Update(std::string_view bytes);
  // 32 hex digits, of everything so far; more may follow.
  std::string Hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};
// The same hash of bytes that are there at once, as numbers.
Hash128 ContentHash128(std::string_view bytes);
// Adds the bytes of `file` from `from` to `to`; file.changed (kConflict) if it is shorter.
Result<void> HashRange(const OpenFile& file, uint64_t from, uint64_t to, ContentHash& hash);
std::string ContentHashHex(std::string_view bytes);
// The hash of the first `length` bytes of `file`; file.changed (kConflict) if it is shorter.
Result<std::string> HashPrefix(const OpenFile& file, uint64_t length);

// SHA-256, 64 hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace weir::env
