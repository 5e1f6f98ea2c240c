#include <gtest/gtest.h>

#include <limits>

#include "iceberg/avro_internal.h"

namespace weir::iceberg::avro {
namespace {

constexpr const char* kSchema =
    R"({"type":"record","name":"r","fields":[
        {"name":"n","type":"long","field-id":1},
        {"name":"t","type":["null","string"],"default":null,"field-id":2}]})";

std::string File(int records) {
  ContainerWriter writer(kSchema, {{"k", "v"}});
  for (int i = 0; i < records; ++i) {
    writer.encoder().Whole(int64_t{i} * 1'000'003);
    if (i % 3 == 0) {
      writer.encoder().Null();
    } else {
      writer.encoder().Value();
      writer.encoder().Bytes("text " + std::to_string(i));
    }
    writer.EndRecord();
  }
  return writer.Finish();
}

Result<int64_t> SumOf(std::string_view bytes) {
  WEIR_ASSIGN(const Container container, Open(bytes));
  int64_t sum = 0;
  WEIR_TRY(ReadRecords(container, [&](Cursor& cursor) {
    cursor.Record(container.schema, [&](const Node& node, int32_t id) {
      if (id == 1)
        sum += cursor.Whole(node).value_or(0);
      else
        cursor.Skip(node);
    });
  }));
  return sum;
}

TEST(Avro, ReadsWhatItWrites) {
  for (const int records : {0, 1, 2, 1000, 100'000}) {
    const std::string bytes = File(records);
    EXPECT_EQ(Open(bytes)->header.at("k"), "v");
    EXPECT_EQ(SumOf(bytes).value(), int64_t{records} * (records - 1) / 2 * 1'000'003) << records;
  }
}

TEST(Avro, EqualRecordsGiveEqualBytes) { EXPECT_EQ(File(100), File(100)); }

TEST(Avro, NumbersAreZigZagVarints) {
  for (const int64_t number :
       {int64_t{0}, int64_t{-1}, int64_t{63}, int64_t{-64}, int64_t{64}, int64_t{300},
        std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    Encoder encoder;
    encoder.Whole(number);
    const std::string bytes = encoder.Release();
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.Varint(), number);
    EXPECT_TRUE(cursor.at_end());
  }
  Cursor endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  endless.Varint();
  EXPECT_TRUE(endless.failed());
}

TEST(Avro, AFileCutOffAnywhereIsAnError) {
  const std::string bytes = File(50);
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto sum = SumOf(std::string_view(bytes).substr(0, length));
    // A cut exactly behind the header leaves a file of no records, which is a file.
    if (sum) {
      EXPECT_EQ(*sum, 0);
    } else {
      EXPECT_EQ(sum.error().code, "iceberg.avro_corrupt");
    }
  }
}

TEST(Avro, AFlippedByteNeverReadsOutside) {
  const std::string bytes = File(50);
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned char mask : {0x01, 0x80, 0xff}) {
      std::string broken = bytes;
      broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ mask);
      if (!SumOf(broken)) ++refused;
    }
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(Avro, HostileLengthsEndInAnErrorAtOnce) {
  // An array that claims 2^62 items of no bytes each.
  Node empty;
  empty.kind = Kind::kRecord;
  Node array;
  array.kind = Kind::kArray;
  array.children.push_back(empty);
  Encoder encoder;
  encoder.Whole(int64_t{1} << 62);
  const std::string bytes = encoder.Release();
  Cursor cursor(bytes);
  cursor.Skip(array);
  EXPECT_TRUE(cursor.failed());
  // A text longer than the file.
  Encoder text;
  text.Whole(std::numeric_limits<int64_t>::max());
  const std::string long_text = text.Release();
  Cursor reader(long_text);
  Node node;
  node.kind = Kind::kString;
  reader.Bytes(node);
  EXPECT_TRUE(reader.failed());
}

TEST(Avro, SchemasThatLeadAstrayAreRefused) {
  const struct {
    const char* name;
    std::string schema;
  } cases[] = {
      {"no JSON", "{"},
      {"an unknown name", R"("nothing")"},
      {"a record that holds itself",
       R"({"type":"record","name":"r","fields":[{"name":"a","type":["null","r"],"field-id":1}]})"},
      {"deep nesting",
       [] {
         std::string text = R"("int")";
         for (int i = 0; i < 60; ++i) text = R"({"type":"array","items":)" + text + "}";
         return text;
       }()},
      {"an empty union", "[]"},
      {"a fixed of no bytes", R"({"type":"fixed","name":"f","size":0})"},
  };
  for (const auto& c : cases) {
    const auto schema = ParseSchema(c.schema);
    ASSERT_FALSE(schema) << c.name;
    EXPECT_EQ(schema.error().code, "iceberg.avro_corrupt") << c.name;
  }
}

TEST(Avro, ADeflateBombIsStopped) {
  const std::string packed = Deflate(std::string(kBlockBytesMax + 1, 'x'));
  EXPECT_LT(packed.size(), 1'000'000U);
  const auto unpacked = Unpack("deflate", packed);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().message, "a block unpacks to more than 64.0 MiB");
}

TEST(Avro, AnUnknownCodecIsNamed) {
  const auto unpacked = Unpack("bzip2", "x");
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code, "iceberg.avro_codec");
}

}  // namespace
}  // namespace weir::iceberg::avro
