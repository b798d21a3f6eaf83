// SPDX-License-Identifier: Apache-2.0
// The connections of a FetchPool, and what their bytes cost. Counted is what the kernel received
// and sent, so TLS, heads and segments sent again are in it, and what has not been read yet.
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plugins/_probes/budget.hpp"
#include "plugins/_probes/tcp_counters.hpp"

namespace cxedge::probes {

class FetchSockets {
public:
    FetchSockets(Meter& meter, std::string interface);
    FetchSockets(const FetchSockets&) = delete;
    FetchSockets& operator=(const FetchSockets&) = delete;
    ~FetchSockets() = default;

    // A socket, or -1 with errno.
    int open(int family, int type, int protocol);
    void close(int fd);
    // The one that is bound to that port, or -1. `family`: AF_INET, AF_INET6.
    [[nodiscard]] int find(int family, int port) const;
    // How much of `bytes` may be handed to the kernel to be sent, which counts as spent from then
    // on; 0: over the budget.
    [[nodiscard]] std::uint64_t hand_over(std::uint64_t bytes);
    // Spends what came and went since the last time; false: over the budget, now and ever after.
    bool settle();
    // The last time, and all of it: the meter is not touched any more.
    void shut();
    [[nodiscard]] bool capped() const { return capped_; }
    // Of a connection, also of one that was closed and whose number no other has got since.
    [[nodiscard]] std::uint32_t retransmits(int fd) const;

private:
    struct Socket {
        TcpCounters counters;
        std::uint64_t headers = 0;  // bytes of IP and TCP before each segment
    };
    struct Total {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
        std::uint64_t headers = 0;
        std::uint64_t packets = 0;
        void add(const Socket& socket);
    };
    [[nodiscard]] Total count();
    void spend(std::uint64_t most_unspent);
    void hold_back();
    [[nodiscard]] std::optional<std::uint64_t> left();

    Meter* meter_;  // null: shut
    std::string interface_;
    std::map<int, Socket> sockets_;
    std::map<int, std::uint32_t> retransmits_;  // of closed ones
    Total closed_;
    std::uint64_t handed_over_ = 0;
    BudgetUse spent_;
    std::optional<std::uint64_t> known_left_;
    std::uint64_t used_then_ = 0;  // of the meter, when that was asked
    bool limited_ = true;
    bool capped_ = false;
};

}  // namespace cxedge::probes
