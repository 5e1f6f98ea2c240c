// What other threads send to a core: run on its thread, or dropped once the core is gone.
//
// Its own eventfd, and not asio::post: that one wakes the core with its lock held, and on a core
// that both share the woken one can only wait for it, which costs two switches more, and lets any
// third thread have a whole slice in between.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <utility>
#include <vector>

#include "env/inbox.h"

namespace weir::net {

class CoreInbox final : public env::Inbox {
 public:
  explicit CoreInbox(boost::asio::io_context& context);
  ~CoreInbox() override;
  CoreInbox(const CoreInbox&) = delete;
  CoreInbox& operator=(const CoreInbox&) = delete;

  void Put(std::vector<env::Work> works) override;
  bool IsOfThisThread() const;
  // Runs what comes, on the context, for as long as that runs.
  static boost::asio::awaitable<void> Serve(std::shared_ptr<CoreInbox> self);
  // The context is about to go.
  void Close();

 private:
  const int news_;  // An eventfd.
  mutable std::mutex mutex_;
  boost::asio::io_context* context_;
  std::vector<env::Work> works_;
};

}  // namespace weir::net
