// The entry of a request in the log: any bytes are read without harm, and what is read is written
// as the same bytes again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/http/request_record_internal.h"
#include "source/http/request_split_internal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::source;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)ParseReceipt(input);
  (void)ParseVersion(input);
  const auto request = DecodeRequest(input);
  if (!request) return 0;
  std::string head;
  EncodeRequest(request->record, head);
  head += request->body;
  const auto again = DecodeRequest(head);  // Views into it.
  if (!again || again->body != request->body || again->record.values != request->record.values ||
      again->record.text_bytes != request->record.text_bytes)
    std::abort();
  return 0;
}
