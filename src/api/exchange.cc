#include "api/exchange.h"

#include "api/problem.h"

namespace weir::api {

// One request of the site, from its head until its answer was given or dropped.
class Exchange::UnderWay {
 public:
  explicit UnderWay(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~UnderWay() {
    const std::lock_guard lock(state_->mutex);
    if (--state_->under_way == 0) state_->answered.notify_all();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::shared_ptr<State> state_;
};

class Exchange::Counted final : public net::Receiver {
 public:
  Counted(std::unique_ptr<net::Receiver> inner, std::shared_ptr<UnderWay> under_way)
      : under_way_(std::move(under_way)), inner_(std::move(inner)) {}
  net::Taken Take(std::string_view piece, net::Resume resume) override {
    return inner_->Take(piece, std::move(resume));
  }
  void Finish(net::Answer answer) override {
    inner_->Finish([answer = std::move(answer), under_way = under_way_](
                       net::Response response) mutable { answer(std::move(response)); });
  }

 private:
  std::shared_ptr<UnderWay> under_way_;  // The last to go.
  std::unique_ptr<net::Receiver> inner_;
};

void Exchange::Set(net::Site* site) {
  const std::lock_guard lock(state_->mutex);
  state_->site = site;
}

bool Exchange::WaitUntilAnswered(std::chrono::microseconds at_most) {
  std::unique_lock lock(state_->mutex);
  return state_->answered.wait_for(lock, at_most, [this] { return state_->under_way == 0; });
}

std::variant<net::Response, net::Admission> Exchange::Begin(const net::RequestHead& head) {
  net::Site* site = nullptr;
  {
    const std::lock_guard lock(state_->mutex);
    site = state_->site;
    if (site != nullptr) ++state_->under_way;
  }
  constexpr std::chrono::seconds kSoon{1};
  if (site == nullptr)
    return Problem(503, "server.reloading", "the server reads its project anew",
                   "send it again in a moment", kSoon);
  auto under_way = std::make_shared<UnderWay>(state_);
  auto decided = site->Begin(head);
  if (auto* admission = std::get_if<net::Admission>(&decided))
    admission->receiver =
        std::make_unique<Counted>(std::move(admission->receiver), std::move(under_way));
  return decided;
}

net::Response Exchange::Refuse(int status, std::string_view code, std::string_view detail) {
  const std::lock_guard lock(state_->mutex);
  return state_->site != nullptr ? state_->site->Refuse(status, code, detail)
                                 : Problem(status, code, detail);
}

}  // namespace weir::api
