// The small part of Avro that Iceberg's manifests need: object container files (Avro 1.11), records
// whose fields are known by `field-id`, both ways.
//
// Reading takes every byte as untrusted. A Cursor never reads outside its bytes: a fault makes it
// `failed` for good, it then yields zeros and empty texts, and every loop ends. What a writer put
// there beyond the known fields is skipped by its schema.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::iceberg::avro {

enum class Kind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion,
};

struct Node {
  Kind kind = Kind::kNull;
  size_t size = 0;                 // kFixed: bytes.
  std::string logical;             // logicalType, if any.
  std::string name;                // Of named types.
  std::vector<Node> children;      // kRecord: fields; kArray, kMap: one; kUnion: branches.
  std::vector<int32_t> field_ids;  // kRecord: one per child, -1 where the writer gave none.
};

// The schema text of a file. References by name are followed for fixed and enum types only.
Result<Node> ParseSchema(std::string_view json);

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  bool at_end() const { return at_ == bytes_.size(); }
  size_t position() const { return at_; }

  // Each reads one value of `node`, through a union where there is one (null: nullopt). A value of
  // another kind than asked for is a fault.
  std::optional<int64_t> Whole(const Node& node);           // int, long.
  std::optional<bool> Flag(const Node& node);               // boolean.
  std::optional<double> Real(const Node& node);             // float, double.
  std::optional<std::string_view> Bytes(const Node& node);  // bytes, string, fixed.
  // Calls `field(child, id)` for each field in order, which must read or skip it. False: null.
  bool Record(const Node& node, const std::function<void(const Node&, int32_t)>& field);
  // Calls `item(child)` for each element, which must read or skip it. False: null.
  bool Array(const Node& node, const std::function<void(const Node&)>& item);
  void Skip(const Node& node);
  // The branch that stands here; `node` itself if it is no union.
  const Node& Branch(const Node& node);

  int64_t Varint();
  std::string_view Take(size_t count);
  void Fault() {
    failed_ = true;
    at_ = bytes_.size();
  }

 private:
  void Blocks(const std::function<void()>& item);

  std::string_view bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

// An open container: header read, blocks not yet.
struct Container {
  Node schema;
  std::map<std::string, std::string, std::less<>> header;
  std::string codec;
  std::string_view sync;
  std::string_view blocks;
};

// Errors: iceberg.avro_corrupt (kCorrupt), iceberg.avro_codec (kUnsupported).
Result<Container> Open(std::string_view bytes);
// Calls `record` for every record; it must read it all.
Result<void> ReadRecords(const Container& container, const std::function<void(Cursor&)>& record);

std::unexpected<Error> Corrupt(const std::string& why);

// Appends values in Avro's binary form.
class Encoder {
 public:
  void Whole(int64_t value);
  void Flag(bool value) { out_ += value ? '\1' : '\0'; }
  template <class Number>
  void Real(Number value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Bytes(std::string_view bytes) {
    Whole(static_cast<int64_t>(bytes.size()));
    out_ += bytes;
  }
  void Fixed(std::string_view bytes) { out_ += bytes; }
  void Null() { Whole(0); }   // The first branch of an optional's union.
  void Value() { Whole(1); }  // The second; the value follows.
  // Around the items of an array; an empty one is only the end.
  void BeginArray(size_t count) {
    if (count != 0) Whole(static_cast<int64_t>(count));
  }
  void EndArray() { Whole(0); }

  size_t size() const { return out_.size(); }
  std::string Release() { return std::exchange(out_, {}); }

 private:
  std::string out_;
};

// Builds one container with the codec deflate. Equal records give equal bytes: the sync marker
// comes from the content.
class ContainerWriter {
 public:
  ContainerWriter(std::string schema_json, std::vector<std::pair<std::string, std::string>> header);

  Encoder& encoder() { return encoder_; }
  void EndRecord();
  std::string Finish();

 private:
  void EndBlock();

  struct Block {
    int64_t records = 0;
    std::string bytes;  // Compressed.
  };
  std::string schema_json_;
  std::vector<std::pair<std::string, std::string>> header_;
  Encoder encoder_;
  int64_t records_ = 0;
  std::vector<Block> blocks_;
};

// What a block, and all blocks of a file, may unpack to. Writers make blocks of 64 KiB; these
// bounds keep a small hostile file from asking for all memory.
inline constexpr size_t kBlockBytesMax = 64 * 1024 * 1024;
inline constexpr size_t kFileBytesMax = 1024 * 1024 * 1024;
std::string Deflate(std::string_view bytes);
Result<std::string> Unpack(std::string_view codec, std::string_view bytes);

}  // namespace weir::iceberg::avro
