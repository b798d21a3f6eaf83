// SPDX-License-Identifier: Apache-2.0
// Networks with routers in namespaces, whose ways a test knows. Root only.
#pragma once

#include <string>
#include <vector>

#include "tests/support/impaired_link.hpp"
#include "tests/support/net_namespace.hpp"

namespace cxedge::test {

// host - router 1 - ... - router n - target. Link i is 10.i.0.0/24 and fd00:i::/64, .1 at its left
// and .2 at its right.
class RouterChain {
public:
    explicit RouterChain(int routers);

    [[nodiscard]] const NetNamespace& host() const { return nodes_.front(); }
    [[nodiscard]] const NetNamespace& target() const { return nodes_.back(); }
    // From 1.
    [[nodiscard]] const NetNamespace& router(int number) const {
        return nodes_[static_cast<std::size_t>(number)];
    }
    // What answers at hop i: router i, or the target, at the end of link i.
    [[nodiscard]] std::string address(int hop, bool v6 = false) const;
    [[nodiscard]] std::string target_address(bool v6 = false) const;

    // Both ends of link i, from 1.
    void set_mtu(int link, int bytes);
    // Forwards, and says nothing to the host on its own account.
    void silence(int router);
    void end_silence(int router);
    // Routers and the target answer as often as they are asked.
    void lift_rate_limits();

private:
    void join(int link);
    void route(int node);

    std::vector<NetNamespace> nodes_;
};

// host - R1 - (A or B) - R4 - target: R1 shares flows over A (10.2.0.2) and B (10.12.0.2) by their
// ports. R4 answers as 10.3.0.2, the target is 10.4.0.2. Between host and R1 packets are bytes
// only: over a veth R1 would see the hash that the host's socket gave its packets
// (include/net/sock.h, sk_txhash), and share by that.
class Diamond {
public:
    static bool available() { return ImpairedLink::available(); }
    Diamond();
    [[nodiscard]] const NetNamespace& host() const { return host_; }
    [[nodiscard]] const NetNamespace& first() const { return first_; }
    static std::string target_address() { return "10.4.0.2"; }
    static bool is_upper(const std::string& address) { return address == "10.2.0.2"; }
    static bool is_lower(const std::string& address) { return address == "10.12.0.2"; }
    // Only one of the two ways is left, or both.
    void use(bool upper, bool lower);

private:
    NetNamespace host_;
    NetNamespace first_;
    NetNamespace upper_;
    NetNamespace lower_;
    NetNamespace last_;
    NetNamespace target_;
    ImpairedLink line_;
};

// The calling thread may not open raw sockets until the end of the block.
class WithoutRawSockets {
public:
    WithoutRawSockets();
    WithoutRawSockets(const WithoutRawSockets&) = delete;
    WithoutRawSockets& operator=(const WithoutRawSockets&) = delete;
    ~WithoutRawSockets();
};

}  // namespace cxedge::test
