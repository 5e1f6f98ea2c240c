// What decoder.h promises, over both decoders: an independent, slow reading of the formats says
// where records are; every way of cutting an input gives them; damage costs what the rules say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "format/compress_check_internal.h"
#include "format/decoder_check_internal.h"
#include "format/fuzz_input_internal.h"
#include "format/slow_reading_check_internal.h"

namespace weir::format {
namespace {

using columnar::ColumnSpec;
using nlohmann::json;

struct Format {
  FormatKind kind = FormatKind::kCsv;
  std::vector<ColumnSpec> columns;
  std::string input;
};

// A few records with everything that makes cutting hard.
Format Sample(FormatKind kind) {
  Format format;
  format.kind = kind;
  format.columns = {Column("a", "varchar"), Column("b", "bigint"), Column("c", "varchar")};
  if (kind == FormatKind::kCsv) {
    format.input =
        "a,b,u,c\r\n"
        "plain,1,2,3\r\n"
        "\n"
        "\"quoted, with \"\"quotes\"\"\",-42,,\"\"\n"
        "\"two\nlines\",7,\"u\n\n\",\"x\"\r\n"
        "é€😀,9223372036854775807,null,\"\"\"\"\n"
        "short\n"
        "not a number,x,,y\n"
        ",,,\n"
        "\"a\"b,1,2,3\n"
        "last,2,\",\",\"no line end\"";
  } else {
    format.input =
        "{\"a\":\"plain\",\"b\":1,\"c\":\"3\"}\r\n"
        "\n"
        "{\"b\":-42, \"a\":\"q\\\"uo\\u00e9ted\" , \"u\":[1,{\"k\":null}]}\n"
        "{\"a\":\"é€😀\",\"b\":9223372036854775807}\n"
        "{}\r\n"
        "{\"a\":1.50,\"b\":\"7\",\"c\":true}\n"
        "[1]\n"
        "{\"a\":\"x\",\"b\":\"x\"}\n"
        "{\"a\":\"torn\n"
        "  {\"a\":null,\"b\":null,\"c\":null}  \n"
        "{\"c\":\"last\",\"a\":\"no line end\"}";
  }
  return format;
}

std::vector<Expected> ReadSlowly(const Format& format, const std::string& bytes,
                                 size_t record_bytes_max = kRecordBytesMax) {
  return format.kind == FormatKind::kCsv ? ReadCsvSlowly(bytes, record_bytes_max)
                                         : ReadNdjsonSlowly(bytes, record_bytes_max);
}

SeenInput Read(const Format& format, std::string_view bytes, const Cutting& cutting = {}) {
  FormatSpec spec;
  spec.kind = format.kind;
  spec.compression = Compression::kNone;
  return ReadInput(spec, format.columns, bytes, bytes, cutting);
}

std::vector<Cutting> EveryCutting() {
  std::vector<Cutting> cuttings;
  for (const uint64_t rows : {1, 2, 1000})
    for (const uint64_t bytes : {1, 30, 100000})
      for (const size_t chunk_bytes : {1, 64, 100000})
        for (const size_t read_bytes : {0, 3})
          for (const bool restart : {false, true}) {
            Cutting cutting;
            cutting.limits = {.rows = rows, .bytes = bytes};
            cutting.chunk_bytes = chunk_bytes;
            cutting.read_bytes = read_bytes;
            cutting.restart = restart;
            cuttings.push_back(cutting);
          }
  return cuttings;
}

// The row's values against the slow reading's.
void CheckCsvValues(const SeenRecord& seen, const Expected& expected, size_t header_fields) {
  ASSERT_EQ(expected.fields.size(), header_fields);
  const json row = json::parse(
      seen.values.substr(
          0, seen.values.find("} ") == kNowhere ? kNowhere : seen.values.find("} ") + 1),
      nullptr, false);
  if (row.is_discarded()) return;  // "} " within a value.
  const auto compare = [&](const char* column, size_t field) {
    if (row[column].is_null()) return;  // Null, or a fault.
    ASSERT_TRUE(expected.fields[field].has_value()) << column;
    EXPECT_EQ(row[column].get<std::string>(), *expected.fields[field]) << column;
  };
  compare("a", 0);
  compare("c", 3);
}

void CheckNdjsonVerdict(const SeenRecord& seen, std::string_view line) {
  const bool json_text = Judge::Accepts(line);
  if (!seen.broken) {
    EXPECT_TRUE(json_text) << line;
  } else if (seen.code == "json.syntax" || seen.code == "text.utf8") {
    EXPECT_FALSE(json_text) << line << " " << seen.values;
  } else if (seen.code == "json.not_object") {
    EXPECT_TRUE(json_text && line[line.find_first_not_of(" \t\r")] != '{') << line;
  }
}

// Fast and slow reading must agree on every record.
void CheckAgainstSlowReading(const Format& format, const std::string& bytes, const SeenInput& seen,
                             size_t record_bytes_max = kRecordBytesMax) {
  const std::vector<Expected> expected = ReadSlowly(format, bytes, record_bytes_max);
  ASSERT_EQ(seen.records.size(), expected.size()) << bytes;
  for (size_t i = 0; i < expected.size(); ++i) {
    const SeenRecord& record = seen.records[i];
    ASSERT_EQ(record.offset, expected[i].offset) << bytes;
    ASSERT_EQ(record.length, expected[i].length) << bytes;
    if (!expected[i].code.empty()) {
      ASSERT_EQ(record.code, expected[i].code) << bytes;
    } else if (format.kind == FormatKind::kCsv) {
      ASSERT_TRUE(!record.broken || record.code == "text.utf8") << record.code << "\n" << bytes;
      if (!record.broken) CheckCsvValues(record, expected[i], expected[i].fields.size());
    } else {
      CheckNdjsonVerdict(record, std::string_view(bytes).substr(record.offset, record.length));
    }
  }
}

class BothFormats : public testing::TestWithParam<FormatKind> {};

INSTANTIATE_TEST_SUITE_P(Decoder, BothFormats,
                         testing::Values(FormatKind::kCsv, FormatKind::kNdjson),
                         [](const auto& suite) { return std::string(ToText(suite.param)); });

TEST_P(BothFormats, TheSampleIsReadAsTheSlowReadingReadsIt) {
  const Format format = Sample(GetParam());
  const SeenInput seen = Read(format, format.input);
  EXPECT_GT(seen.records.size(), 8U);
  CheckAgainstSlowReading(format, format.input, seen);
  CheckRecords(seen, format.input, seen.records.front().offset);
}

TEST_P(BothFormats, AnyCuttingGivesTheSameRecords) {
  const Format format = Sample(GetParam());
  const SeenInput expected = Read(format, format.input);
  for (const Cutting& cutting : EveryCutting())
    EXPECT_EQ(Read(format, format.input, cutting), expected)
        << cutting.limits.rows << " rows, " << cutting.limits.bytes << " bytes, chunks of "
        << cutting.chunk_bytes;
}

// The sample in another encoding or with other line ends and delimiters.
struct CsvVariation {
  std::string name;
  std::string bytes;
  Encoding encoding = Encoding::kUtf8;
};

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != kNowhere; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string Utf16Of(std::string_view latin_1) {
  std::string bytes = "\xFF\xFE";
  for (const char c : latin_1) {
    bytes += c;
    bytes += '\0';
  }
  return bytes;
}

TEST(Decoder, AnyCuttingOfACsvGivesTheSameRecordsWhateverItsBeginningTells) {
  const std::string sample = Replaced(Sample(FormatKind::kCsv).input, "é€😀", "\xE9");
  const std::string cr = Replaced(Replaced(sample, "\r\n", "\n"), "\n", "\r");
  const std::vector<CsvVariation> variations = {
      {"UTF-16", Utf16Of(sample)},
      {"torn UTF-16", Utf16Of(sample) + "x"},
      {"windows-1252", sample + "\x81\n", Encoding::kWindows1252},
      {"CR", cr, Encoding::kLatin1},
      {"CR, then all line ends", cr + "\rx,1,2,3\r\ny,1,2,3\nz,1,2,3\r", Encoding::kLatin1},
      {"semicolons", Replaced(sample, ",", ";"), Encoding::kLatin1},
      {"UTF-16, CR, pipes", Utf16Of(Replaced(cr, ",", "|"))},
      {"a header that fits nothing", "x" + sample.substr(7), Encoding::kLatin1},
      {"a header that fits nothing, torn UTF-16", Utf16Of("x,y\n" + sample) + "x"},
  };
  for (const CsvVariation& variation : variations) {
    FormatSpec spec;
    spec.kind = FormatKind::kCsv;
    spec.csv = CsvOptions::OfInput();
    spec.csv.encoding = variation.encoding;
    const std::vector<ColumnSpec> columns = Sample(FormatKind::kCsv).columns;
    const std::string plain = AsUtf8(variation.bytes, variation.encoding);
    const SeenInput expected = ReadInput(spec, columns, variation.bytes, plain, {});
    EXPECT_EQ(expected.error, "") << variation.name;
    ASSERT_FALSE(expected.records.empty()) << variation.name;
    if (!variation.name.starts_with("a header")) {
      EXPECT_GT(expected.records.size(), 8U) << variation.name;
    }
    CheckRecords(expected, plain, expected.records.front().offset);
    for (const Cutting& cutting : EveryCutting())
      ASSERT_EQ(ReadInput(spec, columns, variation.bytes, plain, cutting), expected)
          << variation.name << ", " << cutting.limits.rows << " rows, " << cutting.limits.bytes
          << " bytes, chunks of " << cutting.chunk_bytes;
    for (size_t bound = 3; bound < 40; ++bound) {
      Cutting whole;
      whole.record_bytes_max = bound;
      const SeenInput bounded = ReadInput(spec, columns, variation.bytes, plain, whole);
      CheckRecords(bounded, plain, bounded.records.front().offset);
      for (const size_t chunk_bytes : {1, 2, 64}) {
        Cutting cutting = whole;
        cutting.chunk_bytes = chunk_bytes;
        cutting.limits.rows = 1 + bound % 3;
        cutting.restart = bound % 2 == 0;
        ASSERT_EQ(ReadInput(spec, columns, variation.bytes, plain, cutting), bounded)
            << variation.name << ", bound " << bound << ", chunks of " << chunk_bytes;
      }
    }
  }
}

TEST_P(BothFormats, AnyCuttingOfACompressedInputGivesTheSameRecords) {
  const Format format = Sample(GetParam());
  SeenInput expected = Read(format, format.input);
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const size_t half = format.input.size() / 2;
    const std::string packed = Compressed(format.input.substr(0, half), compression) +
                               Compressed(format.input.substr(half), compression);
    FormatSpec spec;
    spec.kind = format.kind;
    expected.state.compression = compression;
    for (const Cutting& cutting : EveryCutting())
      ASSERT_EQ(ReadInput(spec, format.columns, packed, format.input, cutting), expected);
  }
}

TEST_P(BothFormats, ATornCompressedInputGivesItsReadableRecordsAndOneDeadLetter) {
  const Format format = Sample(GetParam());
  std::string plain;
  const size_t front = format.kind == FormatKind::kCsv ? format.input.find('\n') + 1 : 0;
  for (int i = 0; i < 20; ++i) plain += format.input.substr(i == 0 ? 0 : front) + "\n";
  const SeenInput whole = Read(format, plain);
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string packed = Compressed(plain, compression);
    FormatSpec spec;
    spec.kind = format.kind;
    for (size_t length = 5; length < packed.size(); length += packed.size() / 13) {
      const std::string torn = packed.substr(0, length);
      const SeenInput seen = ReadInput(spec, format.columns, torn, plain, {});
      EXPECT_TRUE(seen.state.ended);
      ASSERT_FALSE(seen.records.empty());
      const SeenRecord& last = seen.records.back();
      EXPECT_EQ(last.code, "object.corrupt");
      EXPECT_EQ(last.offset, seen.state.offset) << "in front of what is broken";
      // All before it are those of the whole input.
      ASSERT_LE(seen.records.size(), whole.records.size() + 1);
      for (size_t i = 0; i + 1 < seen.records.size(); ++i)
        EXPECT_EQ(seen.records[i], whole.records[i]);
      if (seen.records.size() <= whole.records.size()) {
        EXPECT_LE(last.offset, whole.records[seen.records.size() - 1].offset);
      }
      for (const Cutting& cutting :
           {Cutting{.limits = {.rows = 1, .bytes = 1},
                    .chunk_bytes = 3,
                    .read_bytes = 1,
                    .restart = false},
            Cutting{.limits = {.rows = 2, .bytes = 900}, .chunk_bytes = 50, .restart = true}})
        ASSERT_EQ(ReadInput(spec, format.columns, torn, plain, cutting), seen);
    }
  }
}

