// Texts in other encodings, read as UTF-8 while they stream.
//
// What has no character stays recognisable and is no UTF-8, so that the cell which holds it is
// refused (text.utf8) with its bytes: half of a surrogate pair becomes its three bytes, a byte that
// windows-1252 does not define stays as it is. An input that ends within a character of UTF-16
// gives all before it and then the error input.corrupt (kCorrupt). Other errors are those of the
// inner reader. The bytes delivered depend on the input alone, not on how it is read.
#pragma once

#include <memory>

#include "env/bytes.h"
#include "format/format_spec.h"

namespace weir::format {

struct OpenedText {
  std::unique_ptr<env::ByteReader> reader;
  Encoding encoding = Encoding::kUtf8;  // As found: never kUtf16.
};

// A byte-order mark at the beginning of `bytes` says the encoding, else it is `declared`; kUtf16
// without a mark is big-endian where the first byte is 0, else little-endian. A mark is delivered
// as that of UTF-8. UTF-8 passes through unchecked.
Result<OpenedText> OpenText(std::unique_ptr<env::ByteReader> bytes, Encoding declared);

// The same where the encoding is known; not kUtf16.
std::unique_ptr<env::ByteReader> ReadAsUtf8(std::unique_ptr<env::ByteReader> bytes,
                                            Encoding encoding);

}  // namespace weir::format
