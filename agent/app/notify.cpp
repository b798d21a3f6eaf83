// SPDX-License-Identifier: Apache-2.0
// The protocol of sd_notify(3), which its manual page promises to keep and offers to speak without
// the library: libsystemd and the five libraries it brings cost 0.9 MiB of memory (decision 0010).
#include "agent/app/notify.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::app {
namespace {

std::string_view variable(const char* name) {
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return text == nullptr ? std::string_view() : std::string_view(text);
}

// 0: not a number.
std::uint64_t number_in(const char* name) {
    const std::string_view text = variable(name);
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() ? number : 0;
}

// Nobody can do anything about a supervisor that does not listen.
void tell(const std::string& text) {
    const std::string_view path = variable("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() > sizeof address.sun_path) {
        return;
    }
    std::copy(path.begin(), path.end(), address.sun_path);
    if (path.front() == '@') {
        address.sun_path[0] = '\0';  // abstract, unix(7)
    }
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    (void)::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, generic, size);
}

}  // namespace

void notify_ready(const std::string& status) {
    tell("READY=1\nSTATUS=" + status);
}

void notify_stopping() {
    tell("STOPPING=1\nSTATUS=sending what is left");
}

void notify_watchdog() {
    tell("WATCHDOG=1");
}

std::chrono::milliseconds watchdog_period() {
    const std::uint64_t for_whom = number_in("WATCHDOG_PID");
    const bool for_us =
        variable("WATCHDOG_PID").empty() || for_whom == static_cast<std::uint64_t>(::getpid());
    const std::uint64_t usec = for_us ? number_in("WATCHDOG_USEC") : 0;
    return std::chrono::milliseconds(usec / 2000);
}

}  // namespace cxedge::app
