#include <algorithm>

#include "base/units.h"
#include "infer/evidence_internal.h"

namespace weir::infer {

using columnar::Kind;

namespace {
constexpr int kDecimalDigits = 38;
}

void JsonEvidence::AddWhole(std::string_view digits, bool fits) {
  ++whole_;
  fits_bigint_ = fits_bigint_ && fits;
  digits_ = std::max(digits_, static_cast<int>(digits.size()));
}

Finding JsonEvidence::Conclude() const {
  const uint64_t numbers = whole_ + fractions_;
  const uint64_t all = bools_ + numbers + nested_ + texts_.values();
  const auto plain = [](Kind kind) {
    return Finding{.type = TypeOf(kind), .format = {}, .seen = {}};
  };
  if (all == 0) return texts_.Conclude(false);
  if (nested_ == all) return plain(Kind::kJson);
  if (nested_ != 0) {
    Finding finding = plain(Kind::kJson);
    finding.seen = FormatCount(nested_) + " of " + FormatCount(all) +
                   " are objects or lists, the others are not";
    return finding;
  }
  if (bools_ == all) return plain(Kind::kBool);
  if (whole_ == all && !fits_bigint_) {
    Finding finding = plain(digits_ <= kDecimalDigits ? Kind::kDecimal : Kind::kVarchar);
    finding.type.precision = digits_ <= kDecimalDigits ? kDecimalDigits : 0;
    finding.seen = "whole numbers that no bigint holds";
    return finding;
  }
  if (numbers == all) return plain(whole_ == all && fits_bigint_ ? Kind::kBigint : Kind::kDouble);
  if (texts_.values() == all) return texts_.Conclude(false);
  Finding finding = plain(Kind::kVarchar);
  struct Counted {
    uint64_t count;
    const char* one;
    const char* many;
  };
  for (const Counted& counted :
       {Counted{texts_.values(), "text", "texts"}, Counted{numbers, "number", "numbers"},
        Counted{bools_, "true or false", "true or false"}})
    if (counted.count != 0)
      finding.seen += (finding.seen.empty() ? "" : ", ") +
                      FormatCount(counted.count, counted.one, counted.many);
  return finding;
}

}  // namespace weir::infer
