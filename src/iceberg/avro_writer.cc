#include <charconv>

#include "base/check.h"
#include "env/hash.h"
#include "iceberg/avro_internal.h"

namespace weir::iceberg::avro {
namespace {

constexpr size_t kBlockBytesTarget = 512 * 1024;

// 16 bytes that are no part of the content, except by a chance of 2^-128.
std::string SyncOf(std::string_view content) {
  const std::string hex = env::ContentHashHex(content);
  std::string sync;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    sync += static_cast<char>(byte);
  }
  WEIR_CHECK(sync.size() == 16);
  return sync;
}

}  // namespace

void Encoder::Whole(int64_t value) {
  uint64_t bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  while (bits >= 0x80) {
    out_ += static_cast<char>(bits | 0x80);
    bits >>= 7;
  }
  out_ += static_cast<char>(bits);
}

ContainerWriter::ContainerWriter(std::string schema_json,
                                 std::vector<std::pair<std::string, std::string>> header)
    : schema_json_(std::move(schema_json)), header_(std::move(header)) {}

void ContainerWriter::EndRecord() {
  ++records_;
  if (encoder_.size() >= kBlockBytesTarget) EndBlock();
}

void ContainerWriter::EndBlock() {
  if (records_ == 0) return;
  blocks_.push_back({.records = records_, .bytes = Deflate(encoder_.Release())});
  records_ = 0;
}

std::string ContainerWriter::Finish() {
  EndBlock();
  Encoder out;
  out.Fixed(std::string_view("Obj\x01", 4));
  out.BeginArray(header_.size() + 2);
  out.Bytes("avro.schema");
  out.Bytes(schema_json_);
  out.Bytes("avro.codec");
  out.Bytes("deflate");
  for (const auto& [key, value] : header_) {
    out.Bytes(key);
    out.Bytes(value);
  }
  out.EndArray();
  std::string bytes = out.Release();
  std::string content = bytes;
  for (const Block& block : blocks_) content += block.bytes;
  const std::string sync = SyncOf(content);
  bytes += sync;
  for (const Block& block : blocks_) {
    out.Whole(block.records);
    out.Bytes(block.bytes);
    out.Fixed(sync);
  }
  return bytes + out.Release();
}

}  // namespace weir::iceberg::avro
