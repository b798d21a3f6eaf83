// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/statsd_feeder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

#include "tests/bench/arrivals.hpp"

namespace cxedge::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kDatagram = 1400;
constexpr int kBurstMs = 10;

}  // namespace

StatsdFeeder::StatsdFeeder(std::uint16_t port, std::string metric, double rate, std::size_t samples)
    : metric_(std::move(metric)),
      rate_(rate),
      sent_(samples),
      thread_([this, port] { run(port); }) {}

StatsdFeeder::~StatsdFeeder() {
    finish();
}

void StatsdFeeder::finish() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void StatsdFeeder::run(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return;
    }
    const auto begin = SteadyClock::now();
    while (next_ < sent_.size()) {
        const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
        send_through(std::min(sent_.size(), static_cast<std::size_t>(seconds * rate_)), fd.get());
        ::poll(nullptr, 0, kBurstMs);
    }
}

void StatsdFeeder::send_through(std::size_t end, int fd) {
    while (next_ < end) {
        std::string datagram;
        while (next_ < end && datagram.size() < kDatagram) {
            const std::size_t sample = next_++;
            datagram += metric_ + ':' + test::KpiFeeder::value_of(sample) + "|g\n";
            sent_[sample].first_ns = now_ns();
            sent_[sample].ok_ns = sent_[sample].first_ns;
        }
        // What the kernel has no room for is lost, and will be missing at the end.
        (void)::send(fd, datagram.data(), datagram.size(), 0);
    }
}

}  // namespace cxedge::bench
