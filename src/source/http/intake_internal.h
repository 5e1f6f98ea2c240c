// The door of one pipeline: checks, key, log. Private to source/http/.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "source/http/front.h"
#include "source/http/key_table_internal.h"
#include "source/http/request_split_internal.h"

namespace weir::source {

// What all doors share. Borrowed.
struct IntakeShared {
  const env::Clock& clock;
  wal::Log& log;
  KeyTable& keys;
  std::atomic<bool> stopped{false};
  std::atomic<uint64_t> under_way{0};  // Offered, not yet answered.
};

class PipelineIntake final : public Intake {
 public:
  // `backlog`: of what the log has already.
  PipelineIntake(IntakeShared& shared, FrontPipeline pipeline, const std::string& instance,
                 std::unique_ptr<Backlog> backlog);

  const std::string& pipeline() const override { return pipeline_.name; }
  const HttpSpec& http() const override { return pipeline_.http; }
  const std::vector<std::string>& headers() const override { return headers_; }
  std::expected<void, Refusal> CheckHead(const Request& head) const override;
  std::expected<wal::Room, Refusal> Admit(uint64_t bytes) override;
  Result<std::unique_ptr<wal::SpoolWriter>> NewSpool() override { return shared_.log.NewSpool(); }
  void Offer(std::span<const Request> requests, OfferDone done) override;
  std::string ReceiptOf(wal::Sequence sequence) const override {
    return MakeReceipt(stream_, sequence);
  }

  const RequestStream& stream() const { return stream_; }
  const FrontPipeline& spec() const { return pipeline_; }

  // Whether so much waits to be committed.
  bool HasGathered(const Arrived& enough) const;
  Backlog& backlog() const { return *backlog_; }

 private:
  using Records = std::vector<RequestRecord>;  // One per request.
  std::expected<Records, Refusal> ExamineAll(std::span<const Request> requests) const;
  std::expected<RequestRecord, Refusal> Examine(const Request& request) const;
  std::expected<void, Refusal> CheckKey(std::string_view sent) const;
  std::expected<std::optional<KeyRecord>, Refusal> FindKey(std::span<const Request> requests,
                                                           const Records& records) const;
  std::expected<env::Hash128, Refusal> HashBodies(std::span<const Request> requests) const;
  void FindValues(const Request& request, RequestRecord& record) const;
  void Store(std::span<const Request> requests, const Records& records, OfferDone done);

  IntakeShared& shared_;
  FrontPipeline pipeline_;
  RequestStream stream_;
  std::vector<std::string> headers_;
  std::unique_ptr<Backlog> backlog_;
};

Refusal RefusalOf(const Error& error);
Arrived ArrivedWith(const RequestRecord& record);

}  // namespace weir::source
