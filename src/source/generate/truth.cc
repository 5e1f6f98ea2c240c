#include <algorithm>
#include <nlohmann/json.hpp>

#include "source/generate/truth_internal.h"

namespace weir::source {
namespace {

std::string NameOf(DefectKind kind, const std::vector<DefectSpec>& specs) {
  const auto found = std::ranges::find(specs, kind, &DefectSpec::kind);
  return found == specs.end() ? std::string() : found->text;
}

}  // namespace

Truth::Truth(const std::vector<DefectSpec>& specs, Heading heading,
             std::unique_ptr<env::ByteWriter> to)
    : heading_(std::move(heading)), to_(std::move(to)) {
  for (const DefectSpec& spec : specs) defects_[spec.text] = 0;
  duplicate_ = NameOf(DefectKind::kDuplicate, specs);
  corrupt_ = NameOf(DefectKind::kCorruptFile, specs);
  nlohmann::ordered_json head = {{"schema", "weir.gen_truth/1"},
                                 {"file", heading_.path.substr(heading_.path.rfind('/') + 1)},
                                 {"format", format::ToText(heading_.format)},
                                 {"seed", heading_.seed}};
  text_ = head.dump();
  text_.back() = ',';
  text_ += " \"flaws\": [";
}

void Truth::Add(const Flaw& flaw) {
  const auto has = [&](const std::string& kind) {
    return !kind.empty() && std::ranges::find(flaw.kinds, kind) != flaw.kinds.end();
  };
  if (has(duplicate_)) {
    ++defects_[duplicate_];
  } else if (has(corrupt_)) {
    ++defects_[corrupt_];
  } else {
    for (const std::string& kind : flaw.kinds) ++defects_[kind];
    ++flawed_rows_;
  }
  if (to_ == nullptr) return;
  const nlohmann::ordered_json line = {
      {"line", flaw.line}, {"row", flaw.row}, {"kinds", flaw.kinds}};
  text_ += (has_flaw_ ? ",\n " : "\n ") + line.dump();
  has_flaw_ = true;
}

Result<void> Truth::Flush() {
  if (to_ == nullptr) return {};
  WEIR_TRY(to_->Write(text_));
  text_.clear();
  return {};
}

Result<void> Truth::Finish(uint64_t rows, uint64_t lost) {
  clean_ = rows - lost - flawed_rows_;
  const uint64_t copies = duplicate_.empty() ? 0 : defects_[duplicate_];
  nlohmann::ordered_json tail = {{"first_row", heading_.first_row},
                                 {"rows", rows},
                                 {"records", rows - lost + copies + (lost > 0 ? 1 : 0)},
                                 {"clean", clean_},
                                 {"lost", lost},
                                 {"defects", defects_}};
  text_ += std::string(has_flaw_ ? "\n]," : "],") + "\n " + tail.dump().substr(1) + "\n";
  if (to_ == nullptr) return {};
  WEIR_TRY(Flush());
  return to_->Finish();
}

}  // namespace weir::source
