// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/byte_stream.hpp"

#include <array>
#include <cerrno>
#include <tuple>
#include <utility>

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "plugins/_probes/tcp_counters.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kMostAtOnce = 16'384;
// Windows do not grow beyond this by themselves (third value of net.ipv4.tcp_rmem).
constexpr std::uint64_t kWidestWindow = 6U << 20U;

bool would_block(int error) {
    return error == EAGAIN || error == EINTR;
}

// tcp(7): SIOCINQ; unlike tcpi_bytes_received without the FIN, which is no byte.
std::uint64_t unread(int fd) {
    int bytes = 0;
    const bool known = ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
    return known ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace

ByteStream::ByteStream(const ProbeContext& context, UniqueFd fd, Events events)
    : context_(context),
      fd_(std::move(fd)),
      events_(std::move(events)),
      readable_(context.loop.when_readable(fd_.get(), [this] { on_readable(); })) {
    // A question must not wait for the acknowledgement of the handshake before it (Nagle).
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    hold_back();
}

ByteStream::~ByteStream() {
    if (const std::uint64_t rest = unread(fd_.get()); rest != 0) {
        std::ignore = context_.meter.spend_stream(rest);  // it came, budget or not
    }
}

// No more may be on its way than half of what is left, so that little comes that nobody may read.
// The meter is asked again when an eighth of what it said is gone.
void ByteStream::hold_back() {
    const std::uint64_t used = context_.meter.used().bytes;
    if (!limited_ || (left_ && used - used_then_ <= *left_ / 8)) {
        return;
    }
    left_ = context_.meter.bytes_left();
    used_then_ = used;
    limited_ = left_.has_value();
    if (left_ && *left_ / 2 < kWidestWindow) {
        limit_ahead(fd_.get(), *left_ / 2);
    }
}

void ByteStream::send(std::string_view bytes) {
    if (!context_.meter.spend_stream(bytes.size())) {
        end_soon(kCapped);
        return;
    }
    unsent_ += bytes;
    if (const int error = push(); error != 0) {
        end_soon(error);
    }
}

int ByteStream::push() {
    while (!unsent_.empty()) {
        const ssize_t sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return wait_until_writable(errno);
        }
        unsent_.erase(0, static_cast<std::size_t>(sent));
    }
    writable_.cancel();
    return 0;
}

int ByteStream::wait_until_writable(int error) {
    if (!would_block(error)) {
        return error;
    }
    writable_ = context_.loop.when_writable(fd_.get(), [this] { on_writable(); });
    return 0;
}

void ByteStream::on_writable() {
    if (const int error = push(); error != 0) {
        end_now(error);
    }
}

// One read a call, and nothing behind the call back: there the object may go.
void ByteStream::on_readable() {
    std::array<char, kMostAtOnce> chunk{};
    const ssize_t got = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && would_block(errno)) {
        return;
    }
    if (got <= 0) {
        end_now(got < 0 ? errno : 0);
        return;
    }
    const auto size = static_cast<std::size_t>(got);
    if (!context_.meter.spend_stream(size)) {
        end_now(kCapped);
        return;
    }
    hold_back();
    const auto bytes = events_.bytes;
    bytes({chunk.data(), size});
}

void ByteStream::end_soon(int error) {
    readable_.cancel();
    writable_.cancel();
    later_ = context_.loop.after(std::chrono::milliseconds(0), [this, error] { end_now(error); });
}

void ByteStream::end_now(int error) {
    readable_.cancel();
    writable_.cancel();
    const auto end = events_.end;
    end(error);
}

}  // namespace cxedge::probes
