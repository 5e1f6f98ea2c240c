#include "source/http/front.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "source/http/http_source_internal.h"
#include "source/http/intake_internal.h"
#include "source/http/left_behind_internal.h"

namespace weir::source {
namespace {

using wal::Sequence;

// How often what gathers is counted, so that no request has to look whether it is enough.
constexpr std::chrono::milliseconds kCountEvery(50);

// What a request was that the catalog keeps nothing of.
constexpr ledger::Counts kOneAccepted{
    .read = 1, .accepted = 1, .rejected = 0, .duplicate = 0, .filtered = 0, .late = 0};

using Backlogs = std::map<wal::StreamId, std::unique_ptr<Backlog>>;

class LogFront final : public Front {
 public:
  LogFront(const FrontContext& context, std::vector<FrontPipeline> pipelines,
           std::unique_ptr<KeyTable> keys, std::unique_ptr<wal::Log> log, Backlogs backlogs,
           const std::map<std::string, Sequence>& done, std::vector<LeftRequests> left)
      : context_(context),
        left_(std::move(left)),
        keys_(std::move(keys)),
        log_(std::move(log)),
        shared_{context.clock, *log_, *keys_} {
    for (FrontPipeline& pipeline : pipelines) {
      const auto at = done.find(pipeline.name);
      const Sequence until = at == done.end() ? Sequence() : at->second;
      const wal::StreamId stream = wal::StreamOf(pipeline.name);
      log_->Trim(stream, until);
      committed_[pipeline.name] = until;
      intakes_.push_back(std::make_unique<PipelineIntake>(shared_, std::move(pipeline),
                                                          context.catalog.instance(),
                                                          std::move(backlogs.at(stream))));
    }
    asker_ = std::thread([this] { AnswerAll(); });
  }

  ~LogFront() override {
    Stop();
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    asked_.notify_all();
    asker_.join();
    log_.reset();  // Calls what is left to be called, which needs the rest.
  }

  Intake* Find(std::string_view pipeline) override { return FindDoor(pipeline); }

  std::unique_ptr<Source> MakeSource(const std::string& pipeline) override {
    PipelineIntake* door = FindDoor(pipeline);
    WEIR_CHECK(door != nullptr);
    return MakeHttpSource(door->stream(), *log_, context_.clock, door->spec().batch_bytes,
                          context_.key_horizon,
                          [this, door](Sequence until) { Committed(*door, until); });
  }

  void FindReceipt(std::string id, ReceiptDone done) override {
    Ask([this, id = std::move(id), done = std::move(done)]() mutable { done(ReadReceipt(id)); });
  }

  WaiterId WhenCommitted(const Intake& intake, Sequence sequence, ReceiptDone done) override {
    std::unique_lock lock(mutex_);
    const WaiterId id = next_waiter_++;
    if (committed_[intake.pipeline()] >= sequence) {
      lock.unlock();
      FindReceipt(intake.ReceiptOf(sequence), std::move(done));
      return id;
    }
    waiters_.emplace(id, Waiter{intake.pipeline(), sequence, std::move(done)});
    return id;
  }

  void Forget(WaiterId waiter) override {
    const std::lock_guard lock(mutex_);
    waiters_.erase(waiter);
  }

  bool WaitForNews(const std::string& pipeline, std::chrono::microseconds at_most) override {
    Sequence committed;
    {
      const std::lock_guard lock(mutex_);
      committed = committed_[pipeline];
    }
    return log_->Wait(wal::StreamOf(pipeline), committed, at_most);
  }

  void Pause(std::chrono::microseconds time) override {
    std::unique_lock lock(mutex_);
    pauses_.wait_for(lock, time, [this] { return waits_ended_; });
  }

  void Gather(const std::string& pipeline, std::chrono::microseconds at_most,
              const Arrived& enough) override {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + at_most;
    PipelineIntake* door = FindDoor(pipeline);
    WEIR_CHECK(door != nullptr);
    for (auto now = Clock::now(); now < end && !door->HasGathered(enough); now = Clock::now()) {
      std::unique_lock lock(mutex_);
      if (pauses_.wait_until(lock, std::min(end, now + kCountEvery),
                             [this] { return gathering_ended_ || waits_ended_; }))
        break;
    }
  }

  void EndGathering() override {
    {
      const std::lock_guard lock(mutex_);
      gathering_ended_ = true;
    }
    pauses_.notify_all();
  }

  void EndWaits() override {
    {
      const std::lock_guard lock(mutex_);
      waits_ended_ = true;
    }
    pauses_.notify_all();
    log_->EndWaits();
  }

  void BeginWaits() override {
    {
      const std::lock_guard lock(mutex_);
      waits_ended_ = false;
    }
    log_->BeginWaits();
  }

  void Stop() override { shared_.stopped = true; }

