#include "api/upload.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/problem.h"
#include "base/limits.h"
#include "base/units.h"
#include "net/multipart.h"

namespace weir::api {
namespace {

using nlohmann::ordered_json;
using source::Ack;
using source::Handling;
using source::NameValue;

constexpr uint64_t kAdmitStep = 1024 * 1024;  // Of a body whose length nobody said.
constexpr size_t kCheckedInline = 64 * 1024;  // A longer one is checked by a worker.

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// One body: the request's own, or a file of a form.
struct Part {
  std::string filename;
  std::string content_type;
  std::string bytes;  // Up to kLogBodyBytesMax; more is in the spool.
  std::unique_ptr<wal::SpoolWriter> spool;
  std::optional<wal::Spool> spooled;
  std::optional<wal::Sequence> stored;
  bool replayed = false;
};

using Values = std::vector<std::pair<std::string, std::string>>;

std::vector<NameValue> Views(const Values& values) {
  std::vector<NameValue> views;
  for (const auto& [name, value] : values) views.push_back({name, value});
  return views;
}

// An answer that two may want to give: who comes first does. What it takes to answer is let go
// then, since the other one may come much later.
template <class What>
class FirstAnswer {
 public:
  FirstAnswer(net::Answer answer, std::shared_ptr<What> what)
      : answer_(std::move(answer)), what_(std::move(what)) {}

  template <class Make>
  void Give(Make make) {
    std::unique_lock lock(mutex_);
    auto answer = std::exchange(answer_, nullptr);
    const auto what = std::exchange(what_, nullptr);
    lock.unlock();
    if (answer) answer(make(*what));
  }

 private:
  std::mutex mutex_;
  net::Answer answer_;
  std::shared_ptr<What> what_;
};

// A request from its head to its answer. Shared by the receiver and what is under way for it, one
// of which touches it at a time.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(const UploadContext& context, source::Intake& intake, const Call& call, Ack ack,
         Handling handling, const env::Clock& clock)
      : context_(context),
        intake_(intake),
        clock_(clock),
        begun_(clock.Monotonic()),
        ack_(ack),
        handling_(handling),
        path_(call.path),
        key_(call.head.Find("idempotency-key")),
        encoding_(call.head.Find("content-encoding")) {
    for (const std::string& name : intake.headers())
      if (call.head.Has(name)) headers_.emplace_back(name, call.head.Find(name));
  }

  void ReadForm(net::MultipartReader reader) {
    form_ = std::move(reader);
    encoding_.clear();  // It was taken off.
  }
  void ReadBody(std::string_view content_type) {
    parts_.push_back({});
    parts_.back().content_type = content_type;
  }
  void Hold(wal::Room room) { rooms_.push_back(std::move(room)); }
  void AdmitByStep() { admitted_ = 0; }
  bool refused() const { return refused_.has_value(); }

  // Whether taking `piece` may touch the disk.
  bool MayBlock(std::string_view piece) const {
    if (parts_.empty()) return piece.size() > kLogBodyBytesMax;
    return parts_.back().spool != nullptr ||
           parts_.back().bytes.size() + piece.size() > kLogBodyBytesMax;
  }

  void Take(std::string_view piece) {
    if (refused_ || !Admit(piece.size())) return;
    if (!form_) return Keep(piece);
    while (!refused_) {
      auto event = form_->Next(piece);
      if (!event) {
        refused_ = Problem(event.error());
        return;
      }
      using Kind = net::MultipartReader::Event::Kind;
      if (event->kind == Kind::kNeedMore) return;
      if (event->kind == Kind::kPart) BeginPart(std::move(event->part));
      if (event->kind == Kind::kBytes && in_file_) Keep(event->bytes);
      if (event->kind == Kind::kPartEnd) in_file_ = false;
    }
  }

  // Blocks where something was spooled, or is long.
  bool FinishMayBlock() const {
    return !encoding_.empty() || std::ranges::any_of(parts_, [](const Part& part) {
      return part.spool != nullptr || part.bytes.size() > kCheckedInline;
    });
  }

  void Finish(net::Answer answer) {
    answer_ = std::move(answer);
    if (!refused_) Close();
    if (!refused_ && parts_.size() > 1) CheckAll();
    if (refused_) return answer_(std::move(*refused_));
    OfferNext();
  }

