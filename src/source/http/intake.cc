#include <algorithm>

#include "base/units.h"
#include "source/http/front_checks_internal.h"
#include "source/http/intake_internal.h"

namespace weir::source {
namespace {

using columnar::OutsideDefault;

std::string_view ValueOf(std::span<const NameValue> values, std::string_view name, bool any_case) {
  const auto same = [any_case](char a, char b) {
    return a == b || (any_case && std::tolower(static_cast<unsigned char>(a)) ==
                                      std::tolower(static_cast<unsigned char>(b)));
  };
  for (const NameValue& one : values)
    if (std::ranges::equal(one.name, name, same)) return one.value;
  return {};
}

uint64_t BytesOf(const Request& request) {
  const auto* text = std::get_if<std::string_view>(&request.body);
  return text != nullptr ? text->size() : std::get<wal::Spool>(request.body).bytes;
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

PipelineIntake::PipelineIntake(IntakeShared& shared, FrontPipeline pipeline,
                               const std::string& instance)
    : shared_(shared),
      pipeline_(std::move(pipeline)),
      stream_{shared.log, wal::StreamOf(pipeline_.name), pipeline_.name, instance} {
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

std::expected<void, Refusal> PipelineIntake::Check(const Request& request) {
  const auto record = Examine(request);
  if (!record) return std::unexpected(record.error());
  return {};
}

void PipelineIntake::Offer(const Request& request, OfferDone done) {
  auto record = Examine(request);
  const auto* spool = std::get_if<wal::Spool>(&request.body);
  const auto answer = [&](Offered offered) {
    if (spool != nullptr) shared_.log.DropSpool(*spool);
    done(std::move(offered));
  };
  if (!record) return answer(std::unexpected(std::move(record).error()));
  if (!record->key) return Store(request, *record, std::move(done));
  const KeyAnswer known = shared_.keys.Begin(*record->key, record->received_at);
  switch (known.state) {
    case KeyState::kNew:
      return Store(request, *record, std::move(done));
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
                           "this Idempotency-Key came with another body before",
                           "use a new key for new content"));
    case KeyState::kFull: {
      auto full = Refuse(503, "request.keys_full", "no more Idempotency-Keys can be kept now");
      full.error().retry_after = std::chrono::seconds(60);
      return answer(std::move(full));
    }
  }
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
  if (auto found = FindKey(request, record); !found) return std::unexpected(found.error());
  FindValues(request, record);
  return record;
}

std::expected<void, Refusal> PipelineIntake::FindKey(const Request& request,
                                                     RequestRecord& record) const {
  const std::string_view sent = request.idempotency_key;
  const Idempotency wanted = pipeline_.http.idempotency;
  if (sent.empty() && wanted == Idempotency::kOptional) return {};
  if (sent.empty() && wanted == Idempotency::kRequired)
    return Refuse(400, "request.key_missing", "this route needs an Idempotency-Key",
                  "send one that is the same whenever this request is repeated");
  if (sent.size() > kIdempotencyKeyBytesMax)
    return Refuse(
        400, "request.key",
        "an Idempotency-Key has at most " + std::to_string(kIdempotencyKeyBytesMax) + " bytes");
  env::Hash128 body;
  if (const auto* text = std::get_if<std::string_view>(&request.body)) {
    body = env::ContentHash128(*text);
  } else {
    const auto hashed = HashSpooled(shared_.log, std::get<wal::Spool>(request.body));
    if (!hashed) return std::unexpected(RefusalOf(hashed.error()));
    body = env::ContentHash128(*hashed);
  }
  std::string scoped = pipeline_.name;
  // The content's keys and the senders' are apart.
  scoped += sent.empty() ? '\1' : '\0';
  if (sent.empty()) {
    scoped.append(reinterpret_cast<const char*>(&body), sizeof(body));
  } else {
    scoped += sent;
  }
  record.key = KeyRecord{env::ContentHash128(scoped), body.low};
  return {};
}

void PipelineIntake::FindValues(const Request& request, RequestRecord& record) const {
  for (const columnar::ColumnSpec& column : pipeline_.columns) {
    if (!column.outside) continue;
    const bool header = column.outside->where == OutsideDefault::Where::kHeader;
    const std::string_view value =
        ValueOf(header ? request.headers : request.path, column.outside->name, header);
    if (!value.empty())
      record.values.emplace_back(column.name, value.substr(0, kRequestValueBytesMax));
  }
}

void PipelineIntake::Store(const Request& request, const RequestRecord& record, OfferDone done) {
  thread_local std::string head;
  head.clear();
  EncodeRequest(record, head);
  const auto* text = std::get_if<std::string_view>(&request.body);
  std::optional<wal::Spool> spool;
  if (text == nullptr) spool = std::get<wal::Spool>(request.body);
  ++shared_.under_way;
  shared_.log.Append(
      stream_.id, head, text != nullptr ? *text : std::string_view(),
      [this, key = record.key, at = record.received_at, spool,
       done = std::move(done)](Result<wal::Sequence> stored) mutable {
        if (key && stored) shared_.keys.Stored(*key, *stored, at);
        if (key && !stored) shared_.keys.Dropped(*key);
        if (stored) {
          done(Stored{*stored, false});
        } else {
          // After a failed sync nobody knows whether the log has it: then its file stays, too.
          if (spool && stored.error().code != "wal.failed") shared_.log.DropSpool(*spool);
          done(std::unexpected(RefusalOf(stored.error())));
        }
        --shared_.under_way;
      },
      spool);
}

}  // namespace weir::source
