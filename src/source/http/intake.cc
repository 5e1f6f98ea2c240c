#include <algorithm>

#include "base/letter_case.h"
#include "base/request_limits.h"
#include "base/units.h"
#include "source/http/front_checks_internal.h"
#include "source/http/intake_internal.h"

namespace weir::source {
namespace {

using columnar::OutsideDefault;

std::string_view ValueOf(std::span<const NameValue> values, std::string_view name, bool any_case) {
  for (const NameValue& one : values)
    if (any_case ? EqualAnyCase(one.name, name) : one.name == name) return one.value;
  return {};
}

uint64_t BytesOf(const Request& request) {
  const auto* text = std::get_if<std::string_view>(&request.body);
  return text != nullptr ? text->size() : std::get<wal::Spool>(request.body).bytes;
}

std::optional<wal::Spool> SpoolOf(const Request& request) {
  const auto* spool = std::get_if<wal::Spool>(&request.body);
  return spool != nullptr ? std::optional(*spool) : std::nullopt;
}

// Of the record in the log, without its body: fixed fields, and texts with their lengths.
uint64_t HeadBytesMost(const RequestRecord& record) {
  constexpr uint64_t kFixed = 128;
  uint64_t bytes = kFixed + record.name.size();
  for (const auto& [column, text] : record.values) bytes += column.size() + text.size() + 4;
  return bytes;
}

// What a request says: its bodies, and what its columns take from its path and headers. Without
// such values it is the bodies' own hash, which keys have that were stored before values counted.
env::Hash128 WithValues(const env::Hash128& bodies, std::span<const RequestRecord> records) {
  std::string said(reinterpret_cast<const char*>(&bodies), sizeof(bodies));
  const auto put = [&said](uint64_t number, std::string_view text) {
    said.append(reinterpret_cast<const char*>(&number), sizeof(number)).append(text);
  };
  bool has_values = false;
  for (const RequestRecord& record : records) {
    put(record.values.size(), {});
    for (const auto& [column, text] : record.values) {
      has_values = true;
      put(column.size(), column);
      put(text.size(), text);
    }
  }
  return has_values ? env::ContentHash128(said) : bodies;
}

std::unexpected<Refusal> TooLarge(uint64_t most) {
  return Refuse(413, "request.too_large", "a body of this route has at most " + FormatBytes(most),
                "send it in smaller parts");
}

}  // namespace

Refusal RefusalOf(const Error& error) {
  using std::chrono::seconds;
  if (error.code == "wal.stream_full") return {429, error, seconds(2)};
  if (error.code == "wal.memory") return {503, error, seconds(1)};
  return {503, error, seconds(error.code == "wal.failed" ? 30 : 5)};
}

Arrived ArrivedWith(const RequestRecord& record) {
  return {.bytes = record.text_bytes, .lines = std::max<uint64_t>(1, record.text_lines)};
}

PipelineIntake::PipelineIntake(IntakeShared& shared, FrontPipeline pipeline,
                               const std::string& instance, std::unique_ptr<Backlog> backlog)
    : shared_(shared),
      pipeline_(std::move(pipeline)),
      stream_{shared.log, wal::StreamOf(pipeline_.name), pipeline_.name, instance},
      backlog_(std::move(backlog)) {
  for (const columnar::ColumnSpec& column : pipeline_.columns)
    if (column.outside && column.outside->where == OutsideDefault::Where::kHeader)
      headers_.push_back(column.outside->name);
}

std::expected<wal::Room, Refusal> PipelineIntake::Admit(uint64_t bytes) {
  if (bytes > pipeline_.http.max_body) return TooLarge(pipeline_.http.max_body);
  if (shared_.stopped)
    return std::unexpected(Refusal{503,
                                   {.kind = ErrorKind::kUnavailable,
                                    .code = "intake.stopped",
                                    .message = "the server is shutting down",
                                    .place = {},
                                    .next = "send it again"},
                                   std::chrono::seconds(2)});
  auto room = shared_.log.Reserve(stream_.id, bytes);
  if (!room) return std::unexpected(RefusalOf(room.error()));
  return std::move(*room);
}

void PipelineIntake::Offer(std::span<const Request> requests, OfferDone done) {
  auto records = ExamineAll(requests);
  const auto answer = [&](Offered offered) {
    for (const Request& request : requests)
      if (const auto spool = SpoolOf(request)) shared_.log.DropSpool(*spool);
    done(std::move(offered));
  };
  if (!records) return answer(std::unexpected(std::move(records).error()));
  const RequestRecord& first = records->front();
  if (!first.key) return Store(requests, *records, std::move(done));
  const KeyAnswer known = shared_.keys.Begin(*first.key, first.received_at);
  switch (known.state) {
    case KeyState::kNew:
      return Store(requests, *records, std::move(done));
    case KeyState::kStored:
      return answer(Stored{known.sequence, true});
    case KeyState::kRunning: {
      auto running = Refuse(409, "request.running", "a request with this key is being stored",
                            "send it again in a moment");
      running.error().retry_after = std::chrono::seconds(1);
      return answer(std::move(running));
    }
    case KeyState::kOther:
      return answer(Refuse(422, "request.key_reused",
                           "this Idempotency-Key came with another body, path or header before",
                           "use a new key for new content"));
    case KeyState::kFull: {
      auto full = Refuse(503, "request.keys_full", "no more Idempotency-Keys can be kept now");
      full.error().retry_after = std::chrono::seconds(60);
      return answer(std::move(full));
    }
  }
}

std::expected<PipelineIntake::Records, Refusal> PipelineIntake::ExamineAll(
    std::span<const Request> requests) const {
  Records records;
  uint64_t bytes = 0;
  for (const Request& request : requests) {
    auto record = Examine(request);
    if (!record) {
      Refusal refusal = std::move(record).error();
      if (requests.size() > 1 && !request.name.empty())
        refusal.error.message = std::string(request.name) + ": " + refusal.error.message;
      return std::unexpected(std::move(refusal));
    }
    bytes += HeadBytesMost(*record) + (SpoolOf(request) ? 0 : BytesOf(request));
    records.push_back(std::move(*record));
  }
  if (requests.size() > 1 && bytes > kLogEntryBytesMax)
    return Refuse(413, "request.too_many_files", "so many files cannot be stored together",
                  "send fewer in one request");
  auto key = FindKey(requests, records);
  if (!key) return std::unexpected(std::move(key).error());
  records.front().key = *key;
  return records;
}

std::expected<RequestRecord, Refusal> PipelineIntake::Examine(const Request& request) const {
  const uint64_t bytes = BytesOf(request);
  if (bytes > pipeline_.http.max_body) return TooLarge(pipeline_.http.max_body);
  const auto* text = std::get_if<std::string_view>(&request.body);
  OpenBody open;
  std::string first_bytes;
  if (text == nullptr) {
    const wal::Spool spool = std::get<wal::Spool>(request.body);
    open = [this, spool]() -> Result<std::unique_ptr<env::ByteReader>> {
      return OpenSpooled(shared_.log, spool);
    };
    const auto file = open();
    first_bytes.resize(64);
    const auto got = file ? (*file)->Read(first_bytes) : Fail(file.error());
    if (!got) return std::unexpected(RefusalOf(got.error()));
    first_bytes.resize(*got);
  }
  const auto kind =
      KindOfBody(pipeline_.http, request, text != nullptr ? text->substr(0, 64) : first_bytes);
  if (!kind) return std::unexpected(kind.error());
  RequestRecord record;
  record.format = kind->format;
  record.compression = kind->compression;
  record.received_at = shared_.clock.Now();
  record.name = request.name.substr(0, kRequestValueBytesMax);
  auto checked = CheckText(pipeline_.http, pipeline_.columns,
                           text != nullptr ? *text : std::string_view(), bytes, open, record);
  if (!checked) return std::unexpected(std::move(checked).error());
  if (request.handling == Handling::kStrict) {
    if (record.text_bytes > kStrictTextBytesMax) return TooLarge(kStrictTextBytesMax);
    record.handling = Handling::kStrict;
    record.joining = Joining::kAlone;
  }
  FindValues(request, record);
  return record;
}

std::expected<void, Refusal> PipelineIntake::CheckHead(const Request& head) const {
  if (auto good = CheckKind(pipeline_.http, head); !good) return good;
  return CheckKey(head.idempotency_key);
}

std::expected<void, Refusal> PipelineIntake::CheckKey(std::string_view sent) const {
  if (sent.empty() && pipeline_.http.idempotency == Idempotency::kRequired)
    return Refuse(400, "request.key_missing", "this route needs an Idempotency-Key",
                  "send one that is the same whenever this request is repeated");
  if (sent.size() > kIdempotencyKeyBytesMax)
    return Refuse(
        400, "request.key",
        "an Idempotency-Key has at most " + std::to_string(kIdempotencyKeyBytesMax) + " bytes");
  return {};
}

std::expected<std::optional<KeyRecord>, Refusal> PipelineIntake::FindKey(
    std::span<const Request> requests, const Records& records) const {
  const std::string_view sent = requests.front().idempotency_key;
  const Idempotency wanted = pipeline_.http.idempotency;
  if (auto good = CheckKey(sent); !good) return std::unexpected(std::move(good).error());
  if (sent.empty() && wanted == Idempotency::kOptional) return std::nullopt;
  const auto bodies = HashBodies(requests);
  if (!bodies) return std::unexpected(bodies.error());
  const env::Hash128 content = WithValues(*bodies, records);
  std::string scoped = pipeline_.name;
  // The content's keys and the senders' are apart.
  scoped += sent.empty() ? '\1' : '\0';
  if (sent.empty()) {
    scoped.append(reinterpret_cast<const char*>(&content), sizeof(content));
  } else {
    scoped += sent;
  }
  return KeyRecord{env::ContentHash128(scoped), content.low};
}

// Of one body, or of the hashes of several.
std::expected<env::Hash128, Refusal> PipelineIntake::HashBodies(
    std::span<const Request> requests) const {
  std::string hashes;
  env::Hash128 hash;
  for (const Request& request : requests) {
    if (const auto spool = SpoolOf(request)) {
      const auto hashed = HashSpooled(shared_.log, *spool);
      if (!hashed) return std::unexpected(RefusalOf(hashed.error()));
      hash = env::ContentHash128(*hashed);
    } else {
      hash = env::ContentHash128(std::get<std::string_view>(request.body));
    }
    hashes.append(reinterpret_cast<const char*>(&hash), sizeof(hash));
  }
  return requests.size() == 1 ? hash : env::ContentHash128(hashes);
}

namespace {

// What is kept of a value: whole characters.
std::string_view Beginning(std::string_view value) {
  if (value.size() <= kRequestValueBytesMax) return value;
  size_t end = kRequestValueBytesMax;
  while (end != 0 && (static_cast<uint8_t>(value[end]) & 0xC0) == 0x80) --end;
  return value.substr(0, end);
}

}  // namespace

void PipelineIntake::FindValues(const Request& request, RequestRecord& record) const {
  for (const columnar::ColumnSpec& column : pipeline_.columns) {
    if (!column.outside) continue;
    const bool header = column.outside->where == OutsideDefault::Where::kHeader;
    const std::string_view value =
        ValueOf(header ? request.headers : request.path, column.outside->name, header);
    if (!value.empty()) record.values.emplace_back(column.name, std::string(Beginning(value)));
  }
}

bool PipelineIntake::HasGathered(const Arrived& enough) const {
  const Arrived waiting = backlog_->state().waiting;
  return waiting.bytes >= enough.bytes || waiting.lines >= enough.lines;
}

void PipelineIntake::Store(std::span<const Request> requests, const Records& records,
                           OfferDone done) {
  thread_local std::string heads;
  thread_local std::vector<size_t> ends;
  heads.clear();
  ends.clear();
  for (const RequestRecord& record : records) {
    EncodeRequest(record, heads);
    ends.push_back(heads.size());
  }
  thread_local std::vector<wal::NewEntry> entries;
  entries.clear();
  std::vector<wal::Spool> spools;
  Arrived arrives;
  for (const RequestRecord& record : records) {
    const Arrived one = ArrivedWith(record);
    arrives.bytes += one.bytes;
    arrives.lines += one.lines;
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    const auto* text = std::get_if<std::string_view>(&requests[i].body);
    entries.push_back({.head = std::string_view(heads).substr(begin, ends[i] - begin),
                       .body = text != nullptr ? *text : std::string_view(),
                       .spool = SpoolOf(requests[i])});
    if (entries.back().spool) spools.push_back(*entries.back().spool);
  }
  ++shared_.under_way;
  shared_.log.Append(stream_.id, entries,
                     [this, key = records.front().key, at = records.front().received_at, arrives,
                      entries_stored = entries.size(), spools = std::move(spools),
                      done = std::move(done)](Result<wal::Sequence> stored) mutable {
                       if (key && stored) shared_.keys.Stored(*key, *stored, at);
                       if (key && !stored) shared_.keys.Dropped(*key);
                       if (stored) {
                         backlog_->Stored(wal::Sequence(stored->value + entries_stored - 1),
                                          arrives, at);
                         done(Stored{*stored, false});
                       } else {
                         // After a failed sync nobody knows whether the log has it: then its files
                         // stay, too.
                         if (stored.error().code != "wal.failed")
                           for (const wal::Spool& spool : spools) shared_.log.DropSpool(spool);
                         done(std::unexpected(RefusalOf(stored.error())));
                       }
                       --shared_.under_way;
                     });
}

}  // namespace weir::source
