// A value that arrives once, from any thread, at a coroutine that waits for it on its own.
//
//   Once<T> (coroutine's side) <---- Giver (the other's side): Give, or destroyed without it
//
// Threads: Take and Close on the inbox's; a Giver on any, also after that thread is gone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "net/core_inbox_internal.h"

namespace weir::net {

template <class T>
class Once : public std::enable_shared_from_this<Once<T>> {
 public:
  class Giver {
   public:
    explicit Giver(std::shared_ptr<Once> once) : once_(std::move(once)) {}
    Giver(Giver&&) noexcept = default;
    Giver& operator=(Giver&&) = delete;
    ~Giver() {
      if (once_) once_->Arrive(std::nullopt);
    }
    void Give(T value) {
      if (const auto once = std::exchange(once_, nullptr)) once->Arrive(std::move(value));
    }

   private:
    std::shared_ptr<Once> once_;
  };

  explicit Once(std::shared_ptr<CoreInbox> inbox) : inbox_(std::move(inbox)) {}

  // The value; nullopt where the giver was dropped, or Close was called.
  boost::asio::awaitable<std::optional<T>> Take() {
    if (!arrived_) {
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
          [this](auto handler) { waiting_ = std::move(handler); }, boost::asio::use_awaitable);
    }
    arrived_ = true;
    co_return std::move(value_);
  }

  // What arrives from now on is dropped. Ends a Take with nothing.
  void Close() {
    arrived_ = true;
    // In a turn of its own: the coroutine may end whoever called us.
    if (waiting_) env::Together::Send(inbox_, std::exchange(waiting_, nullptr));
  }

 private:
  void Arrive(std::optional<T> value) {
    // A coroutine that waits goes on in a turn of its own, too.
    if (inbox_->IsOfThisThread() && !waiting_) return Receive(std::move(value));
    env::Together::Send(inbox_,
                        [self = this->shared_from_this(), value = std::move(value)]() mutable {
                          self->Receive(std::move(value));
                        });
  }

  void Receive(std::optional<T> value) {
    if (std::exchange(arrived_, true)) return;
    value_ = std::move(value);
    if (auto waiting = std::exchange(waiting_, nullptr)) waiting();
  }

  const std::shared_ptr<CoreInbox> inbox_;
  // The rest belongs to the inbox's thread.
  bool arrived_ = false;
  std::optional<T> value_;
  std::move_only_function<void()> waiting_;
};

}  // namespace weir::net
