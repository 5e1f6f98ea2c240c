#include "contract/rule_alone_internal.h"

#include "arrow/array.h"
#include "arrow/record_batch.h"

namespace weir::contract {
namespace {

constexpr int64_t kTriedRows = 16;  // A failing piece of a batch is halved down to so many.

std::vector<engine::Parameter> TimeParameter(const engine::Statement& statement, Instant now) {
  if (statement.parameters().empty()) return {};
  columnar::Type type;
  type.kind = columnar::Kind::kTimestamptz;
  return {{.name = "weir_now", .type = std::move(type), .text = FormatInstant(now)}};
}

}  // namespace

Result<std::vector<Finding>> ReadFindings(engine::Statement& statement, Instant now,
                                          uint32_t first_rule) {
  WEIR_ASSIGN(const auto stream, statement.Query(TimeParameter(statement, now)));
  std::vector<Finding> findings;
  for (;;) {
    WEIR_ASSIGN(const auto batch, stream->Next());
    if (batch == nullptr) return findings;
    const auto& rows = static_cast<const arrow::Int32Array&>(*batch->column(0));
    for (int64_t i = 0; i < batch->num_rows(); ++i)
      for (int column = 1; column < batch->num_columns(); ++column) {
        const auto verdict = static_cast<const arrow::Int32Array&>(*batch->column(column)).Value(i);
        if (verdict == static_cast<int32_t>(Verdict::kHolds)) continue;
        findings.push_back({.row = static_cast<uint32_t>(rows.Value(i)),
                            .rule = first_rule + static_cast<uint32_t>(column - 1),
                            .verdict = static_cast<Verdict>(verdict)});
      }
  }
}

Result<void> RuleAlone::Prepare() {
  if (trying_ != nullptr) return {};
  const std::string verdict = "CAST(" + sql_ + " AS TINYINT)";
  WEIR_ASSIGN(plain_, table_.session.Prepare("SELECT * FROM (SELECT " + table_.row_column + ", " +
                                             verdict + " AS weir_verdict FROM " + table_.name +
                                             ") WHERE weir_verdict <> 1"));
  // Every record, since a filter would gather records that came one at a time, and TRY would see
  // many. The CASE, always true, keeps the optimiser from computing what the rule holds twice
  // outside of TRY.
  WEIR_ASSIGN(trying_,
              table_.session.Prepare("SELECT " + table_.row_column + ", coalesce(TRY(CASE WHEN " +
                                     table_.row_column + " >= 0 THEN " + verdict +
                                     " END), 3) FROM " + table_.name));
  return {};
}

Result<void> RuleAlone::Find(const std::shared_ptr<arrow::RecordBatch>& rows, Instant now,
                             std::vector<Finding>& all) {
  WEIR_TRY(Prepare());
  table_.batches->Set({rows});
  auto findings = ReadFindings(*plain_, now, rule_);
  if (!findings && findings.error().code == "engine.runtime") {
    const int64_t count = rows->num_rows();
    if (count > kTriedRows) {
      WEIR_TRY(Find(rows->Slice(0, count / 2), now, all));
      return Find(rows->Slice(count / 2), now, all);
    }
    table_.batches->Set({rows}, 1);
    findings = ReadFindings(*trying_, now, rule_);
  }
  if (!findings) return Fail(std::move(findings).error());
  all.insert(all.end(), findings->begin(), findings->end());
  return {};
}

std::string RuleAlone::CauseOf(const std::shared_ptr<arrow::RecordBatch>& row, Instant now) {
  if (cause_ == nullptr) {
    auto prepared = table_.session.Prepare("SELECT " + sql_ + " FROM " + table_.name);
    if (!prepared) return {};
    cause_ = std::move(*prepared);
  }
  table_.batches->Set({row});
  auto stream = cause_->Query(TimeParameter(*cause_, now));
  if (!stream) return stream.error().message;
  const auto batch = (*stream)->Next();
  return batch ? std::string() : batch.error().message;
}

}  // namespace weir::contract
