#include "pipeline/letter_trial.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "source/files/files_source.h"

namespace weir::pipeline {
namespace {

source::Letter Csv(const char* id, std::string raw) {
  source::Letter letter;
  letter.id = id;
  letter.source = "in/a.csv";
  letter.raw_length = raw.size();
  letter.raw = std::move(raw);
  letter.read_as = source::ReadAs{};
  letter.read_as->format.kind = format::FormatKind::kCsv;
  letter.read_as->found.csv_header = {"id", "kind"};
  return letter;
}

contract::ContractSpec Spec() {
  contract::ContractSpec spec;
  spec.columns = {contract::ParseColumn("id", "bigint not null").value(),
                  contract::ParseColumn("kind", "varchar").value()};
  spec.rules.resize(2);
  spec.rules[0].name = "known";
  spec.rules[0].expect.value = "kind <> 'bad'";
  spec.rules[1].name = "tests";
  spec.rules[1].expect.value = "kind <> 'test'";
  spec.rules[1].on_fail = contract::OnFail::kDrop;
  return spec;
}

TEST(TryRecords, SaysOfEachLetterWhatTheContractSaysToday) {
  const auto engine = engine::Engine::Open({}).value();
  const auto session = engine->NewSession().value();
  const contract::ContractSpec spec = Spec();
  const auto contract = contract::Contract::Compile(spec, *session).value();
  const auto files = source::MakeFilesSource({.files = env::SystemFiles(),
                                              .clock = env::SystemClock(),
                                              .watches = nullptr,
                                              .columns = &spec.columns,
                                              .folder = "/nowhere",
                                              .pipeline = "orders"},
                                             {});
  source::LetterReader reader(*files, spec.columns);
  source::Letter mended = Csv("e", "x,view");
  mended.fix = source::Fix{.raw = "5,view", .header = {}, .set = {}};
  const std::vector<source::Letter> letters = {
      Csv("a", "1,view"), Csv("b", "x,view"), Csv("c", "2,test"), Csv("d", "3,bad"), mended,
      Csv("f", "6,\"un")};
  const TriedLetters tried = TryRecords(reader, *contract, letters, {1}).value();
  using enum TrialOutcome;
  const std::vector<TrialOutcome> outcomes = {kPasses,   kStillBad, kFiltered,
                                              kStillBad, kPasses,   kStillBad};
  const std::vector<const char*> reasons = {"", "type.bigint", "", "rule.known", "", "csv.quote"};
  ASSERT_EQ(tried.trials.size(), letters.size());
  for (size_t i = 0; i < letters.size(); ++i) {
    EXPECT_EQ(tried.trials[i].outcome, outcomes[i]) << letters[i].id;
    EXPECT_EQ(tried.trials[i].reason.code, reasons[i]) << letters[i].id;
  }
  EXPECT_EQ(tried.accepted_letters, (std::vector<size_t>{0, 4}));
  EXPECT_EQ(tried.checked.accepted->num_rows(), 2);
}

}  // namespace
}  // namespace weir::pipeline
