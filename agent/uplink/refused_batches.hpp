// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/refusal_book.hpp"

namespace cxedge::uplink {

// Carries out in the spool what the refusal book rules. Thread: one.
class RefusedBatches {
public:
    explicit RefusedBatches(store::Spool& spool) : spool_(&spool) {}

    [[nodiscard]] RefusalBook& book() { return book_; }

    struct Outcome {
        std::optional<SteadyTime> retry_at;  // empty: the batch is gone from its place
        std::string note;                    // what was done, for people; empty: nothing unusual
    };
    // The broker refused, or (reason 0) would refuse the packet for its size.
    Outcome settle(const Refusal& refusal, SteadyTime now);

    [[nodiscard]] std::uint64_t buried() const { return buried_; }

private:
    Outcome split(const Refusal& refusal, std::uint32_t attempts, SteadyTime now);
    Outcome bury(const Refusal& refusal, std::uint32_t attempts, SteadyTime now);

    store::Spool* spool_;
    RefusalBook book_;
    std::uint64_t buried_ = 0;
};

}  // namespace cxedge::uplink
