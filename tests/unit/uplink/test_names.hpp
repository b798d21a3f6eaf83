// SPDX-License-Identifier: Apache-2.0
// Names and servers that no machine has: this test's getaddrinfo() knows them, also for libraries.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {

// While it lives, `name` has these addresses, in this order. One at a time. Thread: the test's.
class NamedAddresses {
public:
    NamedAddresses(std::string name, std::vector<std::string> addresses);
    NamedAddresses(const NamedAddresses&) = delete;
    NamedAddresses& operator=(const NamedAddresses&) = delete;
    ~NamedAddresses();
};

// An address whose SYNs are swallowed: it listens and takes nobody any more. Throws.
class MuteServer {
public:
    MuteServer(const std::string& address, std::uint16_t port);

private:
    UniqueFd listener_;
    UniqueFd only_client_;
};

}  // namespace cxedge::test