  void Drain() override {
    while (shared_.under_way != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EndGathering();
  }

  wal::LogState log_state() const override { return log_->state(); }
  uint64_t waiting_bytes(const std::string& pipeline) const override {
    return log_->stream_bytes(wal::StreamOf(pipeline));
  }
  Backlog::State backlog(const std::string& pipeline) const override {
    const PipelineIntake* door = FindDoor(pipeline);
    WEIR_CHECK(door != nullptr);
    return door->backlog().state();
  }
  uint64_t keys() const override { return keys_->size(); }
  const std::vector<LeftRequests>& left() const override { return left_; }

 private:
  struct Waiter {
    std::string pipeline;
    Sequence sequence;
    ReceiptDone done;
  };

  PipelineIntake* FindDoor(std::string_view pipeline) const {
    const auto found = std::ranges::find(intakes_, pipeline, &PipelineIntake::pipeline);
    return found == intakes_.end() ? nullptr : found->get();
  }

  // The catalog is asked by one thread, since it can take a while.
  void Ask(std::move_only_function<void()> question) {
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(std::move(question));
    }
    asked_.notify_one();
  }

  void AnswerAll() {
    std::unique_lock lock(mutex_);
    while (true) {
      asked_.wait(lock, [this] { return ending_ || !questions_.empty(); });
      if (questions_.empty()) return;
      auto question = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      question();
      question = nullptr;
      lock.lock();
    }
  }

  // Called by the runner's thread, after its commit.
  void Committed(PipelineIntake& door, Sequence until) {
    log_->Trim(door.stream().id, until);
    door.backlog().Committed(until);
    std::vector<std::pair<Sequence, ReceiptDone>> ready;
    {
      const std::lock_guard lock(mutex_);
      committed_[door.pipeline()] = std::max(committed_[door.pipeline()], until);
      for (auto at = waiters_.begin(); at != waiters_.end();) {
        if (at->second.pipeline != door.pipeline() || at->second.sequence > until) {
          ++at;
          continue;
        }
        ready.emplace_back(at->second.sequence, std::move(at->second.done));
        at = waiters_.erase(at);
      }
    }
    for (auto& [sequence, done] : ready) FindReceipt(door.ReceiptOf(sequence), std::move(done));
  }

  static std::unexpected<Error> NotFound(const std::string& id) {
    return Fail(ErrorKind::kNotFound, "receipt.not_found",
                "no request has the receipt " + id.substr(0, 100));
  }

  Result<ReceiptState> ReadReceipt(const std::string& id) {
    const auto receipt = ParseReceipt(id);
    if (!receipt || receipt->instance != context_.catalog.instance()) return NotFound(id);
    const PipelineIntake* door = FindDoor(receipt->pipeline);
    if (door == nullptr) return NotFound(id);
    ReceiptState state;
    state.id = id;
    state.pipeline = receipt->pipeline;
    state.table = door->spec().table;
    WEIR_ASSIGN(const auto newest,
                context_.catalog.ObjectByPath(receipt->pipeline, std::string(kRequests)));
    if (receipt->sequence > CursorOf(newest).done) {
      const auto reader =
          log_->Read(door->stream().id, Sequence(receipt->sequence.value - 1), receipt->sequence);
      WEIR_ASSIGN(const auto entry, reader->Next());
      if (!entry) return NotFound(id);
      WEIR_ASSIGN(const DecodedRequest request, DecodeRequest(entry->bytes));
      state.handling = request.record.handling;
      return state;
    }
    WEIR_ASSIGN(const auto kept,
                context_.catalog.KeptRequestFrom(receipt->pipeline, receipt->sequence.value));
    const bool its_own = kept && kept->sequence == receipt->sequence.value;
    state.counts = its_own ? kept->counts : kOneAccepted;
    state.stage = ReceiptStage::kCommitted;
    if (its_own && state.counts.rejected != 0) {
      WEIR_ASSIGN(state.faults,
                  context_.catalog.RequestFaults(receipt->pipeline, receipt->sequence.value));
    }
    std::optional<catalog::BatchRecord> batch;
    if (its_own) {
      WEIR_ASSIGN(batch, context_.catalog.Batch(receipt->pipeline, kept->last_batch));
    } else {
      WEIR_ASSIGN(batch, LastBatchOf(receipt->pipeline, receipt->sequence));
      // Of a split that several batches read, the next request that is kept is of the same batch.
      if (batch && kept && !batch->plan.splits.front().state.empty() &&
          Sequence(kept->sequence) <=
              ParseVersion(batch->plan.splits.front().version).value_or(RequestRange{}).last) {
        WEIR_ASSIGN(batch, context_.catalog.Batch(receipt->pipeline, kept->first_batch));
      }
    }
    if (!batch) return state;
    state.batch = batch->id.ToString();
    if (batch->state == ledger::BatchState::kVoid) {
      state.stage = its_own ? ReceiptStage::kRejected : ReceiptStage::kVoided;
      if (!its_own) state.counts = {};
    }
    if (!batch->outcome) return state;
    for (const ledger::TableOutcome& table : batch->outcome->tables)
      if (table.table == state.table) state.snapshot = table.snapshot;
    return state;
  }