TEST_P(BothFormats, RecordsOverTheBoundAreCutAlikeInAnyCutting) {
  const Format format = Sample(GetParam());
  for (size_t bound = 3; bound < 60; ++bound) {
    Cutting whole;
    whole.record_bytes_max = bound;
    const std::string input =
        format.kind == FormatKind::kCsv ? "a,c\n" + format.input : format.input;
    const SeenInput expected = Read(format, input, whole);
    if (expected.error.empty()) {
      CheckRecords(expected, input, expected.records.front().offset);
      for (size_t i = 0; i < expected.records.size(); ++i) {
        const std::vector<Expected> slow = ReadSlowly(format, input, bound);
        ASSERT_EQ(slow.size(), expected.records.size()) << bound;
        EXPECT_EQ(slow[i].offset, expected.records[i].offset) << bound;
        EXPECT_EQ(slow[i].length, expected.records[i].length) << bound;
        EXPECT_EQ(slow[i].code == "record.too_long", expected.records[i].code == "record.too_long")
            << bound;
      }
    }
    // Another tenth of the cuttings for each bound.
    const std::vector<Cutting> cuttings = EveryCutting();
    for (size_t i = bound % 10; i < cuttings.size(); i += 10) {
      Cutting cutting = cuttings[i];
      cutting.record_bytes_max = bound;
      ASSERT_EQ(Read(format, input, cutting), expected) << "bound " << bound;
    }
  }
}

