#include "source/http/http_source_internal.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/limits.h"
#include "source/http/front.h"
#include "wal/log_folder.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;

// Found at once: the last batch of a look is a short one, and then it is one of several.
constexpr uint64_t kBatchesOfALook = 4;

// Requests of the log that a split names, whoever's log it is.
class RequestSource : public Source {
 public:
  explicit RequestSource(const RequestStream& stream) : stream_(stream) {}

  Result<Discovery> Discover(Cursor& /*cursor*/) override { return Discovery(); }

  Result<std::unique_ptr<OpenSplit>> Open(const ObjectProgress& split) override {
    WEIR_ASSIGN(OpenedRequests opened, OpenRequests(stream_, split));
    const std::lock_guard lock(mutex_);
    if (!opened.keys.empty()) keys_[split.version] = std::move(opened.keys);
    return std::move(opened.split);
  }

  Result<format::FormatSpec> FormatOf(const ObjectProgress& split) const override {
    WEIR_ASSIGN(const format::FormatKind kind, FormatOfRequests(stream_, split));
    return format::FormatSpec{.kind = kind,
                              .compression = format::Compression::kNone,
                              .csv = format::CsvOptions::OfInput()};
  }

  Result<LandedAs> LandAs(const ObjectProgress& split) const override {
    return LandRequestsAs(stream_, split);
  }

  // Keys move when the last of their split was read: until then they are in the log.
  ledger::RequestRows RequestsOf(const std::vector<ObjectProgress>& read) override {
    ledger::RequestRows rows;
    const std::lock_guard lock(mutex_);
    for (const ObjectProgress& split : read)
      if (const auto found = keys_.find(split.version); split.done && found != keys_.end())
        rows.keys.insert(rows.keys.end(), found->second.begin(), found->second.end());
    return rows;
  }

  void Committed(const std::vector<ObjectProgress>& read) override {
    const std::lock_guard lock(mutex_);
    for (const ObjectProgress& split : read)
      if (split.done) keys_.erase(split.version);
  }

 protected:
  const RequestStream& stream_;

 private:
  std::mutex mutex_;  // Open comes from the thread that reads ahead.
  std::map<std::string, std::vector<ledger::RequestKey>> keys_;  // Of splits being read.
};

// Of the front that appends to the log.
class HttpSource final : public RequestSource {
 public:
  HttpSource(const RequestStream& stream, wal::Log& log, const env::Clock& clock,
             uint64_t batch_bytes, std::chrono::microseconds key_horizon,
             std::function<void(wal::Sequence)> committed)
      : RequestSource(stream),
        log_(log),
        clock_(clock),
        key_horizon_(key_horizon),
        look_bytes_(std::clamp(batch_bytes, kBatchBytesDefault, UINT64_MAX / kBatchesOfALook) *
                    kBatchesOfALook),
        committed_(std::move(committed)) {}

  Result<Discovery> Discover(Cursor& cursor) override {
    WEIR_ASSIGN(const auto newest, cursor.ByPath(std::string(kRequests)));
    const RequestCursor at = CursorOf(newest);
    if (at.done > done_) committed_(at.done);
    done_ = at.done;
    Discovery found;
    WEIR_ASSIGN(auto behind, FindRequestSplits(stream_, at.behind, look_bytes_));
    found.splits = std::move(behind.splits);
    found.more = behind.more;
    if (at.open) found.splits.insert(found.splits.begin(), *at.open);
    found.objects = found.splits.size();
    return found;
  }

  // Where nothing came since the last commit, nobody has to be asked.
  Result<Discovery> DiscoverNews(Cursor& cursor) override {
    if (!log_.Wait(stream_.id, done_, std::chrono::microseconds(0))) return Discovery();
    return Discover(cursor);
  }

  // What is older than the horizon is forgotten by the server that was told it, and by nobody else.
  ledger::RequestRows RequestsOf(const std::vector<ObjectProgress>& read) override {
    ledger::RequestRows rows = RequestSource::RequestsOf(read);
    rows.forget_keys_before.micros = clock_.Now().micros - key_horizon_.count();
    return rows;
  }

  void Committed(const std::vector<ObjectProgress>& read) override {
    RequestSource::Committed(read);
    if (read.empty()) return;
    done_ = CursorOf(read.back()).done;
    committed_(done_);
  }

 private:
  wal::Log& log_;
  const env::Clock& clock_;
  const std::chrono::microseconds key_horizon_;
  const uint64_t look_bytes_;
  std::function<void(wal::Sequence)> committed_;
  wal::Sequence done_;  // All up to it is committed.
};

// The log as it lies in its folder, opened when something of it is to be read.
class StoredSource final : public Source {
 public:
  explicit StoredSource(StoredRequests from) : from_(std::move(from)) {}

  Result<Discovery> Discover(Cursor& /*cursor*/) override { return Discovery(); }
  Result<std::unique_ptr<OpenSplit>> Open(const ObjectProgress& split) override {
    WEIR_ASSIGN(RequestSource* const requests, Requests());
    return requests->Open(split);
  }
  Result<format::FormatSpec> FormatOf(const ObjectProgress& split) const override {
    WEIR_ASSIGN(RequestSource* const requests, Requests());
    return requests->FormatOf(split);
  }
  Result<LandedAs> LandAs(const ObjectProgress& split) const override {
    WEIR_ASSIGN(RequestSource* const requests, Requests());
    return requests->LandAs(split);
  }
  ledger::RequestRows RequestsOf(const std::vector<ObjectProgress>& read) override {
    const std::lock_guard lock(mutex_);
    // Not opened: nothing of it was read.
    return requests_ == nullptr ? ledger::RequestRows() : requests_->RequestsOf(read);
  }

 private:
  Result<RequestSource*> Requests() const {
    const std::lock_guard lock(mutex_);
    if (requests_) return requests_.get();
    WEIR_ASSIGN(log_, wal::LogFolder::Open(from_.files, from_.folder));
    stream_ = std::make_unique<RequestStream>(
        RequestStream{*log_, wal::StreamOf(from_.pipeline), from_.pipeline, from_.instance});
    requests_ = std::make_unique<RequestSource>(*stream_);
    return requests_.get();
  }

  const StoredRequests from_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<wal::LogFolder> log_;
  mutable std::unique_ptr<RequestStream> stream_;
  mutable std::unique_ptr<RequestSource> requests_;  // Null: not opened yet.
};

}  // namespace

bool IsOfRequests(const ObjectProgress& split) {
  return split.object == kRequests && ParseVersion(split.version);
}

std::unique_ptr<Source> MakeStoredSource(StoredRequests from) {
  return std::make_unique<StoredSource>(std::move(from));
}

RequestCursor CursorOf(const std::optional<ObjectProgress>& newest) {
  RequestCursor cursor;
  if (!newest) return cursor;
  const auto range = ParseVersion(newest->version);
  if (!range) return cursor;
  cursor.behind = range->last;
  cursor.done = newest->done ? range->last : wal::Sequence(range->first.value - 1);
  if (!newest->done) cursor.open = *newest;
  return cursor;
}

std::unique_ptr<Source> MakeHttpSource(const RequestStream& stream, wal::Log& log,
                                       const env::Clock& clock, uint64_t batch_bytes,
                                       std::chrono::microseconds key_horizon,
                                       std::function<void(wal::Sequence)> committed) {
  return std::make_unique<HttpSource>(stream, log, clock, batch_bytes, key_horizon,
                                      std::move(committed));
}

}  // namespace weir::source
