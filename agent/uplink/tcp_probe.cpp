// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/tcp_probe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

namespace cxedge::uplink {
namespace {

// A name with more addresses than this is load-balanced: any few of them will do.
constexpr std::size_t kMaxAddresses = 4;

std::string numeric(const addrinfo& info) {
    std::array<char, NI_MAXHOST> text{};
    const int failed = ::getnameinfo(
        info.ai_addr, info.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
    );
    return failed == 0 ? std::string(text.data()) : std::string();
}

}  // namespace

Result<TcpProbe> TcpProbe::start(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    TcpProbe probe;
    probe.port_ = std::to_string(port);
    const int failed = ::getaddrinfo(host.c_str(), probe.port_.c_str(), &hints, &raw);
    if (failed != 0) {
        return unavailable("looking up " + host + ": " + ::gai_strerror(failed));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    probe.problem_ = unavailable(host + " has no usable address");
    for (const addrinfo* info = raw; info != nullptr && probe.attempts_.size() < kMaxAddresses;
         info = info->ai_next) {
        Attempt attempt;
        attempt.address = numeric(*info);
        attempt.ipv6 = info->ai_family == AF_INET6;
        attempt.socket.reset(::socket(
            info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info->ai_protocol
        ));
        const bool begun = attempt.socket &&
                           (::connect(attempt.socket.get(), info->ai_addr, info->ai_addrlen) == 0 ||
                            errno == EINPROGRESS);
        if (begun) {
            probe.attempts_.push_back(std::move(attempt));
        } else {
            probe.problem_ =
                system_error("connecting to " + attempt.address + " port " + probe.port_, errno);
        }
    }
    if (probe.attempts_.empty()) {
        return probe.problem_;
    }
    return probe;
}

void TcpProbe::add_to(std::vector<pollfd>& fds) const {
    for (const Attempt& attempt : attempts_) {
        fds.push_back({attempt.socket.get(), POLLOUT, 0});
    }
}

TcpProbe::Outcome TcpProbe::check(const Attempt& attempt) {
    pollfd ready{attempt.socket.get(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) <= 0) {
        return Outcome::pending;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(attempt.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    if (error == 0) {
        return Outcome::reached;
    }
    problem_ = system_error("connecting to " + attempt.address + " port " + port_, error);
    return Outcome::refused;
}

TcpProbe::State TcpProbe::step() {
    for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
        const Outcome outcome = check(*attempt);
        if (outcome == Outcome::reached) {
            address_ = attempt->address;
            ipv6_ = attempt->ipv6;
            attempts_.clear();
            return State::reached;
        }
        attempt = outcome == Outcome::refused ? attempts_.erase(attempt) : std::next(attempt);
    }
    return attempts_.empty() ? State::failed : State::pending;
}

}  // namespace cxedge::uplink