enum class Damage { kChanged, kRemoved, kDoubled };

std::string Damaged(std::string bytes, Damage damage, size_t at, std::mt19937_64& random) {
  constexpr std::string_view kTelling = "\"\",,\n\n\r\\{}[]:019-.eE+ut \t\xC3\xA9\xFF";
  switch (damage) {
    case Damage::kChanged:
      bytes[at] =
          random() % 2 == 0 ? kTelling[random() % kTelling.size()] : static_cast<char>(random());
      break;
    case Damage::kRemoved:
      bytes.erase(at, 1);
      break;
    case Damage::kDoubled:
      bytes.insert(at, 1, bytes[at]);
      break;
  }
  return bytes;
}

// Under a sanitizer each costs forty times as much; the fuzz targets look further than any of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kDamages = 500;
#else
constexpr int kDamages = 10'000;
#endif

TEST_P(BothFormats, TenThousandDamagesCostWhatTheRulesSay) {
  const Format format = Sample(GetParam());
  const SeenInput whole = Read(format, format.input);
  std::mt19937_64 random(20260501);
  const std::vector<Cutting> cuttings = EveryCutting();
  const size_t body = format.kind == FormatKind::kCsv ? format.input.find('\n') + 1 : 0;
  for (int i = 0; i < kDamages; ++i) {
    const auto damage = static_cast<Damage>(random() % 3);
    const size_t at = body + random() % (format.input.size() - body);
    const std::string bytes = Damaged(format.input, damage, at, random);
    const SeenInput seen = Read(format, bytes);
    ASSERT_EQ(seen.error, "");
    CheckAgainstSlowReading(format, bytes, seen);
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "mutation " << i;
    // What ended before the damage is as it was.
    size_t before = 0;
    while (before < whole.records.size() &&
           whole.records[before].offset + whole.records[before].length + 1 < at)
      ++before;
    for (size_t k = 0; k < before; ++k)
      ASSERT_EQ(seen.records.at(k), whole.records[k]) << "mutation " << i;
    // A line of NDJSON behind the damaged one too.
    if (format.kind == FormatKind::kNdjson) {
      size_t behind = 0;
      for (size_t k = seen.records.size(), n = whole.records.size(); k > 0 && n > 0;
           --k, --n, ++behind)
        if (seen.records[k - 1].values != whole.records[n - 1].values) break;
      EXPECT_GE(before + behind + 2, whole.records.size()) << "mutation " << i << "\n" << bytes;
    }
    if (i % 10 == 0) {
      ASSERT_EQ(Read(format, bytes, cuttings[static_cast<size_t>(i / 10) % cuttings.size()]), seen)
          << "mutation " << i;
    }
  }
}

