// SPDX-License-Identifier: Apache-2.0
// A bad line between two hosts of a laboratory network: late, lossy, narrow or dead as a test asks,
// and with a record of what it really did. Needs root and /dev/net/tun; no queueing discipline.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/net_namespace.hpp"

namespace cxedge::test {

// What befalls the packets of one direction, in this order: loss, the narrow place, the way.
struct Impairment {
    std::chrono::microseconds delay{0};
    // Uniform 0..jitter on top of the delay; a packet overtakes nobody.
    std::chrono::microseconds jitter{0};
    double loss = 0;  // share, 0..1
    // Mean packets lost in a row (Gilbert); 1: each is lost independently of the others.
    double burst = 1;
    double duplicate = 0;  // share that arrives twice, at once
    // Share that comes reorder_by later than its turn while others pass.
    double reorder = 0;
    std::chrono::microseconds reorder_by{0};
    // Of IP packets with their headers; 0: unlimited. A packet that would wait for its turn longer
    // than `queue` is dropped.
    std::int64_t rate_kbit = 0;
    std::chrono::milliseconds queue{1000};
    // With it and the packet's number in its direction the fate of a packet is settled.
    std::uint32_t seed = 1;
    bool black_hole = false;
};

enum class Direction { a_to_b, b_to_a };
enum class End { a, b };

struct LinkOptions {
    int subnet = 0;  // 0..255; another one for each link that a host has
    int mtu = 1500;  // below 1280 there is no IPv6
};

// Of unicast packets; everything else is swallowed and not counted. Once nothing is on the way:
// in + duplicated == forwarded + dropped.
struct Truth {
    std::uint64_t in = 0;
    std::uint64_t forwarded = 0;   // duplicates, too
    std::uint64_t dropped = 0;     // for whatever reason
    std::uint64_t overflowed = 0;  // of `dropped`: the queue was full
    std::uint64_t duplicated = 0;
    std::uint64_t reordered = 0;  // handed over after one that came in later (RFC 4737)
    std::uint64_t bytes = 0;      // forwarded, IP headers included
};

// Of one forwarded packet.
struct AppliedDelay {
    std::chrono::steady_clock::time_point taken;  // when it came in
    std::chrono::microseconds delay{0};           // until it was handed over
};
// The delay that `share` (0..1) of them do not exceed: 0.5 is the median. Zero for none.
std::chrono::microseconds percentile(const std::vector<AppliedDelay>& delays, double share);

class ImpairedLink {
public:
    static constexpr std::size_t kDelaysKept = 65536;  // the latest

    // False: no NetNamespace or no /dev/net/tun.
    static bool available();

    // One interface in each host, up: 10.78.S.1/24 and fd78:0:0:S::1/64 at a, .2 and ::2 at b, with
    // S for LinkOptions::subnet. Throws std::system_error, std::runtime_error, and
    // std::invalid_argument for an impairment that cannot be (bursts too short for so much loss).
    ImpairedLink(
        const NetNamespace& a,
        const NetNamespace& b,
        const Impairment& a_to_b,
        const Impairment& b_to_a,
        const LinkOptions& options = {}
    );
    ImpairedLink(const ImpairedLink&) = delete;
    ImpairedLink& operator=(const ImpairedLink&) = delete;
    // The interfaces go with it, and what is still on the way.
    ~ImpairedLink();

    [[nodiscard]] std::string device() const;  // the same name at both ends: "wan0"
    [[nodiscard]] std::string ipv4(End end) const;
    [[nodiscard]] std::string ipv6(End end) const;

    // All of these from any thread. For packets that come in from now on; its seed begins anew.
    void set(Direction direction, const Impairment& impairment);
    // A packet that a receiver has got is in it.
    [[nodiscard]] Truth truth(Direction direction) const;
    // Waits until `packets` have come in since the beginning and none is on the way. False: not so
    // after `patience`.
    [[nodiscard]] bool await(
        Direction direction, std::uint64_t packets, std::chrono::milliseconds patience
    ) const;
    // The record of the latest packets, in the order in which they were handed over. A long copy
    // under a lock: ask when the traffic is over.
    [[nodiscard]] std::vector<AppliedDelay> delays(Direction direction) const;
    // Packets that came faster than they could be taken in: in no Truth, 0 in a sound measurement.
    [[nodiscard]] std::uint64_t missed(Direction direction) const;
    // From the next packet on it spends a processor on never having to be woken, which takes some
    // 50 us that no record shows. For tests of accuracy: nothing else gets that processor.
    void stay_awake() { awake_ = true; }
    // Whether the forwarding thread has real-time priority: then it is hardly ever late.
    [[nodiscard]] bool real_time() const { return real_time_; }

private:
    class Path;
    struct Port {
        UniqueFd tun;
        UniqueFd counters;  // /proc/net/dev as seen in there
    };

    Port make_port(const NetNamespace& there, End end) const;
    [[nodiscard]] Path& path(Direction direction) const;
    void run();
    void wait();
    void step_back();

    LinkOptions options_;
    std::array<Port, 2> ports_;
    std::array<std::unique_ptr<Path>, 2> paths_;
    UniqueFd stop_;
    std::array<pollfd, 3> watched_{};  // both interfaces and stop_
    std::atomic<bool> stopping_{false};
    std::atomic<bool> awake_{false};
    bool stepped_back_ = false;
    bool real_time_ = false;
    std::thread thread_;
};

}  // namespace cxedge::test
