#include <array>
#include <cstring>

#include "base/limits.h"
#include "source/http/request_record_internal.h"

namespace weir::source {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kStrictVersion = 2;  // A Weir that does not know kStrictFlag must not read it.
constexpr uint8_t kKeyed = 1;
constexpr uint8_t kAloneFlag = 2;
constexpr uint8_t kEndsLine = 4;
constexpr uint8_t kStrictFlag = 8;

template <class T>
void Put(std::string& into, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  into.append(bytes.data(), bytes.size());
}

void PutText(std::string& into, std::string_view text) {
  Put(into, static_cast<uint16_t>(text.size()));
  into += text;
}

// Takes values from the front of bytes, and remembers if there were too few.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T Take() {
    T value{};
    const std::string_view taken = TakeBytes(sizeof(T));
    if (taken.size() == sizeof(T)) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  std::string TakeText() { return std::string(TakeBytes(Take<uint16_t>())); }
  bool short_of() const { return short_; }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view TakeBytes(size_t count) {
    if (count > bytes_.size()) {
      short_ = true;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  bool short_ = false;
};

}  // namespace

void EncodeRequest(const RequestRecord& record, std::string& into) {
  uint8_t flags = record.key ? kKeyed : 0;
  if (record.joining == Joining::kAlone) flags |= kAloneFlag;
  if (record.ends_line) flags |= kEndsLine;
  const bool strict = record.handling == Handling::kStrict;
  if (strict) flags |= kStrictFlag;
  Put(into, strict ? kStrictVersion : kVersion);
  Put(into, static_cast<uint8_t>(record.format));
  Put(into, static_cast<uint8_t>(record.compression));
  Put(into, flags);
  Put(into, record.received_at.micros);
  Put(into, record.text_bytes);
  Put(into, record.text_lines);
  if (record.key) {
    Put(into, record.key->key.high);
    Put(into, record.key->key.low);
    Put(into, record.key->fingerprint);
  }
  PutText(into, record.name);
  Put(into, static_cast<uint16_t>(record.values.size()));
  for (const auto& [column, text] : record.values) {
    PutText(into, column);
    PutText(into, text);
  }
}

Result<DecodedRequest> DecodeRequest(std::string_view payload) {
  const auto corrupt = [] {
    return Fail(ErrorKind::kCorrupt, "http.entry", "an entry of the log is no request",
                "it may be of a newer Weir: use that one");
  };
  Taker taker(payload);
  DecodedRequest made;
  RequestRecord& record = made.record;
  const auto version = taker.Take<uint8_t>();
  const auto format = taker.Take<uint8_t>();
  const auto compression = taker.Take<uint8_t>();
  const auto flags = taker.Take<uint8_t>();
  const bool strict = (flags & kStrictFlag) != 0;
  if (version != (strict ? kStrictVersion : kVersion) ||
      format > static_cast<uint8_t>(format::FormatKind::kJson) ||
      compression > static_cast<uint8_t>(format::Compression::kZstd))
    return corrupt();
  record.format = static_cast<format::FormatKind>(format);
  record.compression = static_cast<format::Compression>(compression);
  record.joining = (flags & kAloneFlag) != 0 ? Joining::kAlone : Joining::kJoins;
  record.handling = strict ? Handling::kStrict : Handling::kLenient;
  record.ends_line = (flags & kEndsLine) != 0;
  record.received_at.micros = taker.Take<int64_t>();
  record.text_bytes = taker.Take<uint64_t>();
  record.text_lines = taker.Take<uint64_t>();
  if ((flags & kKeyed) != 0) {
    KeyRecord key;
    key.key.high = taker.Take<uint64_t>();
    key.key.low = taker.Take<uint64_t>();
    key.fingerprint = taker.Take<uint64_t>();
    record.key = key;
  }
  record.name = taker.TakeText();
  const auto values = taker.Take<uint16_t>();
  for (uint16_t i = 0; i < values && !taker.short_of(); ++i) {
    std::string column = taker.TakeText();
    record.values.emplace_back(std::move(column), taker.TakeText());
  }
  if (taker.short_of()) return corrupt();
  made.body = taker.rest();
  return made;
}

}  // namespace weir::source