 private:
  bool Admit(uint64_t bytes) {
    if (!admitted_) return true;
    taken_ += bytes;
    while (*admitted_ < taken_) {
      auto room = intake_.Admit(kAdmitStep);
      if (!room) {
        refused_ = Problem(room.error());
        return false;
      }
      rooms_.push_back(std::move(*room));
      *admitted_ += kAdmitStep;
    }
    return true;
  }

  void BeginPart(net::PartHead head) {
    in_file_ = !head.filename.empty() || head.name == "file";
    if (!in_file_) return;  // A field of the form beside its files.
    parts_.push_back({});
    parts_.back().filename = std::move(head.filename);
    parts_.back().content_type = std::move(head.content_type);
    if (parts_.back().content_type == "application/octet-stream")
      parts_.back().content_type.clear();
  }

  void Keep(std::string_view piece) {
    Part& part = parts_.back();
    if (part.spool == nullptr && part.bytes.size() + piece.size() <= kLogBodyBytesMax) {
      part.bytes += piece;
      return;
    }
    if (part.spool == nullptr) {
      auto spool = intake_.NewSpool();
      if (!spool) return FailWith(spool.error());
      part.spool = std::move(*spool);
      if (auto written = part.spool->Write(part.bytes); !written) return FailWith(written.error());
      std::string().swap(part.bytes);
    }
    if (auto written = part.spool->Write(piece); !written) FailWith(written.error());
  }

  void FailWith(const Error& error) {
    constexpr std::chrono::seconds kSoon{5};
    refused_ = Problem(503, error.code, "the body cannot be stored right now", "try again", kSoon);
  }

  void Close() {
    if (form_ && !form_->done())
      refused_ = Problem(400, "http.bad_multipart", "the form ends before its last boundary",
                         "send it as curl -F file=@x.csv does");
    else if (parts_.empty())
      refused_ = Problem(422, "request.empty", "the form has no file", "curl -F file=@x.csv");
    else if (handling_ == Handling::kStrict && parts_.size() > 1)
      refused_ = Problem(422, "request.strict_files", "handling=strict takes one file at a time",
                         "send each alone, or leave the preference out");
    for (Part& part : parts_) {
      if (refused_ || part.spool == nullptr) continue;
      auto spooled = part.spool->Finish();
      if (!spooled) return FailWith(spooled.error());
      part.spooled = *spooled;
    }
  }

  template <class F>
  auto WithRequest(size_t i, F with) {
    const Part& part = parts_[i];
    const std::vector<NameValue> path = Views(path_);
    const std::vector<NameValue> headers = Views(headers_);
    std::string key = key_;
    if (!key.empty() && i != 0) key += "/" + std::to_string(i);  // A key stands for one body.
    source::Request request{.content_type = part.content_type,
                            .content_encoding = encoding_,
                            .idempotency_key = key,
                            .path = path,
                            .headers = headers,
                            .name = part.filename,
                            .handling = handling_};
    if (part.spooled)
      request.body = *part.spooled;
    else
      request.body = std::string_view(part.bytes);
    return with(request);
  }

  // Several files are stored all or none, as far as can be seen before.
  void CheckAll() {
    for (size_t i = 0; i < parts_.size() && !refused_; ++i) {
      const auto fits =
          WithRequest(i, [&](const source::Request& request) { return intake_.Check(request); });
      if (!fits) refused_ = Problem(fits.error());
    }
  }

  void OfferNext() {
    WithRequest(next_, [this](const source::Request& request) {
      intake_.Offer(request, [self = shared_from_this()](source::Offered offered) {
        self->Offered(std::move(offered));
      });
    });
  }

  void Offered(source::Offered offered) {
    if (!offered) return answer_(Problem(offered.error()));
    Part& part = parts_[next_];
    part.stored = offered->sequence;
    part.replayed = offered->replayed;
    std::string().swap(part.bytes);
    if (++next_ == parts_.size()) return Stored();
    // The log's writer is not kept: the next file may be long.
    context_.workers.Run([self = shared_from_this()] { self->OfferNext(); });
  }

  void Stored() {
    context_.acknowledged(clock_.Monotonic() - begun_);
    rooms_.clear();
    if (ack_ == Ack::kDurable) return answer_(Durable());
    auto first = std::make_shared<FirstAnswer<Upload>>(std::move(answer_), shared_from_this());
    // The last file is committed after the others.
    const source::WaiterId waiter = context_.front.WhenCommitted(
        intake_, *parts_.back().stored, [first](Result<source::ReceiptState> state) {
          first->Give([&](const Upload& upload) { return upload.Committed(std::move(state)); });
        });
    context_.workers.RunAfter(context_.ack_timeout, [first, waiter, &front = context_.front] {
      front.Forget(waiter);
      first->Give([](const Upload& upload) { return upload.Durable(); });
    });
  }

