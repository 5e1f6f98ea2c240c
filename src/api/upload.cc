#include "api/upload.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/problem.h"
#include "api/receipt.h"
#include "api/wishes.h"
#include "base/limits.h"
#include "base/request_limits.h"
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

// One body: the request's own, or a file of a form.
struct Part {
  std::string filename;
  std::string content_type;
  std::string bytes;  // Up to kLogBodyBytesMax; more is in the spool.
  std::unique_ptr<wal::SpoolWriter> spool;
  std::optional<wal::Spool> spooled;
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
  // `bytes`: as many as were announced, and admitted.
  void ReadBody(std::string_view content_type, uint64_t bytes) {
    parts_.push_back({});
    parts_.back().content_type = content_type;
    if (bytes <= kLogBodyBytesMax) parts_.back().bytes.reserve(bytes);
  }
  void Hold(wal::Room room) { rooms_.push_back(std::move(room)); }
  void AdmitByStep() { admitted_ = 0; }
  bool refused() const { return refused_.has_value(); }

  // Whether taking `piece` may touch the disk.
  bool MayBlock(std::string_view piece) const {
    return (!parts_.empty() && parts_.back().spool != nullptr) || !FitsInMemory(piece);
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
    if (refused_) return answer_(std::move(*refused_));
    Offer();
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

  // What is stored together is one entry's worth; the rest is beside the log.
  bool FitsInMemory(std::string_view piece) const {
    return in_memory_ + piece.size() <= kLogBodyBytesMax;
  }

  void Keep(std::string_view piece) {
    Part& part = parts_.back();
    if (part.spool == nullptr && FitsInMemory(piece)) {
      part.bytes += piece;
      in_memory_ += piece.size();
      return;
    }
    if (part.spool == nullptr) {
      auto spool = intake_.NewSpool();
      if (!spool) return FailWith(spool.error());
      part.spool = std::move(*spool);
      if (auto written = part.spool->Write(part.bytes); !written) return FailWith(written.error());
      in_memory_ -= part.bytes.size();
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

  void Offer() {
    const std::vector<NameValue> path = Views(path_);
    const std::vector<NameValue> headers = Views(headers_);
    std::vector<source::Request> requests;
    for (const Part& part : parts_) {
      source::Request request{.content_type = part.content_type,
                              .content_encoding = encoding_,
                              .idempotency_key = key_,
                              .path = path,
                              .headers = headers,
                              .name = part.filename,
                              .handling = handling_};
      if (part.spooled)
        request.body = *part.spooled;
      else
        request.body = std::string_view(part.bytes);
      requests.push_back(request);
    }
    intake_.Offer(requests, [self = shared_from_this()](source::Offered offered) {
      self->Offered(std::move(offered));
    });
  }

  // The parts were copied, or are beside the log.
  void Offered(source::Offered offered) {
    if (!offered) return answer_(Problem(offered.error()));
    stored_ = *offered;
    for (Part& part : parts_) std::string().swap(part.bytes);
    context_.acknowledged(clock_.Monotonic() - begun_);
    rooms_.clear();
    if (ack_ == Ack::kCommitted) return WaitForCommit();
    if (!stored_.replayed) return answer_(Durable());
    context_.front.FindReceipt(intake_.ReceiptOf(SequenceOf(parts_.size() - 1)),
                               [self = shared_from_this()](Result<source::ReceiptState> state) {
                                 self->Collect(std::move(state), [self](Result<void> all) {
                                   self->Repeated(std::move(all));
                                 });
                               });
  }

  void WaitForCommit() {
    auto first = std::make_shared<FirstAnswer<Upload>>(std::move(answer_), shared_from_this());
    // The last file is committed after the others.
    const source::WaiterId waiter = context_.front.WhenCommitted(
        intake_, SequenceOf(parts_.size() - 1),
        [first, self = shared_from_this()](Result<source::ReceiptState> state) {
          self->Collect(std::move(state), [first](Result<void> all) {
            first->Give([&](const Upload& upload) {
              return all ? upload.AllCommitted() : Problem(all.error());
            });
          });
        });
    context_.workers.RunAfter(context_.ack_timeout, [first, waiter, &front = context_.front] {
      front.Forget(waiter);
      first->Give([](const Upload& upload) { return upload.Durable(); });
    });
  }

  wal::Sequence SequenceOf(size_t part) const {
    return wal::Sequence(stored_.sequence.value + part);
  }

  net::Response Durable() const {
    net::Response response{.status = 202};
    if (parts_.size() == 1) {
      // By hand, since it is said so often; a receipt needs no escapes.
      std::string receipt = intake_.ReceiptOf(stored_.sequence);
      response.body.append(R"({"receipt":")")
          .append(receipt)
          .append(R"(","status_url":"/v1/receipts/)");
      response.body.append(receipt).append(R"(","ack":"durable"})");
      response.headers.emplace_back("Weir-Receipt", std::move(receipt));
      SayHow(response);
      return response;
    }
    std::string receipts;
    ordered_json files = ordered_json::array();
    for (size_t i = 0; i < parts_.size(); ++i) {
      const std::string receipt = intake_.ReceiptOf(SequenceOf(i));
      receipts += (receipts.empty() ? "" : ", ") + receipt;
      files.push_back({{"name", parts_[i].filename},
                       {"receipt", receipt},
                       {"status_url", "/v1/receipts/" + receipt}});
    }
    response.body = Dump({{"ack", "durable"}, {"files", std::move(files)}});
    response.headers.emplace_back("Weir-Receipt", std::move(receipts));
    SayHow(response);
    return response;
  }

  void SayHow(net::Response& response) const {
    if (stored_.replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
    if (handling_ == Handling::kStrict)
      response.headers.emplace_back("Preference-Applied", "handling=strict");
  }

  // One receipt after the other is asked for; `state` is of the last one first.
  using Collected = std::move_only_function<void(Result<void>)>;
  void Collect(Result<source::ReceiptState> state, Collected then) {
    if (!state) return then(Fail(std::move(state).error()));
    receipts_.push_back(std::move(*state));
    if (receipts_.size() == parts_.size()) return then({});
    context_.front.FindReceipt(intake_.ReceiptOf(SequenceOf(parts_.size() - 1 - receipts_.size())),
                               [self = shared_from_this(),
                                then = std::move(then)](Result<source::ReceiptState> next) mutable {
                                 self->Collect(std::move(next), std::move(then));
                               });
  }

  // A repetition that asks for no more than that it is on the disk.
  void Repeated(Result<void> all) {
    if (!all) return answer_(Problem(all.error()));
    using source::ReceiptStage;
    const bool taken = std::ranges::none_of(receipts_, [](const source::ReceiptState& one) {
      return one.stage == ReceiptStage::kRejected || one.stage == ReceiptStage::kVoided;
    });
    if (!taken) return answer_(AllCommitted());
    const source::ReceiptState& last = receipts_.front();
    if (last.stage != ReceiptStage::kReceived || last.handling != Handling::kStrict)
      return answer_(Durable());
    // All or nothing: only the commit tells which.
    constexpr std::chrono::seconds kSoon{1};
    answer_(Problem(409, "request.running",
                    "the request with this key is all or nothing, and not committed yet",
                    "send it again in a moment; with handling=strict it waits for the commit",
                    kSoon));
  }

  net::Response AllCommitted() const {
    ledger::Counts counts;
    size_t voided = 0;
    for (const source::ReceiptState& one : receipts_) {
      if (one.stage == source::ReceiptStage::kVoided)
        ++voided;
      else
        counts += one.counts;
    }
    net::Response response =
        parts_.size() == 1 ? ReceiptResponse(receipts_.front()) : FilesCommitted(counts);
    if (voided == receipts_.size())
      response.status = 410;
    else if (counts.rejected != 0 && counts.rejected == counts.read)
      response.status = 422;
    else if (counts.rejected != 0 || voided != 0)
      response.status = 207;
    SayHow(response);
    return response;
  }

  net::Response FilesCommitted(const ledger::Counts& counts) const {
    ordered_json files = ordered_json::array();
    std::string receipts;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const source::ReceiptState& state = receipts_[parts_.size() - 1 - i];
      receipts += (receipts.empty() ? "" : ", ") + state.id;
      ordered_json file = {{"name", parts_[i].filename}};
      file.update(ReceiptJson(state));
      files.push_back(std::move(file));
    }
    net::Response response;
    response.headers.emplace_back("Weir-Receipt", std::move(receipts));
    AddCounts(counts, response);
    response.body = Dump({{"ack", "committed"}, {"files", std::move(files)}});
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
  uint64_t in_memory_ = 0;                      // Bytes of all parts that are not spooled.
  source::Stored stored_;                       // Of the first part; the others follow it.
  std::vector<source::ReceiptState> receipts_;  // Of the parts, the last one first.
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

}  // namespace

Decision BeginUpload(const UploadContext& context, source::Intake& intake, const Call& call,
                     const env::Clock& clock) {
  auto ack = AckOf(call.head, intake.http().ack);
  if (!ack) return Problem(ack.error());
  const net::RequestHead& head = call.head;
  const Handling handling = HandlingOf(head);
  uint64_t bytes_max = intake.http().max_body;
  if (handling == Handling::kStrict) {
    ack = Ack::kCommitted;  // Only then is it known.
    bytes_max = bytes_max == 0 ? kStrictTextBytesMax : std::min(bytes_max, kStrictTextBytesMax);
    if (head.content_length.value_or(0) > bytes_max)
      return Problem(413, "request.too_large",
                     "all or nothing is for bodies of " + FormatBytes(bytes_max) + " at most",
                     "send it in smaller parts, or leave the preference out");
  }
  auto room = intake.Admit(head.content_length.value_or(0));
  if (!room) return Problem(room.error());
  const std::string_view type = head.Find("content-type");
  constexpr std::string_view kForm = "multipart/form-data";
  const bool is_form = net::EqualName(type.substr(0, kForm.size()), kForm);
  // What is refused anyway is refused before its body comes.
  const auto good = intake.CheckHead({.content_type = is_form ? std::string_view() : type,
                                      .content_encoding = head.Find("content-encoding"),
                                      .idempotency_key = head.Find("idempotency-key")});
  if (!good) return Problem(good.error());
  auto upload = std::make_shared<Upload>(context, intake, call, *ack, handling, clock);
  upload->Hold(std::move(*room));
  if (head.chunked) upload->AdmitByStep();
  if (is_form) {
    auto reader = net::MultipartReader::Make(type);
    if (!reader) return Problem(reader.error());
    upload->ReadForm(std::move(*reader));
  } else {
    upload->ReadBody(type, head.content_length.value_or(0));
  }
  return net::Admission{.receiver = std::make_unique<UploadReceiver>(context.workers, upload),
                        .body_bytes_max = bytes_max,
                        .decoded_bytes_max = bytes_max,
                        .as_sent = !is_form};
}

}  // namespace weir::api
