// A connection: requests in, answers out, one at a time, over TCP or TLS.
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstring>
#include <vector>

#include "net/body_decoder_internal.h"
#include "net/core_internal.h"
#include "net/framing_internal.h"
#include "net/once_internal.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::microseconds;

constexpr size_t kFirstRead = 4 * 1024;      // An idle connection holds no more than this.
constexpr size_t kBodyWithHead = 16 * 1024;  // A longer one is not copied behind its head.

// What came and was not used yet.
class Input {
 public:
  std::string_view view() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void Consume(size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Free space behind what is there, at least one byte, in all at most about `want`.
  asio::mutable_buffer Space(size_t want) {
    if (begin_ != 0 && end_ == bytes_.size()) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() < want || end_ == bytes_.size())
      bytes_.resize(std::max({want, kFirstRead, end_ == bytes_.size() ? bytes_.size() * 2 : 0}));
    return asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
  }
  void Came(size_t count) { end_ += count; }
  void Shrink() {
    if (empty() && bytes_.size() > kFirstRead) std::vector<char>().swap(bytes_);
  }

 private:
  std::vector<char> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// How a request's body has ended.
enum class BodyEnd : uint8_t { kWhole, kRefusedByReceiver, kRefused, kGone };

template <class Stream>
class ConnectionOf final : public Connection {
 public:
  ConnectionOf(Core& core, Stream stream) : core_(core), stream_(std::move(stream)) {}

  void Expire() override {
    expired_ = true;
    error_code ignored;
    socket().cancel(ignored);
  }
  void Cut() override {
    expired_ = true;
    keep_alive_ = false;
    error_code ignored;
    socket().close(ignored);
    if (resumed_) resumed_->Close();
    if (answered_) answered_->Close();
  }
  bool between_requests() const override { return between_requests_; }
  microseconds deadline() const override { return deadline_; }

  awaitable<void> Run() {
    error_code failed;
    const auto endpoint = socket().remote_endpoint(failed);
    if (!failed) peer_ = endpoint.address().to_string();
    const Known known(core_, *this);
    if (!co_await Handshake()) co_return;
    while (co_await OneRequest()) {
    }
    co_await SayGoodbye();
  }

 private:
  class Known {
   public:
    Known(Core& core, Connection& connection) : core_(core), connection_(connection) {
      core_.connections.insert(&connection_);
    }
    ~Known() { core_.connections.erase(&connection_); }
    Known(const Known&) = delete;
    Known& operator=(const Known&) = delete;

   private:
    Core& core_;
    Connection& connection_;
  };

  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  microseconds now() const { return core_.clock.Monotonic(); }
  void Within(microseconds time) { deadline_ = now() + time; }
  void WithoutLimit() { deadline_ = microseconds(0); }

