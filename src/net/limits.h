// Every bound of the HTTP server, with its unit in its name. A request that passes one is refused
// with the status behind it, and nothing of it is kept.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::net {

struct Limits {
  // The head: request line and headers.
  size_t target_bytes_max = 8 * 1024;                       // 414
  size_t head_bytes_max = 24 * 1024;                        // 431, request line and headers
  size_t headers_count_max = 100;                           // 431
  std::chrono::milliseconds head_milliseconds_max{10'000};  // 408, from its first byte

  // The body. A route may allow less, or more, of it.
  uint64_t body_bytes_max = 16ULL * 1024 * 1024;        // 413, as sent
  uint64_t decoded_bytes_max = 64ULL * 1024 * 1024;     // 413, after gzip or zstd
  uint64_t decoded_ratio_max = 100;                     // 413, decoded to sent
  uint64_t decoded_bytes_free = 1024 * 1024;            // So much is never a bomb.
  uint64_t zstd_window_bytes_max = 8ULL * 1024 * 1024;  // 400, as browsers have it
  size_t piece_bytes_max = 64 * 1024;                   // Of a body in memory at once.
  size_t chunk_line_bytes_max = 256;                    // 400, size and extensions
  size_t trailer_bytes_max = 8 * 1024;                  // 400
  uint64_t body_bytes_per_second_min = 1'000;           // 408, after the time below
  std::chrono::milliseconds body_milliseconds_free{20'000};
  uint64_t unread_bytes_max = 256 * 1024;  // Of a refused body: read, so that the connection lives.

  // Connections.
  size_t connections_max = 20'000;  // More are closed at once; fewer where files are short.
  std::chrono::milliseconds idle_milliseconds_max{75'000};       // Between two requests.
  std::chrono::milliseconds handshake_milliseconds_max{10'000};  // TLS
  std::chrono::milliseconds write_milliseconds_max{30'000};      // Without any progress.
  std::chrono::milliseconds linger_milliseconds_max{2'000};      // For a client still sending.
  std::chrono::milliseconds tick_milliseconds{200};  // How often the times are looked at.
  int threads_max = 16;
};

// One part of multipart/form-data.
inline constexpr size_t kPartHeadBytesMax = 8 * 1024;
inline constexpr size_t kPartHeadersCountMax = 16;
inline constexpr size_t kPartsCountMax = 1'000;
inline constexpr size_t kBoundaryBytesMax = 70;  // RFC 2046

}  // namespace weir::net
