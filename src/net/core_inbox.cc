#include "net/core_inbox_internal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>

#include "base/check.h"

namespace weir::net {

namespace asio = boost::asio;

CoreInbox::CoreInbox(asio::io_context& context)
    : news_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), context_(&context) {
  WEIR_CHECK(news_ >= 0);
}

CoreInbox::~CoreInbox() { close(news_); }

void CoreInbox::Put(std::vector<env::Work> works) {
  {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr) return;
    const bool told = !works_.empty();
    std::ranges::move(works, std::back_inserter(works_));
    if (told) return;
  }
  eventfd_write(news_, 1);  // With no lock held: whom it wakes may run before this returns.
}

bool CoreInbox::IsOfThisThread() const {
  const std::lock_guard lock(mutex_);
  return context_ != nullptr && context_->get_executor().running_in_this_thread();
}

asio::awaitable<void> CoreInbox::Serve(std::shared_ptr<CoreInbox> self) {
  asio::posix::stream_descriptor news(*self->context_, dup(self->news_));
  std::array<char, sizeof(eventfd_t)> count{};
  std::vector<env::Work> works;
  boost::system::error_code failed;
  while (!failed) {
    co_await news.async_read_some(asio::buffer(count),
                                  asio::redirect_error(asio::use_awaitable, failed));
    {
      const std::lock_guard lock(self->mutex_);
      std::swap(works, self->works_);
    }
    for (env::Work& work : works) work();
    works.clear();
  }
}

void CoreInbox::Close() {
  std::vector<env::Work> dropped;  // Ends behind the lock.
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  std::swap(dropped, works_);
}

}  // namespace weir::net