  awaitable<bool> Handshake() {
    if constexpr (kTls) {
      Within(core_.limits.handshake_milliseconds_max);
      error_code failed;
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, failed));
      co_return !failed && !expired_;
    }
    co_return true;
  }

  // Reads something more; false: the client has gone, or is too slow.
  awaitable<bool> More(size_t want) {
    if (expired_) co_return false;
    error_code failed;
    const size_t came = co_await stream_.async_read_some(
        input_.Space(want), asio::redirect_error(asio::use_awaitable, failed));
    if (failed || expired_) co_return false;
    input_.Came(came);
    co_return true;
  }

  awaitable<bool> Write(std::string_view head, std::string_view body = {}) {
    while (!head.empty() || !body.empty()) {
      if (expired_) co_return false;
      Within(core_.limits.write_milliseconds_max);
      error_code failed;
      const std::array<asio::const_buffer, 2> both = {asio::buffer(head), asio::buffer(body)};
      size_t sent = co_await stream_.async_write_some(
          both, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) co_return false;
      const size_t of_head = std::min(sent, head.size());
      head.remove_prefix(of_head);
      body.remove_prefix(sent - of_head);
    }
    co_return true;
  }

  // True: the connection is good for another one.
  awaitable<bool> OneRequest() {
    between_requests_ = input_.empty();
    if (between_requests_ && core_.draining) co_return false;
    const auto end = co_await HeadEnd();
    between_requests_ = false;
    if (!end) co_return false;
    begun_ = now();
    auto head = ReadHead(input_.view().substr(0, *end), core_.limits);
    if (!head) co_return co_await Refuse(head.error());
    head->peer = peer_;
    keep_alive_ = head->keep_alive;
    http_1_0_ = head->http_1_0;
    is_head_ = head->method == "HEAD";
    auto decided = core_.site.Begin(*head);
    expects_ = head->expects_continue && head->has_body();
    length_ = head->content_length.value_or(0);
    chunked_ = head->chunked;
    const Coding coding = head->coding;
    input_.Consume(*end);  // The head's views end here.
    if (auto* response = std::get_if<Response>(&decided))
      co_return co_await AnswerUnread(std::move(*response));
    co_return co_await Receive(std::move(std::get<Admission>(decided)), coding);
  }

  // The length of the next head once it is there. Where it does not come, what is to be said of it
  // was said.
  awaitable<std::optional<size_t>> HeadEnd() {
    Within(between_requests_ ? core_.limits.idle_milliseconds_max
                             : core_.limits.head_milliseconds_max);
    size_t seen = 0;
    while (true) {
      if (const auto end = FindHeadEnd(input_.view(), seen)) {
        if (*end > core_.limits.head_bytes_max) break;
        co_return end;
      }
      seen = input_.view().size();
      if (seen >= core_.limits.head_bytes_max) break;
      if (!co_await More(std::min(seen * 2, core_.limits.head_bytes_max))) {
        if (seen != 0) co_await RefuseLate();
        co_return std::nullopt;
      }
      if (seen == 0 && between_requests_) Within(core_.limits.head_milliseconds_max);
      between_requests_ = false;
    }
    const bool is_target = input_.view().find("\r\n") > core_.limits.target_bytes_max;
    co_await Refuse(is_target ? Refusal{414, "http.target_too_long", "the target is too long"}
                              : Refusal{431, "http.head_too_big", "the headers are too long"});
    co_return std::nullopt;
  }

  // The answer of a request whose body nobody wants.
  awaitable<bool> AnswerUnread(Response response) {
    const bool small = !chunked_ && !expects_ && length_ <= core_.limits.unread_bytes_max;
    keep_alive_ = keep_alive_ && small;
    if (!co_await Send(std::move(response)) || !keep_alive_) co_return false;
    const microseconds from = now();
    for (uint64_t left = length_; left != 0;) {
      if (input_.empty()) {
        deadline_ = BodyDeadline(from, length_ - left);
        if (!co_await More(core_.limits.piece_bytes_max)) co_return false;
      }
      const size_t used = static_cast<size_t>(std::min<uint64_t>(left, input_.view().size()));
      input_.Consume(used);
      left -= used;
    }
    co_return true;
  }

  awaitable<bool> Receive(Admission admission, Coding coding) {
    receiver_ = std::move(admission.receiver);
    if (expects_ && input_.empty() && !co_await Write("HTTP/1.1 100 Continue\r\n\r\n"))
      co_return Drop();
    BodyEnd end = BodyEnd::kWhole;
    if (chunked_ || length_ != 0) end = co_await ReadBody(admission, coding);
    WithoutLimit();
    if (end == BodyEnd::kGone) co_return Drop();
    if (end == BodyEnd::kRefused) {
      Drop();
      co_return co_await Refuse(refusal_);
    }
    if (end == BodyEnd::kRefusedByReceiver) keep_alive_ = false;
    answered_ = std::make_shared<Once<Response>>(core_.inbox);
    receiver_->Finish([giver = typename Once<Response>::Giver(answered_)](
                          Response response) mutable { giver.Give(std::move(response)); });
    auto answer = co_await answered_->Take();
    answered_.reset();
    receiver_.reset();
    if (expired_) co_return false;
    if (!answer)
      answer = core_.site.Refuse(500, "http.no_answer", "the request was left without an answer");
    co_return co_await Send(std::move(*answer));
  }

  // Forgets the request under way.
  bool Drop() {
    receiver_.reset();
    return false;
  }

  microseconds BodyDeadline(microseconds from, uint64_t received) const {
    const uint64_t rate = core_.limits.body_bytes_per_second_min;
    return from + core_.limits.body_milliseconds_free +
           microseconds(static_cast<int64_t>(received * 1'000'000 / rate));
  }

  awaitable<BodyEnd> ReadBody(const Admission& admission, Coding coding) {
    const Limits& limits = core_.limits;
    const uint64_t most =
        admission.body_bytes_max == 0 ? limits.body_bytes_max : admission.body_bytes_max;
    if (length_ > most) co_return Refused(413, "http.body_too_big", "the body is too big");
    std::unique_ptr<BodyDecoder> decoder;
    if (coding != Coding::kIdentity && !admission.as_sent) {
      if (coding == Coding::kOther)
        co_return Refused(415, "http.content_coding", "a body is plain, gzip or zstd");
      decoder = MakeBodyDecoder(coding, limits,
                                admission.decoded_bytes_max == 0 ? limits.decoded_bytes_max
                                                                 : admission.decoded_bytes_max);
    }
    ChunkedBody chunks(limits);
    uint64_t received = 0;
    microseconds from = now();
    for (bool done = false; !done;) {
      if (input_.empty()) {
        deadline_ = BodyDeadline(from, received);
        if (!co_await More(limits.piece_bytes_max)) co_return expired_ ? TooSlow() : BodyEnd::kGone;
      }
      auto step = NextPiece(chunks, received);
      if (!step) co_return Refused(step.error());
      received += step->piece.size();
      if (received > most) co_return Refused(413, "http.body_too_big", "the body is too big");
      const microseconds asked = now();
      const BodyEnd end = co_await Deliver(decoder.get(), step->piece);
      if (end != BodyEnd::kWhole) co_return end;
      from += now() - asked;  // The client is not to blame for our time.
      input_.Consume(step->used);
      done = step->done;
    }
    if (decoder)
      if (auto whole = decoder->Finish(); !whole) co_return Refused(whole.error());
    co_return BodyEnd::kWhole;
  }

  std::expected<ChunkedBody::Step, Refusal> NextPiece(ChunkedBody& chunks, uint64_t received) {
    if (chunked_) return chunks.Next(input_.view());
    const std::string_view piece = input_.view().substr(
        0, static_cast<size_t>(std::min<uint64_t>(length_ - received, input_.view().size())));
    return ChunkedBody::Step{piece.size(), piece, received + piece.size() == length_};
  }

  awaitable<BodyEnd> Deliver(BodyDecoder* decoder, std::string_view sent) {
    if (decoder == nullptr) co_return co_await Pass(sent);
    while (!sent.empty()) {
      auto step = decoder->Next(sent);
      if (!step) co_return Refused(step.error());
      const BodyEnd end = co_await Pass(step->piece);
      if (end != BodyEnd::kWhole) co_return end;
    }
    // What the decoder still holds.
    while (true) {
      auto step = decoder->Next(sent);
      if (!step) co_return Refused(step.error());
      if (step->done) co_return BodyEnd::kWhole;
      const BodyEnd end = co_await Pass(step->piece);
      if (end != BodyEnd::kWhole) co_return end;
    }
  }

  awaitable<BodyEnd> Pass(std::string_view piece) {
    if (piece.empty()) co_return BodyEnd::kWhole;
    WithoutLimit();
    resumed_ = std::make_shared<Once<bool>>(core_.inbox);
    const Taken taken = receiver_->Take(
        piece, [giver = typename Once<bool>::Giver(resumed_)]() mutable { giver.Give(true); });
    std::optional<bool> resumed = true;
    if (taken == Taken::kLater) resumed = co_await resumed_->Take();
    if (resumed_) resumed_->Close();
    resumed_.reset();
    if (expired_) co_return BodyEnd::kGone;
    if (!resumed)
      co_return Refused(500, "http.no_answer", "the request was left without an answer");
    co_return taken == Taken::kRefuse ? BodyEnd::kRefusedByReceiver : BodyEnd::kWhole;
  }

  BodyEnd Refused(Refusal refusal) {
    refusal_ = refusal;
    return BodyEnd::kRefused;
  }
  BodyEnd Refused(int status, std::string_view code, std::string_view detail) {
    return Refused(Refusal{status, code, detail});
  }

  BodyEnd TooSlow() {
    if (!socket().is_open()) return BodyEnd::kGone;  // Cut.
    expired_ = false;
    return Refused(408, "http.timeout", "the body came too slowly");
  }

  awaitable<bool> Refuse(Refusal refusal) {
    keep_alive_ = false;
    co_return co_await Send(core_.site.Refuse(refusal.status, refusal.code, refusal.detail));
  }

  // A head that did not come in time.
  awaitable<void> RefuseLate() {
    if (!expired_ || !socket().is_open()) co_return;
    expired_ = false;
    co_await Refuse({408, "http.timeout", "the head came too slowly"});
  }

  awaitable<bool> Send(Response response) {
    keep_alive_ = keep_alive_ && !core_.draining;
    std::string head;
    head.reserve(256 + (response.body.size() <= kBodyWithHead ? response.body.size() : 0));
    head += "HTTP/1.1 ";
    Number(head, static_cast<uint64_t>(response.status));
    head.append(" ").append(ReasonOf(response.status)).append("\r\nDate: ").append(core_.date);
    if (response.status != 204 && response.status != 304) {
      if (!response.body.empty()) head.append("\r\nContent-Type: ").append(response.content_type);
      head += "\r\nContent-Length: ";
      Number(head, response.body.size());
    }
    head += response.lines;
    for (const auto& [name, value] : response.headers)
      head.append("\r\n").append(name).append(": ").append(value);
    if (!keep_alive_) {
      head += "\r\nConnection: close";
    } else if (http_1_0_) {
      head += "\r\nConnection: keep-alive";
    }
    head += "\r\n\r\n";
    std::string_view body = is_head_ ? std::string_view() : response.body;
    if (body.size() <= kBodyWithHead) head += std::exchange(body, {});
    const bool written = co_await Write(head, body);
    input_.Shrink();
    co_return written&& keep_alive_;
  }

  static void Number(std::string& text, uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text.append(digits.data(), end);
  }

  // A client that is still sending would lose our answer if the socket were closed under it.
  awaitable<void> SayGoodbye() {
    if (!socket().is_open()) co_return;
    expired_ = false;
    Within(core_.limits.linger_milliseconds_max);
    error_code failed;
    if constexpr (kTls) {
      co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, failed));
    } else {
      socket().shutdown(tcp::socket::shutdown_send, failed);
      std::array<char, 4096> thrown_away;
      while (!failed && !expired_)
        co_await socket().async_read_some(asio::buffer(thrown_away),
                                          asio::redirect_error(asio::use_awaitable, failed));
    }
    socket().close(failed);
  }

  Core& core_;
  Stream stream_;
  std::string peer_;
  Input input_;
  microseconds deadline_{};
  bool between_requests_ = true;
  bool expired_ = false;

  // Of the request under way.
  std::unique_ptr<Receiver> receiver_;
  std::shared_ptr<Once<bool>> resumed_;
  std::shared_ptr<Once<Response>> answered_;
  Refusal refusal_;
  microseconds begun_{};
  uint64_t length_ = 0;
  bool chunked_ = false;
  bool expects_ = false;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool is_head_ = false;
};

template <class Stream>
awaitable<void> RunToEnd(std::unique_ptr<ConnectionOf<Stream>> connection) {
  co_await connection->Run();
}

}  // namespace

void SpawnConnection(Core& core, tcp::socket socket, asio::ssl::context* tls,
                     std::function<void()> ended) {
  // What a connection throws (no memory) is the end of that connection alone.
  const auto tell = [ended = std::move(ended)](const std::exception_ptr&) { ended(); };
  if (tls == nullptr) {
    auto made = std::make_unique<ConnectionOf<tcp::socket>>(core, std::move(socket));
    asio::co_spawn(core.context, RunToEnd(std::move(made)), tell);
  } else {
    using Tls = asio::ssl::stream<tcp::socket>;
    auto made = std::make_unique<ConnectionOf<Tls>>(core, Tls(std::move(socket), *tls));
    asio::co_spawn(core.context, RunToEnd(std::move(made)), tell);
  }
}

}  // namespace weir::net
