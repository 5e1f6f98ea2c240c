// What the tests of this room share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "engine/engine.h"

namespace weir::engine {

// The value of a Result that must be one.
template <class T>
T Must(Result<T> result) {
  EXPECT_TRUE(result) << (result ? "" : result.error().ToString());
  if (!result) std::abort();
  return std::move(result).value();
}

inline std::unique_ptr<Engine> OpenEngine(EngineOptions options = {}) {
  return Must(Engine::Open(options));
}

inline std::unique_ptr<Session> OpenSession(EngineOptions options = {}) {
  return Must(OpenEngine(std::move(options))->NewSession());
}

inline std::shared_ptr<arrow::RecordBatch> ReadAll(ArrowStream& stream) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (auto batch = Must(stream.Next())) batches.push_back(std::move(batch));
  const auto table = arrow::Table::FromRecordBatches(stream.schema(), batches).ValueOrDie();
  return table->CombineChunksToBatch().ValueOrDie();
}

inline std::shared_ptr<arrow::RecordBatch> Read(Session& session, std::string_view sql) {
  return ReadAll(*Must(session.Query(sql)));
}

// The error of a query, wherever it comes up.
inline Error ErrorOf(Session& session, std::string_view sql) {
  auto stream = session.Query(sql);
  if (!stream) return stream.error();
  for (;;) {
    auto batch = (*stream)->Next();
    if (!batch) return batch.error();
    if (*batch == nullptr) return Error{.code = "none", .message = {}, .place = {}, .next = {}};
  }
}

// The only value of a result, as text.
inline std::string Single(Session& session, std::string_view sql) {
  const auto batch = Read(session, sql);
  EXPECT_EQ(batch->num_rows(), 1) << sql;
  return batch->column(0)->GetScalar(0).ValueOrDie()->ToString();
}

}  // namespace weir::engine
