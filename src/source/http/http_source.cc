#include "source/http/http_source_internal.h"

#include <map>
#include <mutex>

#include "source/http/front.h"

namespace weir::source {
namespace {

using ledger::ObjectProgress;

constexpr int64_t kHorizonMicros =
    std::chrono::duration_cast<std::chrono::microseconds>(kKeyHorizon).count();

class HttpSource final : public Source {
 public:
  HttpSource(const RequestStream& stream, const env::Clock& clock,
             std::function<void(wal::Sequence)> committed)
      : stream_(stream), clock_(clock), committed_(std::move(committed)) {}

  Result<Discovery> Discover(Cursor& cursor) override {
    WEIR_ASSIGN(const auto newest, cursor.ByPath(std::string(kRequests)));
    const RequestCursor at = CursorOf(newest);
    done_ = at.done;
    Discovery found;
    WEIR_ASSIGN(found.splits, FindRequestSplits(stream_, at.behind));
    if (at.open) found.splits.insert(found.splits.begin(), *at.open);
    found.objects = found.splits.size();
    return found;
  }

  // Where nothing came since the last commit, nobody has to be asked.
  Result<Discovery> DiscoverNews(Cursor& cursor) override {
    if (!stream_.log.Wait(stream_.id, done_, std::chrono::microseconds(0))) return Discovery();
    return Discover(cursor);
  }

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
    rows.forget_keys_before.micros = clock_.Now().micros - kHorizonMicros;
    const std::lock_guard lock(mutex_);
    for (const ObjectProgress& split : read)
      if (const auto found = keys_.find(split.version); split.done && found != keys_.end())
        rows.keys.insert(rows.keys.end(), found->second.begin(), found->second.end());
    return rows;
  }

  void Committed(const std::vector<ObjectProgress>& read) override {
    {
      const std::lock_guard lock(mutex_);
      for (const ObjectProgress& split : read)
        if (split.done) keys_.erase(split.version);
    }
    if (read.empty()) return;
    done_ = CursorOf(read.back()).done;
    committed_(done_);
  }

 private:
  const RequestStream& stream_;
  const env::Clock& clock_;
  std::function<void(wal::Sequence)> committed_;
  wal::Sequence done_;  // All up to it is committed.
  std::mutex mutex_;    // Open comes from the thread that reads ahead.
  std::map<std::string, std::vector<ledger::RequestKey>> keys_;  // Of splits being read.
};

class ClosedSource final : public Source {
 public:
  Result<Discovery> Discover(Cursor& /*cursor*/) override { return Discovery(); }
  Result<std::unique_ptr<OpenSplit>> Open(const ObjectProgress& split) override {
    return Closed(split);
  }
  Result<format::FormatSpec> FormatOf(const ObjectProgress& split) const override {
    return Closed(split);
  }

  Result<LandedAs> LandAs(const ObjectProgress& split) const override { return Closed(split); }

 private:
  // Not lost: what is in the log can be read again by whoever serves.
  static std::unexpected<Error> Closed(const ObjectProgress& split) {
    return Fail({.kind = ErrorKind::kUnavailable,
                 .code = "source.closed",
                 .message = "requests are read by weir serve alone",
                 .place = {.file = split.object, .line = 0, .column = 0, .byte_offset = {}},
                 .next = "weir serve"});
  }
};

}  // namespace

std::unique_ptr<Source> MakeClosedSource() { return std::make_unique<ClosedSource>(); }

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

std::unique_ptr<Source> MakeHttpSource(const RequestStream& stream, const env::Clock& clock,
                                       std::function<void(wal::Sequence)> committed) {
  return std::make_unique<HttpSource>(stream, clock, std::move(committed));
}

}  // namespace weir::source
