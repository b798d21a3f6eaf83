// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/wire.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cxedge::bench {
namespace {

// Private addresses that a machine is unlikely to use.
constexpr const char* kNear = "10.254.77.1";
constexpr const char* kFar = "10.254.77.2";
constexpr int kMtu = 1500;
constexpr int kIdleMs = 20;

UniqueFd namespace_of_this_thread() {
    return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

void set_address(ifreq& request, const char* address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &in.sin_addr);
    std::memcpy(&request.ifr_addr, &in, sizeof in);
}

bool bring_up(const std::string& name) {
    const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0;
}

// A point-to-point interface whose packets come out of the descriptor.
UniqueFd make_tun(const char* own, const char* peer) {
    UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    ifreq request{};
    std::strncpy(request.ifr_name, "cxbench%d", IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (!tun || ::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
        return {};
    }
    const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    set_address(request, own);
    bool good = ::ioctl(control.get(), SIOCSIFADDR, &request) == 0;
    set_address(request, peer);
    good = good && ::ioctl(control.get(), SIOCSIFDSTADDR, &request) == 0;
    request.ifr_mtu = kMtu;
    good = good && ::ioctl(control.get(), SIOCSIFMTU, &request) == 0;
    return good && bring_up(request.ifr_name) ? std::move(tun) : UniqueFd();
}

}  // namespace

std::string Wire::far_address() {
    return kFar;
}

std::unique_ptr<Wire> Wire::make(std::chrono::milliseconds delay, std::string& why) {
    auto wire = std::unique_ptr<Wire>(new Wire(delay));
    if (!wire->set_up(why)) {
        return nullptr;
    }
    wire->thread_ = std::thread([raw = wire.get()] { raw->run(); });
    return wire;
}

bool Wire::set_up(std::string& why) {
    here_ = namespace_of_this_thread();
    if (!here_ || ::unshare(CLONE_NEWNET) != 0) {
        why = std::string("no network namespace: ") + std::strerror(errno);
        return false;
    }
    there_ = namespace_of_this_thread();
    const bool loopback = bring_up("lo");
    ends_[1].tun = make_tun(kFar, kNear);
    ::setns(here_.get(), CLONE_NEWNET);
    ends_[0].tun = make_tun(kNear, kFar);
    if (!loopback || !ends_[0].tun || !ends_[1].tun) {
        why = std::string("no /dev/net/tun interface: ") + std::strerror(errno);
        return false;
    }
    return true;
}

Wire::~Wire() {
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Wire::over_there(const std::function<void()>& task) const {
    ::setns(there_.get(), CLONE_NEWNET);
    task();
    ::setns(here_.get(), CLONE_NEWNET);
}

int Wire::pause_ms(SteadyTime now) const {
    auto wait = std::chrono::nanoseconds(std::chrono::milliseconds(kIdleMs));
    for (const End& end : ends_) {
        if (!end.waiting.empty()) {
            wait = std::min<std::chrono::nanoseconds>(wait, end.waiting.front().due - now);
        }
    }
    return static_cast<int>(
        std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(wait).count())
    );
}

void Wire::run() {
    while (!stopping_) {
        std::array<pollfd, 2> ready{};
        for (std::size_t i = 0; i < ready.size(); ++i) {
            ready.at(i) = {ends_.at(i).tun.get(), POLLIN, 0};
        }
        ::poll(ready.data(), ready.size(), pause_ms(std::chrono::steady_clock::now()));
        take_from(ends_[0], ends_[1]);
        take_from(ends_[1], ends_[0]);
        const SteadyTime now = std::chrono::steady_clock::now();
        hand_over(ends_[0], now);
        hand_over(ends_[1], now);
    }
}

void Wire::take_from(End& end, End& other) {
    std::array<char, kMtu> buffer{};
    while (true) {
        const ssize_t size = ::read(end.tun.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            return;
        }
        constexpr unsigned kIpv4 = 4;
        if (static_cast<unsigned char>(buffer[0]) >> 4U != kIpv4) {
            continue;  // the kernel's router solicitations
        }
        ++packets_;
        bytes_ += static_cast<std::uint64_t>(size);
        other.waiting.push_back(
            {std::chrono::steady_clock::now() + delay_,
             std::string(buffer.data(), static_cast<std::size_t>(size))}
        );
    }
}

void Wire::hand_over(End& end, SteadyTime now) {
    while (!end.waiting.empty() && end.waiting.front().due <= now) {
        const std::string& bytes = end.waiting.front().bytes;
        // A packet that the kernel does not take is a lost one; TCP sends it again.
        [[maybe_unused]] const auto written = ::write(end.tun.get(), bytes.data(), bytes.size());
        end.waiting.pop_front();
    }
}

}  // namespace cxedge::bench
