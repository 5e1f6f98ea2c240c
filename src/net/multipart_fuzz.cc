// Any bytes as multipart/form-data with the boundary "x": no crash, and every cutting gives the
// same parts.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/multipart.h"

namespace {

using weir::net::MultipartReader;

// The events as one text.
std::string Parts(std::string_view bytes, size_t cut) {
  auto reader = MultipartReader::Make("multipart/form-data; boundary=x");
  WEIR_CHECK(reader.has_value());
  std::string text;
  for (size_t from = 0; from < bytes.size(); from += cut) {
    std::string_view piece = bytes.substr(from, cut);
    while (true) {
      const auto event = reader->Next(piece);
      if (!event) return text + "\x01refused";
      using Kind = MultipartReader::Event::Kind;
      if (event->kind == Kind::kNeedMore) break;
      if (event->kind == Kind::kPart)
        text += "\x01part " + event->part.name + "\x01" + event->part.filename + "\x01" +
                event->part.content_type + "\x01";
      text += event->bytes;
      if (event->kind == Kind::kPartEnd)
        text +=
            "\x01"
            "end";
      if (event->kind == Kind::kDone)
        text +=
            "\x01"
            "done";
    }
    WEIR_CHECK(piece.empty());
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Parts(bytes, size + 1);
  for (const size_t cut : {size_t{1}, size_t{2}, size_t{7}}) WEIR_CHECK(Parts(bytes, cut) == whole);
  // What Content-Type may say.
  (void)MultipartReader::Make(bytes);
  return 0;
}
