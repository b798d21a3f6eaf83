// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::uplink {

// Knows which series definitions the broker has accepted on this connection, and what to publish so
// that the platform can decode a batch: one that left before its series were accepted could be
// acknowledged, deleted, and never be read by anybody. Definitions are read from the spool only
// when more are needed. Thread: one.
class Announcer {
public:
    Announcer(wire::NodeIdentity identity, store::Spool& spool);

    // Nothing is announced on a new connection.
    void forget();
    // The platform asks for all of it again.
    void repeat() { announced_ = 0; }
    // True when a batch that needs the first `size` definitions can be decoded.
    [[nodiscard]] bool covers(std::uint32_t size) const { return size <= accepted_; }
    // Parts to publish so that all definitions now in the spool are announced: those that changed
    // since the last call on this connection, and those that were refused.
    Result<std::vector<wire::DictionaryPart>> announce();
    // PUBACK of a part, or it cannot be sent at all.
    void accepted(std::uint32_t part);
    void refused(std::uint32_t part, SteadyTime now);
    // When a batch that needs `size` definitions is worth asking for again: now (announce() has
    // something for it), later (after a refusal: 5 s, doubled up to 5 min), or max(): after the
    // answer that is on its way.
    [[nodiscard]] SteadyTime ready_at(std::uint32_t size, SteadyTime now) const;
    // Content id of the first `size` definitions. corrupt: the spool does not have that many.
    Result<std::uint32_t> content_id(std::uint32_t size);

private:
    Status load();
    void recount();

    wire::NodeIdentity identity_;
    store::Spool* spool_;
    std::vector<std::string> definitions_;
    wire::Dictionary dictionary_;
    std::uint32_t announced_ = 0;           // were published
    std::uint32_t accepted_ = 0;            // and acknowledged, without a hole
    std::multiset<std::uint32_t> pending_;  // parts on their way
    std::chrono::milliseconds patience_{0};
    SteadyTime not_before_{};
};

}  // namespace cxedge::uplink
