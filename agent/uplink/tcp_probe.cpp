// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/tcp_probe.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace cxedge::uplink {

Result<TcpProbe> TcpProbe::start(const std::vector<NetworkAddress>& addresses, std::uint16_t port) {
    TcpProbe probe;
    probe.port_ = std::to_string(port);
    probe.addresses_ = addresses.size();
    probe.problem_ = unavailable("the name has no usable address");
    for (const NetworkAddress& address : addresses) {
        Attempt attempt;
        attempt.address = address.text;
        attempt.ipv6 = address.ipv6();
        attempt.socket.reset(
            ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
        );
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address.bytes);
        const bool begun =
            attempt.socket &&
            (::connect(attempt.socket.get(), generic, address.size) == 0 || errno == EINPROGRESS);
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
