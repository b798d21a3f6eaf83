// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/uplink/test_names.hpp"

#include <mutex>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

// Asked from threads of the broker.
struct Book {
    std::mutex mutex;
    std::string name;
    std::vector<std::string> addresses;
};

Book& book() {
    static Book only;
    return only;
}

std::vector<std::string> addresses_of(const char* name) {
    const std::lock_guard lock(book().mutex);
    return name != nullptr && book().name == name ? book().addresses : std::vector<std::string>();
}

void write(std::string name, std::vector<std::string> addresses) {
    const std::lock_guard lock(book().mutex);
    book().name = std::move(name);
    book().addresses = std::move(addresses);
}

}  // namespace

extern "C" int getaddrinfo(
    const char* name, const char* service, const addrinfo* hints, addrinfo** result
) {
    static const auto kReal =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const auto addresses = addresses_of(name);
    const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (addresses.empty() || numeric) {
        return kReal(name, service, hints, result);
    }
    // A chain of the C library's own lists: its freeaddrinfo() takes them one by one.
    addrinfo** end = result;
    for (const std::string& address : addresses) {
        const int failed = kReal(address.c_str(), service, hints, end);
        if (failed != 0) {
            return failed;
        }
        while (*end != nullptr) {
            end = &(*end)->ai_next;
        }
    }
    return 0;
}

namespace cxedge::test {

NamedAddresses::NamedAddresses(std::string name, std::vector<std::string> addresses) {
    write(std::move(name), std::move(addresses));
}

NamedAddresses::~NamedAddresses() {
    write({}, {});
}

MuteServer::MuteServer(const std::string& address, std::uint16_t port)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      only_client_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &at.sin_addr);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&at);
    // A queue of none has room for one.
    if (::bind(listener_.get(), generic, sizeof at) != 0 || ::listen(listener_.get(), 0) != 0 ||
        ::connect(only_client_.get(), generic, sizeof at) != 0) {
        throw std::runtime_error("no mute server at " + address);
    }
}

}  // namespace cxedge::test
