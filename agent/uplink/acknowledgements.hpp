// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/ack_batch.hpp"
#include "agent/uplink/send_window.hpp"
#include "agent/wire/platform_ack.hpp"

namespace cxedge::uplink {

// Whose word deletes a batch from the spool: the strongest on offer. Where the platform announces
// that it acknowledges (dn/ack), a PUBACK only says that the broker has it, and the platform's
// cumulative acknowledgement deletes. That it announced so is remembered in the spool, so that a
// restart does not fall back to the weaker word while the announcement is on its way. Thread: one.
class Acknowledgements {
public:
    enum class Stage : std::uint8_t {
        asking,    // not known yet on this connection: nothing is deleted
        broker,    // PUBACK
        platform,  // dn/ack
    };
    // The answer on dn/ack comes with the SUBACK or right after it; so long may it take.
    static constexpr std::chrono::milliseconds kAfterSuback{250};
    static constexpr std::chrono::milliseconds kLongestAsking{2000};
    static constexpr std::chrono::milliseconds kRetry{1000};  // after a failed deletion
    // Lanes of epochs that one platform may speak of; what goes beyond it has to say again.
    static constexpr std::size_t kMostLanes = 64;

    using Delivered = store::Spool::Delivered;

    explicit Acknowledgements(store::Spool& spool);

    void connected(SteadyTime now);
    void subscribed(SteadyTime now);
    // Positions that wait for deletion are deleted by the next flush(), whoever's word it was.
    void disconnected();
    // PUBACK of a batch.
    void accepted(const InFlight& packet, SteadyTime now);
    // What came on dn/ack. True: the platform withdrew, so what the broker acknowledged until now
    // must be sent again.
    bool platform_says(const wire::PlatformAck& ack, SteadyTime now);

    [[nodiscard]] Stage stage() const { return stage_; }
    // Accepted, and about to be deleted.
    [[nodiscard]] bool contains(std::uint64_t position) const { return held_.contains(position); }
    [[nodiscard]] std::optional<SteadyTime> due() const;
    // Lanes whose acknowledgement by the platform is not yet applied.
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }
    // Deletes what is due. `complete`: no more is on its way. Keeps everything when it fails.
    Result<Delivered> flush(SteadyTime now, bool complete);
    // Deletes what may be deleted, now: before the end.
    Result<Delivered> flush_all(SteadyTime now);

private:
    using LaneOf = std::pair<Lane, std::uint64_t>;  // and epoch
    using Marks = std::map<LaneOf, std::uint64_t>;  // seq up to which the platform has all

    void settle(Stage stage);
    static void raise(Marks& marks, const LaneOf& lane, std::uint64_t contig);
    Result<Delivered> flush_platform(SteadyTime now);

    store::Spool* spool_;
    Stage stage_ = Stage::asking;
    SteadyTime asking_until_ = SteadyTime::max();
    AckBatch held_;
    Marks applied_;
    Marks pending_;  // not yet applied
    SteadyTime pending_due_{};
};

}  // namespace cxedge::uplink
