// A value that arrives once, from any thread, at a coroutine that waits for it on its own.
//
//   Once<T> (coroutine's side) <---- Giver (the other's side): Give, or destroyed without it
//
// Threads: Take and Close on the executor's; a Giver on any, also after the executor is gone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir::net {

template <class T>
class Once : public std::enable_shared_from_this<Once<T>> {
 public:
  using Executor = boost::asio::io_context::executor_type;

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

  explicit Once(Executor executor) : executor_(std::move(executor)) {}

  // The value; nullopt where the giver was dropped, or Close was called.
  boost::asio::awaitable<std::optional<T>> Take() {
    if (!arrived_) {
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
          [this](auto handler) { waiting_ = std::move(handler); }, boost::asio::use_awaitable);
    }
    Close();
    co_return std::move(value_);
  }

  // What arrives from now on is dropped, on the thread of its giver. Ends a Take with nothing.
  void Close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_ = true;
    // In a turn of its own: the coroutine may end whoever called us.
    if (waiting_) boost::asio::post(executor_, std::exchange(waiting_, nullptr));
  }

 private:
  void Arrive(std::optional<T> value) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (executor_.running_in_this_thread() && !waiting_) {
      value_ = std::move(value);
      arrived_ = true;
      return;
    }
    // The executor lives: who closes it closes us before.
    boost::asio::post(executor_,
                      [self = this->shared_from_this(), value = std::move(value)]() mutable {
                        if (self->arrived_) return;
                        self->value_ = std::move(value);
                        self->arrived_ = true;
                        if (auto waiting = std::exchange(self->waiting_, nullptr)) waiting();
                      });
  }

  Executor executor_;
  std::mutex mutex_;
  bool closed_ = false;  // Guarded by mutex_; the rest belongs to the executor's thread.
  bool arrived_ = false;
  std::optional<T> value_;
  std::move_only_function<void()> waiting_;
};

}  // namespace weir::net
