// SPDX-License-Identifier: Apache-2.0
// What tests may spend of a data plan, and have spent. One ledger a box, kept in a directory that
// all probe processes share, so that limits of an interface hold over all of them, over kill -9 and
// over a reboot. What is granted is written down before it is spent; what a killed process had not
// spent of its grant stays spent (at most one grant). Thread: one a process; processes lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::probes {

// Limits of a calendar month (UTC); nothing: none. Bytes are those of IP packets, both directions.
struct BudgetLimits {
    std::optional<std::uint64_t> test_bytes;
    std::optional<std::uint64_t> test_packets;
    std::optional<std::uint64_t> interface_bytes;    // all tests of the interface together
    std::optional<std::uint64_t> interface_packets;  // likewise
};

struct BudgetUse {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
};

class Meter {
public:
    // A grant: so much is taken from the ledger at a time, or what is left.
    static constexpr std::uint64_t kGrantBytes = 1U << 20U;
    static constexpr std::uint64_t kGrantPackets = 4096;

    // `directory` empty: nothing is written, limits hold for this object's life.
    Meter(
        std::string directory,
        std::string interface,
        std::string test,
        BudgetLimits limits,
        const Clock& clock
    );
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;
    // Gives back what was granted and not spent.
    ~Meter();

    // Before sending, and after receiving. False: over the limit, end the test with `capped`; what
    // was received already counts all the same.
    [[nodiscard]] bool spend(std::uint64_t bytes, std::uint64_t packets = 1);
    // So many bytes of a TCP stream, with what IP and TCP add (40 bytes for 1,448), both directions
    // (an acknowledgement for two segments).
    [[nodiscard]] bool spend_stream(std::uint64_t bytes);
    // What may still be spent; nothing: no limit.
    [[nodiscard]] std::optional<std::uint64_t> bytes_left();
    [[nodiscard]] bool exhausted();
    // Of this object's life.
    [[nodiscard]] BudgetUse used() const { return used_; }
    // Why the ledger cannot be written or read, if so: then limited tests are capped.
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    struct Grant {
        std::string month;  // "2026-11"
        std::uint64_t bytes = 0;
        std::uint64_t packets = 0;
    };
    bool take_grant(std::uint64_t bytes, std::uint64_t packets);
    void give_back();
    [[nodiscard]] std::string month() const;

    std::string directory_;
    std::string interface_;
    std::string test_;
    BudgetLimits limits_;
    const Clock& clock_;
    Grant grant_;
    BudgetUse used_;
    std::string problem_;
};

}  // namespace cxedge::probes
