// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/send_clock.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/log.hpp"

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

constexpr auto kSynchronised = store::BootClock::kSynchronised;

}  // namespace

SendClock::SendClock(
    const Options& options, store::Spool& spool, const Clock& clock, ClockProbe probe
)
    : options_(options),
      spool_(spool),
      clock_(clock),
      probe_(std::move(probe)),
      started_(clock.steady_now()) {}

WallTime SendClock::now() const {
    return WallTime(clock_.boot_now() + clock_.wall_offset());
}

void SendClock::observe() {
    const SteadyTime steady = clock_.steady_now();
    if (observed_ && steady - *observed_ < kEvery) {
        return;
    }
    observed_ = steady;
    state_ = probe_();
    const std::string doubt = this->doubt();
    guessing_ = !doubt.empty() && steady - started_ >= options_.patience;
    holding_ = guessing_ ? std::string() : doubt;
    if (!doubt.empty()) {
        state_.quality = 0;
    }
    if (const Status status = spool_.note_clock({clock_.wall_offset(), state_.quality}); !status) {
        log::warn("uplink", "noting the clock: " + status.error().message);
    }
}

// Empty: the clock may be right.
std::string SendClock::doubt() const {
    const WallTime floor = std::max(spool_.time_floor(), kProgramDate);
    if (state_.quality >= kSynchronised || now() >= floor) {
        return {};
    }
    return fmt::format(
        "waiting for the clock: it shows {}, but it is at least {}", iso8601(now()), iso8601(floor)
    );
}

BatchTime SendClock::time_of(const store::StoredBatch& stored) const {
    BatchTime time;
    const milliseconds t0(stored.batch.t0_boot_ms);
    const auto known = spool_.boot_clock(stored.boot);
    if (stored.boot == spool_.boot() && !guessing_) {
        time.t0 = WallTime(clock_.wall_offset() + t0);
        time.clock = state_;
    } else if (known && known->quality >= kSynchronised) {
        time.t0 = WallTime(known->wall_offset + t0);
        time.clock.quality = known->quality;
    } else {
        time = guess(stored);
    }
    time.backfill = is_backfill(stored);
    return time;
}

// What the wall clock showed at sealing, unless that cannot be.
BatchTime SendClock::guess(const store::StoredBatch& stored) const {
    const store::NewBatch& batch = stored.batch;
    const milliseconds held(batch.sealed_boot_ms - batch.t0_boot_ms);
    BatchTime time;
    time.t0 = from_unix_ms(batch.sealed_wall_ms) - held;
    time.clock.quality = batch.clock_quality;
    time.estimated = batch.clock_quality < kSynchronised;
    if (!time.estimated) {
        return time;
    }
    time.bounds = spool_.boot_bounds(stored.boot);
    if (time.bounds.latest != WallTime()) {
        time.bounds.latest -= held;
        time.t0 = std::min(time.t0, time.bounds.latest);
    }
    if (time.bounds.earliest != WallTime()) {
        time.bounds.earliest += milliseconds(batch.t0_boot_ms);
        time.t0 = std::max(time.t0, time.bounds.earliest);
    }
    return time;
}

bool SendClock::is_backfill(const store::StoredBatch& stored) const {
    if (stored.boot == spool_.boot()) {
        return clock_.boot_now() - milliseconds(stored.batch.sealed_boot_ms) > options_.live_age;
    }
    // Sealed in the future means that one of the two clocks was wrong: certainly not live.
    const milliseconds age = now() - from_unix_ms(stored.batch.sealed_wall_ms);
    return age > options_.live_age || age < milliseconds(0);
}

}  // namespace cxedge::uplink
