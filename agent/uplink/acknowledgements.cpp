// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/acknowledgements.hpp"

#include <algorithm>

#include "agent/base/log.hpp"

namespace cxedge::uplink {
namespace {

constexpr const char* kFact = "platform_ack";

}  // namespace

Acknowledgements::Acknowledgements(store::Spool& spool) : spool_(&spool) {}

void Acknowledgements::connected(SteadyTime now) {
    stage_ = spool_->recall(kFact) == "1" ? Stage::platform : Stage::asking;
    asking_until_ = now + kLongestAsking;
    applied_.clear();
}

void Acknowledgements::subscribed(SteadyTime now) {
    asking_until_ = std::min(asking_until_, now + kAfterSuback);
}

void Acknowledgements::disconnected() {
    if (stage_ == Stage::asking) {
        held_.clear();  // whether the broker's word is enough was never learned
    }
    stage_ = Stage::asking;
    asking_until_ = SteadyTime::max();
}

void Acknowledgements::accepted(const InFlight& packet, SteadyTime now) {
    if (stage_ != Stage::platform) {
        held_.add({packet.position, packet.samples, packet.events}, now);
    }
}

bool Acknowledgements::platform_says(const wire::PlatformAck& ack, SteadyTime now) {
    const bool withdrawn = stage_ == Stage::platform && !ack.platform_ack;
    const Stage stage = ack.platform_ack ? Stage::platform : Stage::broker;
    if (stage != stage_) {
        settle(stage);
    }
    for (const wire::LaneAck& lane : ack.lanes) {
        const auto found = applied_.find({lane.lane, lane.epoch});
        if (ack.platform_ack && (found == applied_.end() || found->second < lane.contig)) {
            raise(pending_, {lane.lane, lane.epoch}, lane.contig);
            pending_due_ = now;
        }
    }
    return withdrawn;
}

// Cumulative: the highest says all, so that a platform that repeats itself while deleting fails
// takes no more memory than one that does not.
void Acknowledgements::raise(Marks& marks, const LaneOf& lane, std::uint64_t contig) {
    if (marks.size() < kMostLanes || marks.count(lane) != 0) {
        std::uint64_t& mark = marks[lane];
        mark = std::max(mark, contig);
    }
}

void Acknowledgements::settle(Stage stage) {
    stage_ = stage;
    if (stage == Stage::platform) {
        held_.clear();
    }
    const bool platform = stage == Stage::platform;
    if (platform == (spool_->recall(kFact) == "1")) {
        return;
    }
    log::info(
        "uplink",
        platform ? "the platform acknowledges: batches are kept until it does"
                 : "the platform does not acknowledge: the broker's word is enough"
    );
    if (const Status status = spool_->remember(kFact, platform ? "1" : "0"); !status) {
        log::warn("uplink", "remembering who acknowledges: " + status.error().message);
    }
}

std::optional<SteadyTime> Acknowledgements::due() const {
    if (!pending_.empty()) {
        return pending_due_;
    }
    const auto due = held_.due();
    return due && stage_ == Stage::asking ? std::max(*due, asking_until_) : due;
}

Result<Acknowledgements::Delivered> Acknowledgements::flush(SteadyTime now, bool complete) {
    if (!pending_.empty() && now >= pending_due_) {
        return flush_platform(now);
    }
    if (stage_ == Stage::asking && now >= asking_until_) {
        settle(Stage::broker);
    }
    if (stage_ == Stage::asking || !held_.is_due(now, complete)) {
        return Delivered();
    }
    return flush_all(now);
}

Result<Acknowledgements::Delivered> Acknowledgements::flush_all(SteadyTime now) {
    return stage_ == Stage::asking ? Delivered() : held_.flush(*spool_, now);
}

Result<Acknowledgements::Delivered> Acknowledgements::flush_platform(SteadyTime now) {
    Delivered sum;
    while (!pending_.empty()) {
        const auto [lane, contig] = *pending_.begin();
        const auto gone = spool_->acknowledge_through(lane.first, lane.second, contig);
        if (!gone) {
            pending_due_ = now + kRetry;
            return sum.batches > 0 ? Result<Delivered>(sum) : Result<Delivered>(gone.error());
        }
        pending_.erase(pending_.begin());
        raise(applied_, lane, contig);
        sum.batches += gone->batches;
        sum.samples += gone->samples;
        sum.events += gone->events;
    }
    return sum;
}

}  // namespace cxedge::uplink