  net::Response Durable() const {
    net::Response response{.status = 202};
    ordered_json body;
    std::string receipts;
    ordered_json files = ordered_json::array();
    bool replayed = true;
    for (const Part& part : parts_) {
      const std::string receipt = intake_.ReceiptOf(*part.stored);
      receipts += (receipts.empty() ? "" : ", ") + receipt;
      replayed = replayed && part.replayed;
      files.push_back({{"name", part.filename},
                       {"receipt", receipt},
                       {"status_url", "/v1/receipts/" + receipt}});
    }
    if (parts_.size() == 1) {
      body["receipt"] = receipts;
      body["status_url"] = "/v1/receipts/" + receipts;
    }
    body["ack"] = "durable";
    if (parts_.size() != 1) body["files"] = std::move(files);
    response.body = Dump(body);
    response.headers.emplace_back("Weir-Receipt", std::move(receipts));
    if (replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
    SayHandling(response);
    return response;
  }

  void SayHandling(net::Response& response) const {
    if (handling_ == Handling::kStrict)
      response.headers.emplace_back("Preference-Applied", "handling=strict");
  }

  net::Response Committed(Result<source::ReceiptState> state) const {
    if (!state || parts_.size() != 1) return state ? Durable() : Problem(state.error());
    net::Response response = ReceiptResponse(*state);
    const ledger::Counts& counts = state->counts;
    if (state->stage != source::ReceiptStage::kVoided && counts.rejected != 0)
      response.status = counts.rejected == counts.read ? 422 : 207;
    if (parts_.front().replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
    SayHandling(response);
    return response;
  }

  UploadContext context_;
  source::Intake& intake_;
  const env::Clock& clock_;
  const std::chrono::microseconds begun_;
  const Ack ack_;
  const Handling handling_;
  Values path_;
  Values headers_;
  std::string key_;
  std::string encoding_;
  std::optional<net::MultipartReader> form_;
  bool in_file_ = false;
  std::vector<Part> parts_;
  std::vector<wal::Room> rooms_;
  std::optional<uint64_t> admitted_;  // Where the length was not said.
  uint64_t taken_ = 0;
  std::optional<net::Response> refused_;
  net::Answer answer_;
  size_t next_ = 0;  // The part that is offered next.
};

class UploadReceiver final : public net::Receiver {
 public:
  UploadReceiver(Workers& workers, std::shared_ptr<Upload> upload)
      : workers_(workers), upload_(std::move(upload)) {}

  net::Taken Take(std::string_view piece, net::Resume resume) override {
    if (upload_->refused()) return net::Taken::kRefuse;
    if (!upload_->MayBlock(piece)) {
      upload_->Take(piece);
      return upload_->refused() ? net::Taken::kRefuse : net::Taken::kMore;
    }
    workers_.Run(
        [upload = upload_, kept = std::string(piece), resume = std::move(resume)]() mutable {
          upload->Take(kept);
          resume();
        });
    return net::Taken::kLater;
  }

  void Finish(net::Answer answer) override {
    if (!upload_->FinishMayBlock()) return upload_->Finish(std::move(answer));
    workers_.Run([upload = upload_, answer = std::move(answer)]() mutable {
      upload->Finish(std::move(answer));
    });
  }

 private:
  Workers& workers_;
  std::shared_ptr<Upload> upload_;
};

Result<Ack> AckOf(const Call& call, Ack of_route) {
  const auto wanted = net::QueryValue(call.head.query, "ack");
  if (!wanted) return of_route;
  if (*wanted == "durable") return Ack::kDurable;
  if (*wanted == "committed") return Ack::kCommitted;
  return Fail(ErrorKind::kInvalid, "request.ack", "ack is durable or committed",
              "leave it out: the pipeline says which");
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// RFC 7240: of preferences of one name the first counts, and what is not known is passed over.
Handling HandlingOf(const net::RequestHead& head) {
  for (const net::Header& header : head.headers) {
    if (!net::EqualName(header.name, "prefer")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(','), rest.size());
      std::string_view preference = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      preference = Trimmed(preference.substr(0, preference.find(';')));
      const size_t sign = preference.find('=');
      if (sign == std::string_view::npos ||
          !net::EqualName(Trimmed(preference.substr(0, sign)), "handling"))
        continue;
      std::string_view value = Trimmed(preference.substr(sign + 1));
      if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      return net::EqualName(value, "strict") ? Handling::kStrict : Handling::kLenient;
    }
  }
  return Handling::kLenient;
}

std::string_view StageName(source::ReceiptStage stage) {
  switch (stage) {
    case source::ReceiptStage::kReceived:
      return "received";
    case source::ReceiptStage::kCommitted:
      return "committed";
    case source::ReceiptStage::kRejected:
      return "rejected";
    case source::ReceiptStage::kVoided:
      return "voided";
  }
  return "received";
}

ordered_json FaultJson(const ledger::RecordFault& fault) {
  ordered_json json;
  if (fault.index) json["index"] = *fault.index;
  if (fault.line != 0) json["line"] = fault.line;
  if (!fault.pointer.empty()) json["pointer"] = fault.pointer;
  if (!fault.column.empty()) json["column"] = fault.column;
  json["code"] = fault.code;
  json["message"] = fault.message;
  return json;
}

}  // namespace

Decision BeginUpload(const UploadContext& context, source::Intake& intake, const Call& call,
                     const env::Clock& clock) {
  auto ack = AckOf(call, intake.http().ack);
  if (!ack) return Problem(ack.error());
  const net::RequestHead& head = call.head;
  const Handling handling = HandlingOf(head);
  uint64_t bytes_max = intake.http().max_body;
  if (handling == Handling::kStrict) {
    ack = Ack::kCommitted;  // Only then is it known.
    bytes_max = std::min(bytes_max, kStrictTextBytesMax);
    if (head.content_length.value_or(0) > bytes_max)
      return Problem(413, "request.too_large",
                     "all or nothing is for bodies of " + FormatBytes(bytes_max) + " at most",
                     "send it in smaller parts, or leave the preference out");
  }
  auto room = intake.Admit(head.content_length.value_or(0));
  if (!room) return Problem(room.error());
  auto upload = std::make_shared<Upload>(context, intake, call, *ack, handling, clock);
  upload->Hold(std::move(*room));
  if (head.chunked) upload->AdmitByStep();
  const std::string_view type = head.Find("content-type");
  constexpr std::string_view kForm = "multipart/form-data";
  const bool is_form = net::EqualName(type.substr(0, kForm.size()), kForm);
  if (is_form) {
    auto reader = net::MultipartReader::Make(type);
    if (!reader) return Problem(reader.error());
    upload->ReadForm(std::move(*reader));
  } else {
    upload->ReadBody(type);
  }
  return net::Admission{.receiver = std::make_unique<UploadReceiver>(context.workers, upload),
                        .body_bytes_max = bytes_max,
                        .decoded_bytes_max = bytes_max,
                        .as_sent = !is_form};
}

net::Response ReceiptResponse(const source::ReceiptState& state) {
  ordered_json body = {{"receipt", state.id},
                       {"pipeline", state.pipeline},
                       {"state", StageName(state.stage)},
                       {"status_url", "/v1/receipts/" + state.id}};
  net::Response response;
  response.headers.emplace_back("Weir-Receipt", state.id);
  if (state.stage != source::ReceiptStage::kReceived) {
    const ledger::Counts& counts = state.counts;
    body["ack"] = "committed";
    body["read"] = counts.read;
    body["accepted"] = counts.accepted;
    body["rejected"] = counts.rejected;
    body["duplicate"] = counts.duplicate;
    body["filtered"] = counts.filtered;
    body["late"] = counts.late;
    body["batch"] = state.batch;
    body["table"] = state.table;
    body["snapshot"] = state.snapshot == 0 ? nlohmann::json() : nlohmann::json(state.snapshot);
    for (const ledger::RecordFault& fault : state.faults)
      body["errors"].push_back(FaultJson(fault));
    response.headers.emplace_back("Weir-Accepted", std::to_string(counts.accepted));
    response.headers.emplace_back("Weir-Rejected", std::to_string(counts.rejected));
    response.headers.emplace_back("Weir-Duplicate", std::to_string(counts.duplicate));
  }
  response.body = Dump(body);
  return response;
}

}  // namespace weir::api
