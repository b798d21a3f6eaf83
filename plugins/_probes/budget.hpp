// SPDX-License-Identifier: Apache-2.0
// What tests may spend of a data plan, and have spent. One ledger a box, kept in a directory that
// all probe processes share, so that limits of an interface hold over all of them, over kill -9 and
// over a reboot. What is granted is written down before it is spent; what a killed process had not
// spent of its grant stays spent (at most one grant). Thread: one a process; processes lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

#include "plugins/_probes/ledger.hpp"

namespace cxedge::probes {

// Limits of a calendar month (UTC); nothing: none. Bytes are those of IP packets, both directions.
struct BudgetLimits {
    std::optional<std::uint64_t> test_bytes;
    std::optional<std::uint64_t> test_packets;
    std::optional<std::uint64_t> interface_bytes;    // all tests of the interface together
    std::optional<std::uint64_t> interface_packets;  // likewise
};

class Meter {
public:
    // A grant: so much is taken from the ledger at a time; of what a limit leaves a part only, so
    // that others have some, too.
    static constexpr std::uint64_t kGrantBytes = 4U << 20U;
    static constexpr std::uint64_t kGrantPackets = 65'536;
    static constexpr std::uint64_t kGrantPart = 16;

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
    // What limits leave to grant.
    [[nodiscard]] BudgetUse room(const Spent& spent) const;
    bool take_grant(BudgetUse need);
    void give_back();
    [[nodiscard]] bool limited() const;
    void begin_month();

    Ledger ledger_;
    std::string test_;
    BudgetLimits limits_;
    const Clock& clock_;
    std::string month_;  // "2026-11": of the grant
    BudgetUse grant_;
    BudgetUse used_;
    std::string problem_;
};

}  // namespace cxedge::probes
