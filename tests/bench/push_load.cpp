// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/push_load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace cxedge::bench {
namespace {

using Seconds = std::chrono::duration<double>;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::chrono::seconds kPatience{15};

UniqueFd connected_to_port(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(fd.get(), generic, sizeof address) != 0) {
        throw std::runtime_error("cannot connect to the listener");
    }
    return fd;
}

std::string message(std::size_t device, std::size_t number) {
    const std::string body = fmt::format(
        R"({{"sensor": "counter-{}", "records": [{{"in": 1, "id": "{}"}}]}})", device, number
    );
    return fmt::format(
        "POST /counter HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(),
        body
    );
}

// End of the answer at the front, or npos; its body is "ok\n" or a sentence.
std::size_t end_of_answer(const std::string& in) {
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t head = in.find("\r\n\r\n");
    const std::size_t length = in.find(kLength);
    if (head == std::string::npos || length == std::string::npos) {
        return std::string::npos;
    }
    const std::size_t end = head + 4 + std::strtoul(&in[length + kLength.size()], nullptr, 10);
    return end <= in.size() ? end : std::string::npos;
}

}  // namespace

PushLoad::PushLoad(std::uint16_t port, std::size_t connections) {
    for (std::size_t i = 0; i < connections; ++i) {
        devices_.emplace_back();
        devices_.back().fd = connected_to_port(port);
    }
}

void PushLoad::run(double per_s, double seconds) {
    const auto begin = Clock::now();
    const auto count = static_cast<std::size_t>(per_s * seconds);
    for (std::size_t i = 0; i < count; ++i) {
        const auto due =
            begin +
            std::chrono::duration_cast<Clock::duration>(Seconds(static_cast<double>(i) / per_s));
        while (Clock::now() < due) {
            exchange(1);
        }
        push(i % devices_.size(), due);
    }
    sent_in_s_ = Seconds(Clock::now() - begin).count();
    const auto deadline = Clock::now() + kPatience;
    while (accepted_ + refused_ < sent_ && Clock::now() < deadline) {
        exchange(1);
    }
}

void PushLoad::push(std::size_t device, Clock::time_point due) {
    devices_[device].out += message(device, sent_);
    devices_[device].due.push_back(due);
    ++sent_;
    write_some(devices_[device]);
}

void PushLoad::write_some(Device& device) {
    const ssize_t written =
        ::send(device.fd.get(), device.out.data(), device.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written > 0) {
        device.out.erase(0, static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
        throw std::runtime_error("the listener hung up");
    }
}

void PushLoad::exchange(int wait_ms) {
    std::vector<pollfd> ready;
    for (const Device& device : devices_) {
        const short wanted = device.out.empty() ? POLLIN : POLLIN | POLLOUT;
        ready.push_back({device.fd.get(), wanted, 0});
    }
    if (::poll(ready.data(), ready.size(), wait_ms) <= 0) {
        return;
    }
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        if ((ready[i].revents & POLLIN) != 0) {
            read_some(devices_[i]);
        }
        if ((ready[i].revents & POLLOUT) != 0) {
            write_some(devices_[i]);
        }
    }
}

void PushLoad::read_some(Device& device) {
    std::array<char, 16'384> bytes{};
    const ssize_t got = ::recv(device.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got == 0) {
        throw std::runtime_error("the listener hung up");
    }
    device.in.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    for (auto end = end_of_answer(device.in); end != std::string::npos;
         end = end_of_answer(device.in)) {
        take_answer(device, std::string_view(device.in).substr(0, end));
        device.in.erase(0, end);
    }
}

void PushLoad::take_answer(Device& device, std::string_view answer) {
    (answer.starts_with("HTTP/1.1 200") ? accepted_ : refused_) += 1;
    latencies_ms_.push_back(Milliseconds(Clock::now() - device.due.front()).count());
    device.due.pop_front();
}

double PushLoad::latency_ms(double share) const {
    std::vector<double> sorted = latencies_ms_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted.empty() ? 0 : sorted[std::min(at, sorted.size() - 1)];
}

}  // namespace cxedge::bench
