// SPDX-License-Identifier: Apache-2.0
// Hosts of a laboratory network: network namespaces without a name, so that nothing is left behind
// when a test is killed. Needs root and iproute2.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {

class NetNamespace {
public:
    class Inside;

    // False where the kernel does not let us, or `ip` is missing. A test then says "skipped: needs
    // root" and returns.
    static bool available();

    // Loopback is up; no interface asks for routers or looks for duplicates of its addresses.
    // Throws std::system_error.
    NetNamespace();
    NetNamespace(NetNamespace&&) = default;
    NetNamespace& operator=(NetNamespace&&) = default;
    NetNamespace(const NetNamespace&) = delete;
    NetNamespace& operator=(const NetNamespace&) = delete;
    // The kernel takes it apart once the last process, socket and thread in it have ended.
    ~NetNamespace() = default;

    // Runs `ip WORDS...` in here; throws std::runtime_error with its output when it fails.
    void ip(const std::vector<std::string>& words) const;
    // "10.9.0.1/24" or "fd09::1/64".
    void add_address(const std::string& device, const std::string& address) const;
    // `name` below /proc/sys/net/, such as "ipv4/ping_group_range". Throws std::system_error.
    void sysctl(const std::string& name, const std::string& value) const;
    // Without its newline; empty: there is no such setting.
    [[nodiscard]] std::string sysctl(const std::string& name) const;

    [[nodiscard]] bool has_device(const std::string& device) const;
    // Waits until it is up and carries packets, or is gone. False: not so after `patience`.
    [[nodiscard]] bool await_running(const std::string& device, std::chrono::milliseconds patience)
        const;
    [[nodiscard]] bool await_gone(const std::string& device, std::chrono::milliseconds patience)
        const;

    // For nsenter --net=PATH and `ip ... netns PATH`, as long as this object and process live.
    [[nodiscard]] std::string path() const;
    // The command that runs `argv` in here, for Process and run().
    [[nodiscard]] std::vector<std::string> inside(std::vector<std::string> argv) const;

private:
    UniqueFd fd_;
};

// The calling thread is in `there` until the end of the block. What it starts (sockets, threads,
// processes) stays there.
class NetNamespace::Inside {
public:
    explicit Inside(const NetNamespace& there);
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside();

private:
    UniqueFd back_;
};

struct VethNames {
    std::string a;
    std::string b;
};
// A cable between two hosts, up when this returns. An empty name: the host's first free of eth0,
// eth1... Returns the names.
VethNames veth(
    const NetNamespace& a,
    const std::string& address_a,
    const NetNamespace& b,
    const std::string& address_b,
    VethNames names = {}
);

}  // namespace cxedge::test
