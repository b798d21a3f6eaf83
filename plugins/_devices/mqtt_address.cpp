// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/mqtt_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::devices {
namespace {

constexpr int kPatienceMs = 3'000;
constexpr int kMostAddresses = 4;

struct AddressParts {
    std::string_view host;
    std::string_view rest;  // ":port", or nothing
    bool valid = false;
};

bool all_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

AddressParts split_address(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return {};
        }
        const std::string_view host = text.substr(1, end - 1);
        return {host, text.substr(end + 1), all_of(host, "0123456789abcdefABCDEF:.")};
    }
    const std::string_view host = text.substr(0, text.find(':'));
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return {host, text.substr(host.size()), all_of(host, kAllowed)};
}

bool read_port(std::string_view text, std::uint16_t& port) {
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, port);
    return error == std::errc() && stopped == end && port != 0;
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string numeric(const addrinfo& info) {
    std::array<char, NI_MAXHOST> text{};
    const int failed = ::getnameinfo(
        info.ai_addr, info.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
    );
    return failed == 0 ? std::string(text.data()) : std::string();
}

// 0: it answers; else an errno value.
int knock(const addrinfo& info) {
    const UniqueFd fd(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        return errno;
    }
    if (::connect(fd.get(), info.ai_addr, info.ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    pollfd ready{fd.get(), POLLOUT, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) {
        return ETIMEDOUT;
    }
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Result<BrokerAddress> parse_broker(std::string_view url) {
    BrokerAddress out;
    out.tls = url.starts_with("mqtts://");
    out.port = out.tls ? 8883 : 1883;
    if (!out.tls && !url.starts_with("mqtt://")) {
        return invalid_argument("must begin with mqtt:// or mqtts://");
    }
    const std::string_view address = url.substr(url.find("//") + 2);
    if (address.find('@') != std::string_view::npos) {
        return invalid_argument("holds no user or password: use user and password_file");
    }
    const AddressParts parts = split_address(address);
    if (!parts.valid) {
        return invalid_argument("has no valid host: write mqtt://host[:port], IPv6 in [ ]");
    }
    const bool port_given = !parts.rest.empty();
    if (port_given && (parts.rest.front() != ':' || !read_port(parts.rest.substr(1), out.port))) {
        return invalid_argument("after the host comes :port, 1 to 65535, and nothing else");
    }
    out.host = parts.host;
    return out;
}

Result<AnsweringAddress> find_answering(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* raw = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
    const AddressList list(failed == 0 ? raw : nullptr, &::freeaddrinfo);
    if (failed != 0) {
        return unavailable(std::string("looking up the name: ") + ::gai_strerror(failed));
    }
    int error = EADDRNOTAVAIL;
    int left = kMostAddresses;
    for (const addrinfo* info = raw; info != nullptr && left > 0; info = info->ai_next, --left) {
        error = knock(*info);
        if (error == 0) {
            return AnsweringAddress{numeric(*info), info->ai_family == AF_INET6};
        }
    }
    return system_error("connecting", error);
}

}  // namespace cxedge::devices
