#include <cstring>
#include <set>

#include "iceberg/avro_internal.h"
#include "iceberg/json_internal.h"

namespace weir::iceberg::avro {
namespace {

constexpr size_t kNodesMax = 20'000;
constexpr int kDepthMax = 40;
constexpr std::string_view kMagic("Obj\x01", 4);
constexpr size_t kSyncBytes = 16;

class SchemaReader {
 public:
  Result<Node> Read(Json json, int depth) {
    if (depth > kDepthMax) return Corrupt("the schema is nested too deep");
    if (++nodes_ > kNodesMax) return Corrupt("the schema is too large");
    if (const auto word = AsText(json)) return Named(std::string(*word));
    if (json.is_array()) return Union(json, depth);
    const auto type = FindMember(json, "type");
    if (!type) return Corrupt("a type is neither a name, nor a union, nor an object with 'type'");
    const auto word = AsText(*type);
    if (!word) return Read(*type, depth + 1);
    Node node;
    if (const auto logical = FindMember(json, "logicalType"))
      node.logical = AsText(*logical).value_or("");
    if (const auto name = FindMember(json, "name")) node.name = AsText(*name).value_or("");
    if (*word == "record") return Record(json, std::move(node), depth);
    if (*word == "array" || *word == "map") {
      const auto items = FindMember(json, *word == "array" ? "items" : "values");
      if (!items) return Corrupt("an array or map says nothing of its items");
      WEIR_ASSIGN(Node item, Read(*items, depth + 1));
      node.kind = *word == "array" ? Kind::kArray : Kind::kMap;
      node.children.push_back(std::move(item));
      return node;
    }
    if (*word == "fixed") {
      WEIR_ASSIGN(const int64_t size, IntMember(json, "size"));
      if (size < 1 || size > 1'000'000)
        return Corrupt("a fixed type has the size " + std::to_string(size));
      node.kind = Kind::kFixed;
      node.size = static_cast<size_t>(size);
      leaves_[node.name] = node;
      return node;
    }
    if (*word == "enum") {
      node.kind = Kind::kEnum;
      leaves_[node.name] = node;
      return node;
    }
    WEIR_ASSIGN(Node named, Named(std::string(*word)));
    if (!node.logical.empty()) named.logical = node.logical;
    return named;
  }

 private:
  Result<Node> Named(const std::string& word) const {
    static constexpr std::pair<std::string_view, Kind> kPrimitives[] = {
        {"null", Kind::kNull},   {"boolean", Kind::kBoolean}, {"int", Kind::kInt},
        {"long", Kind::kLong},   {"float", Kind::kFloat},     {"double", Kind::kDouble},
        {"bytes", Kind::kBytes}, {"string", Kind::kString}};
    Node node;
    for (const auto& [name, kind] : kPrimitives) {
      if (name != word) continue;
      node.kind = kind;
      return node;
    }
    // References to records could make a small schema describe a huge one; no writer makes them.
    if (const auto leaf = leaves_.find(word); leaf != leaves_.end()) return leaf->second;
    return Corrupt("the schema names an unknown type");
  }

  Result<Node> Union(Json json, int depth) {
    Node node;
    node.kind = Kind::kUnion;
    simdjson::dom::array branches;
    if (json.get(branches) != simdjson::SUCCESS) return Corrupt("a union is not an array");
    for (const Json branch : branches) {
      WEIR_ASSIGN(Node child, Read(branch, depth + 1));
      if (child.kind == Kind::kUnion) return Corrupt("a union stands directly in a union");
      node.children.push_back(std::move(child));
    }
    if (node.children.empty()) return Corrupt("a union has no branches");
    return node;
  }

  Result<Node> Record(Json json, Node node, int depth) {
    node.kind = Kind::kRecord;
    WEIR_ASSIGN(const simdjson::dom::array fields, ArrayMember(json, "fields"));
    for (const Json field : fields) {
      const auto type = FindMember(field, "type");
      if (!type) return Corrupt("a field of a record has no type");
      WEIR_ASSIGN(Node child, Read(*type, depth + 1));
      int32_t id = -1;
      if (FindMember(field, "field-id")) {
        WEIR_ASSIGN(id, Int32Member(field, "field-id"));
      }
      node.children.push_back(std::move(child));
      node.field_ids.push_back(id);
    }
    return node;
  }

