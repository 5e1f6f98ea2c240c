#include "env/lock_loan.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "env/descriptor_internal.h"

namespace weir::env {
namespace {

using std::chrono::microseconds;

constexpr int kAskersMax = 64;  // Who wait; one more is told that nobody lends.

std::unexpected<Error> NotDone(const std::string& path, const char* what) {
  Error error{.kind = ErrorKind::kIo, .code = "file.io", .message = {}, .place = {}, .next = {}};
  error.message = std::string(what) + ": " + std::strerror(errno);
  error.place.file = path;
  return std::unexpected(std::move(error));
}

// The address of a socket in `folder`. Its own path may be longer than an address can be.
sockaddr_un AddressIn(const Descriptor& folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (void)std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s",
                      folder.number(), name.c_str());
  return address;
}

struct Place {
  Descriptor folder;
  std::string name;
};
Place PlaceOf(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return {Descriptor(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
          path.substr(slash == std::string::npos ? 0 : slash + 1)};
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// One byte with a descriptor: the layout that sendmsg(2) and cmsg(3) want.
struct Parcel {
  Parcel() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  char byte = 'L';
  iovec part{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
};

class OwnLock final : public LendableLock {
 public:
  explicit OwnLock(Descriptor fd) : fd_(std::move(fd)) {}
  int descriptor() const override { return fd_.number(); }

 private:
  Descriptor fd_;
};

// The same lock, in another process.
class BorrowedLock final : public FileLock {
 public:
  BorrowedLock(Descriptor desk, Descriptor lock) : desk_(std::move(desk)), lock_(std::move(lock)) {}

 private:
  // The desk hears of the end behind that of the lock.
  Descriptor desk_;
  Descriptor lock_;
};

class SocketDesk final : public LoanDesk {
 public:
  SocketDesk(std::string path, Descriptor listening)
      : path_(std::move(path)), listening_(std::move(listening)) {}
  ~SocketDesk() override { unlink(path_.c_str()); }

  void Wait(microseconds at_most) override {
    pollfd news{
        .fd = lent_ ? asker_.number() : listening_.number(), .events = POLLIN, .revents = 0};
    const auto time = std::max(at_most, microseconds(0));
    const timespec limit{.tv_sec = time.count() / 1'000'000,
                         .tv_nsec = time.count() % 1'000'000 * 1000};
    ppoll(&news, 1, &limit, nullptr);
  }

  std::optional<pid_t> Asked() override {
    if (lent_) return std::nullopt;
    if (asker_.number() < 0)
      asker_ = Descriptor(accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (asker_.number() < 0) return std::nullopt;
    ucred who{};
    socklen_t size = sizeof who;
    (void)getsockopt(asker_.number(), SOL_SOCKET, SO_PEERCRED, &who, &size);
    return who.pid;
  }

  Result<void> Lend(const LendableLock& lock) override {
    Parcel parcel;
    cmsghdr* head = CMSG_FIRSTHDR(&parcel.message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    const int sent = lock.descriptor();
    std::memcpy(CMSG_DATA(head), &sent, sizeof sent);
    if (sendmsg(asker_.number(), &parcel.message, MSG_NOSIGNAL) != 1) {
      auto error = NotDone(path_, "who asked for the lock has gone");
      asker_ = Descriptor(-1);
      return error;
    }
    lent_ = true;
    return {};
  }

  // Nothing is ever sent back: what can be read is the end.
  bool GivenBack() override {
    if (!lent_) return false;
    char byte = 0;
    const ssize_t got = recv(asker_.number(), &byte, 1, MSG_DONTWAIT);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return false;
    asker_ = Descriptor(-1);
    lent_ = false;
    return true;
  }

 private:
  const std::string path_;
  Descriptor listening_;
  Descriptor asker_{-1};
  bool lent_ = false;
};

}  // namespace

Result<std::unique_ptr<LendableLock>> TakeLendable(const std::string& path, std::string_view note) {
  WEIR_ASSIGN(auto fd, OpenLocked(path, note));
  return std::make_unique<OwnLock>(std::move(fd));
}

Result<std::unique_ptr<LoanDesk>> LoanDesk::Open(const std::string& path) {
  const Place place = PlaceOf(path);
  Descriptor listening(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (place.folder.number() < 0 || listening.number() < 0) return NotDone(path, "cannot open");
  unlink(path.c_str());
  const sockaddr_un address = AddressIn(place.folder, place.name);
  // What is set before bind is the mode of the file.
  if (fchmod(listening.number(), S_IRUSR | S_IWUSR) != 0 ||
      bind(listening.number(), Generic(address), sizeof address) != 0 ||
      listen(listening.number(), kAskersMax) != 0)
    return NotDone(path, "cannot listen");
  return std::make_unique<SocketDesk>(path, std::move(listening));
}

Result<std::unique_ptr<FileLock>> Borrow(const std::string& path, microseconds patience) {
  const Place place = PlaceOf(path);
  Descriptor desk(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = AddressIn(place.folder, place.name);
  if (place.folder.number() < 0 || desk.number() < 0 ||
      connect(desk.number(), Generic(address), sizeof address) != 0)
    return Fail(ErrorKind::kNotFound, "loan.none", "nobody lends a lock at " + path);
  const timeval limit{.tv_sec = patience.count() / 1'000'000,
                      .tv_usec = patience.count() % 1'000'000};
  (void)setsockopt(desk.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  Parcel parcel;
  const ssize_t got = recvmsg(desk.number(), &parcel.message, MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == EINTR)
    return Fail(ErrorKind::kCancelled, "loan.cancelled", "stopped while waiting for the lock");
  if (got < 0) return Fail(ErrorKind::kBusy, "loan.patience", "the lock was not lent in time");
  const cmsghdr* head = CMSG_FIRSTHDR(&parcel.message);
  if (got == 0 || head == nullptr || head->cmsg_type != SCM_RIGHTS)
    return Fail(ErrorKind::kNotFound, "loan.none", "nobody lends a lock at " + path);
  int lock = -1;
  std::memcpy(&lock, CMSG_DATA(head), sizeof lock);
  return std::make_unique<BorrowedLock>(std::move(desk), Descriptor(lock));
}

}  // namespace weir::env