  // The newest batch that begins at the request or before it. Batches read the log in its order, so
  // a search by halves finds it; those that read no requests (replays) are passed over.
  Result<std::optional<catalog::BatchRecord>> LastBatchOf(const std::string& pipeline,
                                                          Sequence sequence) {
    WEIR_ASSIGN(const ledger::PipelineState newest, context_.catalog.Pipeline(pipeline));
    uint64_t begin = 0;  // No batch up to here begins behind it.
    uint64_t end = newest.batch.value + 1;
    std::optional<catalog::BatchRecord> found;
    while (end - begin > 1) {
      const uint64_t middle = begin + (end - begin) / 2;
      uint64_t at = middle;
      std::optional<catalog::BatchRecord> batch;
      for (; at > begin; --at) {
        WEIR_ASSIGN(batch, context_.catalog.Batch(pipeline, BatchNumber(at)));
        if (batch && !batch->plan.splits.empty()) break;
      }
      if (at == begin) {
        begin = middle;
        continue;
      }
      const auto range = ParseVersion(batch->plan.splits.front().version);
      if (range && range->first <= sequence) {
        found = std::move(batch);
        begin = middle;
      } else {
        end = at;
      }
    }
    return found;
  }

  FrontContext context_;
  const std::vector<LeftRequests> left_;
  std::unique_ptr<KeyTable> keys_;
  std::unique_ptr<wal::Log> log_;
  IntakeShared shared_;
  std::vector<std::unique_ptr<PipelineIntake>> intakes_;

  mutable std::mutex mutex_;
  std::condition_variable asked_;
  std::condition_variable pauses_;
  std::deque<std::move_only_function<void()>> questions_;
  std::map<WaiterId, Waiter> waiters_;
  std::map<std::string, Sequence> committed_;
  WaiterId next_waiter_ = 1;
  bool ending_ = false;
  bool waits_ended_ = false;
  bool gathering_ended_ = false;
  std::thread asker_;
};

}  // namespace

Result<std::unique_ptr<Front>> Front::Open(const FrontContext& context,
                                           std::vector<FrontPipeline> pipelines) {
  wal::LogOptions options{.folder = context.folder,
                          .bytes_max = context.log_bytes_max,
                          .memory_bytes_max = context.memory_bytes_max,
                          .segment_bytes = kLogSegmentBytes,
                          .streams = {},
                          .after = Sequence()};
  std::map<std::string, Sequence> done;
  Backlogs backlogs;
  for (FrontPipeline& pipeline : pipelines) {
    if (pipeline.http.max_body == 0) pipeline.http.max_body = context.body_bytes_default;
    options.streams.push_back(pipeline.name);
    backlogs[wal::StreamOf(pipeline.name)] = std::make_unique<Backlog>();
    WEIR_ASSIGN(const auto newest,
                context.catalog.ObjectByPath(pipeline.name, std::string(kRequests)));
    if (!newest) continue;
    const RequestCursor cursor = CursorOf(*newest);
    backlogs.at(wal::StreamOf(pipeline.name))->Committed(cursor.done);
    options.after = std::max(options.after, cursor.behind);
    done[pipeline.name] = cursor.done;
  }
  auto keys = std::make_unique<KeyTable>(context.keys_max, context.key_horizon);
  const Instant now = context.clock.Now();
  const Instant keys_since{now.micros - context.key_horizon.count()};
  WEIR_TRY(context.catalog.RequestKeys(keys_since, [&](const ledger::RequestKey& key) {
    keys->Restore({{key.high, key.low}, key.fingerprint}, Sequence(key.sequence), key.at);
  }));
  WEIR_ASSIGN(LeftBehind left, LeftBehind::Make(context.catalog, options.streams));
  std::optional<Error> unreadable;
  WEIR_ASSIGN(auto log,
              wal::Log::Open(
                  context.files, context.random, std::move(options), [&](const wal::Entry& entry) {
                    const auto request = DecodeRequest(entry.bytes);
                    if (!request) {
                      unreadable = request.error();
                      return;
                    }
                    if (const auto of = backlogs.find(entry.stream); of != backlogs.end())
                      of->second->Stored(entry.sequence, ArrivedWith(request->record),
                                         request->record.received_at);
                    else
                      left.Count(entry);
                    if (request->record.key && request->record.received_at > keys_since) {
                      keys->Restore(*request->record.key, entry.sequence,
                                    request->record.received_at);
                    }
                  }));
  if (unreadable) return Fail(std::move(*unreadable));
  return std::make_unique<LogFront>(context, std::move(pipelines), std::move(keys), std::move(log),
                                    std::move(backlogs), done, std::move(left).Take());
}

}  // namespace weir::source
