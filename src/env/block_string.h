// Bytes that a disk can take where they are.
#pragma once

#include <cstddef>
#include <new>
#include <string>

namespace weir::env {

// What disks and file systems take at once; a power of two.
inline constexpr size_t kDiskBlockBytes = 4096;

template <class T>
struct BlockAllocator {
  using value_type = T;
  BlockAllocator() = default;
  template <class Other>
  explicit BlockAllocator(const BlockAllocator<Other>&) {}
  T* allocate(size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(kDiskBlockBytes)));
  }
  void deallocate(T* at, size_t) { ::operator delete(at, std::align_val_t(kDiskBlockBytes)); }
  friend bool operator==(const BlockAllocator&, const BlockAllocator&) { return true; }
};

// A string that begins at a block in memory once it is longer than a few bytes.
using BlockString = std::basic_string<char, std::char_traits<char>, BlockAllocator<char>>;

}  // namespace weir::env