  size_t nodes_ = 0;
  std::map<std::string, Node> leaves_;
};

}  // namespace

std::unexpected<Error> Corrupt(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "iceberg.avro_corrupt", why);
}

Result<Node> ParseSchema(std::string_view json) {
  const auto parsed = JsonText::Parse(json);
  if (!parsed) return Corrupt("the schema: " + parsed.error().message);
  auto node = SchemaReader().Read(parsed->root(), 0);
  if (!node) return Corrupt("the schema: " + node.error().message);
  return node;
}

int64_t Cursor::Varint() {
  uint64_t bits = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ == bytes_.size()) break;
    const auto byte = static_cast<unsigned char>(bytes_[at_++]);
    if (shift == 63 && byte > 1) break;
    bits |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0)
      return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
  }
  Fault();
  return 0;
}

std::string_view Cursor::Take(size_t count) {
  if (count > bytes_.size() - at_) {
    Fault();
    return {};
  }
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

const Node& Cursor::Branch(const Node& node) {
  static const Node kNothing;
  if (node.kind != Kind::kUnion) return node;
  const int64_t branch = Varint();
  if (failed_ || branch < 0 || static_cast<uint64_t>(branch) >= node.children.size()) {
    Fault();
    return kNothing;
  }
  return node.children[static_cast<size_t>(branch)];
}

std::optional<int64_t> Cursor::Whole(const Node& node) {
  const Node& branch = Branch(node);
  if (branch.kind == Kind::kNull) return std::nullopt;
  if (branch.kind != Kind::kInt && branch.kind != Kind::kLong) Fault();
  return Varint();
}

std::optional<bool> Cursor::Flag(const Node& node) {
  const Node& branch = Branch(node);
  if (branch.kind == Kind::kNull) return std::nullopt;
  if (branch.kind != Kind::kBoolean) Fault();
  const std::string_view byte = Take(1);
  return !byte.empty() && byte.front() != '\0';
}

std::optional<double> Cursor::Real(const Node& node) {
  const Node& branch = Branch(node);
  if (branch.kind == Kind::kNull) return std::nullopt;
  if (branch.kind != Kind::kFloat && branch.kind != Kind::kDouble) Fault();
  const std::string_view bytes = Take(branch.kind == Kind::kFloat ? 4 : 8);
  if (failed_) return 0.0;
  if (bytes.size() == 4) {
    float value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  double value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

std::optional<std::string_view> Cursor::Bytes(const Node& node) {
  const Node& branch = Branch(node);
  switch (branch.kind) {
    case Kind::kNull:
      return std::nullopt;
    case Kind::kFixed:
      return Take(branch.size);
    case Kind::kBytes:
    case Kind::kString: {
      const int64_t length = Varint();
      if (length < 0) Fault();
      return Take(failed_ ? 0 : static_cast<size_t>(length));
    }
    default:
      Fault();
      return std::string_view{};
  }
}

bool Cursor::Record(const Node& node, const std::function<void(const Node&, int32_t)>& field) {
  const Node& branch = Branch(node);
  if (branch.kind == Kind::kNull) return false;
  if (branch.kind != Kind::kRecord) Fault();
  for (size_t i = 0; i < branch.children.size() && !failed_; ++i)
    field(branch.children[i], branch.field_ids[i]);
  return true;
}

void Cursor::Blocks(const std::function<void()>& item) {
  for (int64_t count = Varint(); count != 0 && !failed_; count = Varint()) {
    if (count < 0) {
      Varint();  // The block's size in bytes, for those who skip.
      count = count == std::numeric_limits<int64_t>::min() ? 0 : -count;
    }
    for (int64_t i = 0; i < count && !failed_; ++i) {
      const size_t before = at_;
      item();
      // Every item takes a byte at least, or a few bytes could ask for endless work.
      if (at_ == before) Fault();
    }
  }
}

bool Cursor::Array(const Node& node, const std::function<void(const Node&)>& item) {
  const Node& branch = Branch(node);
  if (branch.kind == Kind::kNull) return false;
  if (branch.kind != Kind::kArray) {
    Fault();
    return false;
  }
  Blocks([&] { item(branch.children.front()); });
  return true;
}

void Cursor::Skip(const Node& node) {
  const Node& branch = Branch(node);
  if (failed_) return;
  switch (branch.kind) {
    case Kind::kNull:
      return;
    case Kind::kBoolean:
      Take(1);
      return;
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum:
      Varint();
      return;
    case Kind::kFloat:
      Take(4);
      return;
    case Kind::kDouble:
      Take(8);
      return;
    case Kind::kBytes:
    case Kind::kString:
    case Kind::kFixed:
      Bytes(branch);
      return;
    case Kind::kRecord:
      for (const Node& child : branch.children)
        if (!failed_) Skip(child);
      return;
    case Kind::kArray:
      Blocks([&] { Skip(branch.children.front()); });
      return;
    case Kind::kMap:
      Blocks([&] {
        Node key;
        key.kind = Kind::kString;
        Bytes(key);
        Skip(branch.children.front());
      });
      return;
    case Kind::kUnion:
      Fault();
      return;
  }
}

Result<Container> Open(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return Corrupt("not an Avro container file");
  Cursor cursor(bytes.substr(kMagic.size()));
  Container container;
  Node text;
  text.kind = Kind::kBytes;
  Node map;
  map.kind = Kind::kArray;  // A map is an array of keys and values, read as pairs.
  map.children.push_back(text);
  cursor.Array(map, [&](const Node& node) {
    const std::string key(cursor.Bytes(node).value_or(""));
    container.header[key] = cursor.Bytes(node).value_or("");
  });
  container.sync = cursor.Take(kSyncBytes);
  if (cursor.failed()) return Corrupt("the file's header is cut off or broken");
  container.blocks =
      bytes.substr(static_cast<size_t>(container.sync.data() - bytes.data()) + kSyncBytes);
  const auto schema = container.header.find("avro.schema");
  if (schema == container.header.end()) return Corrupt("the file's header has no schema");
  WEIR_ASSIGN(container.schema, ParseSchema(schema->second));
  if (container.schema.kind != Kind::kRecord) return Corrupt("the file does not hold records");
  const auto codec = container.header.find("avro.codec");
  container.codec = codec == container.header.end() ? "null" : codec->second;
  return container;
}

Result<void> ReadRecords(const Container& container, const std::function<void(Cursor&)>& record) {
  Cursor file(container.blocks);
  size_t unpacked = 0;
  while (!file.at_end()) {
    const int64_t count = file.Varint();
    const int64_t size = file.Varint();
    if (count < 0 || size < 0) return Corrupt("a block has a negative length");
    const std::string_view packed = file.Take(static_cast<size_t>(size));
    const std::string_view sync = file.Take(kSyncBytes);
    if (file.failed()) return Corrupt("the file is cut off inside a block");
    if (sync != container.sync) return Corrupt("a block does not end where it says");
    WEIR_ASSIGN(const std::string bytes, Unpack(container.codec, packed));
    unpacked += bytes.size();
    if (unpacked > kFileBytesMax) return Corrupt("the file unpacks to more than 1 GiB");
    Cursor cursor(bytes);
    for (int64_t i = 0; i < count; ++i) {
      if (cursor.at_end()) return Corrupt("a block holds fewer records than it says");
      const size_t before = cursor.position();
      record(cursor);
      if (cursor.failed() || cursor.position() == before) return Corrupt("a record is broken");
    }
    if (!cursor.at_end()) return Corrupt("a block holds more than its records");
  }
  return {};
}

}  // namespace weir::iceberg::avro