TEST_P(BothFormats, RandomBytesHoldTheInvariants) {
  std::mt19937_64 random(7);
  constexpr std::string_view kAlphabet = "\"\",,\n\n\r{}[]:abcdefghijklmn01-.tfne\\ \xC3\xA9\xFF";
  for (int i = 0; i < 1'000; ++i) {
    std::string bytes;
    for (int k = 0; k < 4; ++k) bytes += static_cast<char>(random());
    if (random() % 2 == 0) bytes += GetParam() == FormatKind::kCsv ? "a,b,c\n" : "{\"a\":1,\"b\":";
    for (size_t k = random() % 200; k > 0; --k) bytes += kAlphabet[random() % kAlphabet.size()];
    FuzzDecoder(GetParam(), bytes);
  }
}

TEST_P(BothFormats, MemoryIsBoundedByManyFaultsAndWideContracts) {
  Format format;
  format.kind = GetParam();
  for (int i = 0; i < 200; ++i) format.columns.push_back(Column("c" + std::to_string(i), "bigint"));
  std::string row;
  std::string header;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "c" + std::to_string(i);
    header += (i == 0 ? "" : ",") + name;
    row += (i == 0 ? "" : ",");
    row += GetParam() == FormatKind::kCsv ? "x" : "\"" + name + "\":\"x\"";
  }
  std::string input = GetParam() == FormatKind::kCsv ? header + "\n" : "";
  for (int i = 0; i < 1'000; ++i)
    input += GetParam() == FormatKind::kCsv ? row + "\n" : "{" + row + "}\n";
  FormatSpec spec;
  spec.kind = GetParam();
  auto decoder = MakeDecoder(spec, format.columns, std::make_unique<env::MemoryReader>(input));
  size_t rows = 0;
  while (true) {
    auto batch = (*decoder)->Next({});
    ASSERT_TRUE(batch.has_value());
    if (!*batch) break;
    EXPECT_LE((*batch)->faults.size(), 66'000U);
    rows += (*batch)->positions.size();
  }
  EXPECT_EQ(rows, 1'000U);
}

TEST_P(BothFormats, AnErrorOfTheReaderEndsTheDecoderWhereItStood) {
  class Failing final : public env::ByteReader {
   public:
    explicit Failing(std::string bytes) : bytes_(std::move(bytes)) {}
    Result<size_t> Read(std::span<char> into) override {
      if (bytes_.empty()) return Fail(ErrorKind::kIo, "file.io", "the disk is gone");
      const size_t count = std::min(into.size(), bytes_.size());
      std::copy_n(bytes_.begin(), count, into.begin());
      bytes_.erase(0, count);
      return count;
    }

   private:
    std::string bytes_;
  };
  const Format format = Sample(GetParam());
  FormatSpec spec;
  spec.kind = GetParam();
  DecoderOptions options;
  options.chunk_bytes = 64;
  auto decoder = MakeDecoder(spec, format.columns,
                             std::make_unique<Failing>(format.input.substr(0, 150)), {}, options);
  DecoderState last;
  while (true) {
    const auto batch = (*decoder)->Next({});
    if (!batch) {
      EXPECT_EQ(batch.error().code, "file.io");
      break;
    }
    ASSERT_TRUE(batch->has_value());
    last = (*decoder)->state();
  }
  EXPECT_EQ((*decoder)->state().offset, last.offset);
  EXPECT_GT(last.offset, 0U);
}

TEST_P(BothFormats, AResumeBehindTheEndIsAConflict) {
  const Format format = Sample(GetParam());
  FormatSpec spec;
  spec.kind = GetParam();
  DecoderState state;
  state.offset = format.input.size() + 1;
  state.compression = Compression::kGzip;
  auto decoder =
      MakeDecoder(spec, format.columns, std::make_unique<env::MemoryReader>("\x1f\x8b"), state);
  EXPECT_FALSE((*decoder)->Next({}).has_value());
}

}  // namespace
}  // namespace weir::format
