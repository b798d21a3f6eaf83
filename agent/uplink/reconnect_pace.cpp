// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/reconnect_pace.hpp"

#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {
ReconnectPace::ReconnectPace(const Options& options)
    : fast_for_(options.fast_for),
      backoff_(options.min, options.max, options.seed),
      random_(options.seed + 1) {}

void ReconnectPace::connected(SteadyTime now) {
    online_since_ = now;
    outage_since_.reset();
}

ReconnectPace::Milliseconds ReconnectPace::lost(const Loss& loss, SteadyTime now) {
    const bool cheap = is_cheap(loss, now);
    note_end(now);
    if (cheap && now - *outage_since_ < fast_for_) {
        std::uniform_int_distribution<std::int64_t> pick(kFastMin.count(), kFastMax.count());
        return Milliseconds(pick(random_));
    }
    return backoff_.next();
}

ReconnectPace::Milliseconds ReconnectPace::stalled(SteadyTime now) {
    note_end(now);
    return backoff_.next();
}

bool ReconnectPace::is_cheap(const Loss& loss, SteadyTime now) const {
    switch (loss.reached) {
        case Reached::name:
            return now - attempt_ < kAtOnce;
        case Reached::session:
            return (loss.reason == 0 || loss.reason == reasons::kServerShuttingDown) &&
                   online_since_ && now - *online_since_ >= kSettled;
        case Reached::nothing:
        case Reached::server:
            return false;
    }
    return false;
}

void ReconnectPace::note_end(SteadyTime now) {
    if (online_since_ && now - *online_since_ >= kStable) {
        backoff_.reset();
    }
    online_since_.reset();
    if (!outage_since_) {
        outage_since_ = now;
    }
}

}  // namespace cxedge::uplink
