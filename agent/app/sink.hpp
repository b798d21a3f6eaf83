// SPDX-License-Identifier: Apache-2.0
// One platform to deliver to: its spool and the thread that sends. Each sink has its own numbers,
// cursors and limits; a slow one never holds another up.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/app/options.hpp"
#include "agent/app/outlet.hpp"
#include "agent/app/uplink_thread.hpp"
#include "agent/model/event.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::app {

// Where one sink keeps its data.
struct SinkPlaces {
    std::string state_dir;
    std::string ring_file;     // empty: memory
    std::string fallback_dir;  // when the state directory cannot be used
};

// What the spool declared since start. Written by whichever thread removes, read by any.
struct DeclaredCounts {
    // By cause; a split loses nothing and is not counted.
    std::array<std::atomic<std::uint64_t>, kGapCauseCount> gaps{};
    std::array<std::atomic<std::uint64_t>, kGapCauseCount> samples_lost{};  // in those gaps
    std::atomic<std::uint64_t> dead_letters{0};
    std::atomic<std::uint64_t> samples_dead{0};
    void count(const Declaration& declaration);
};

class Sink {
public:
    // What opening had to do is added to `events`. unavailable: neither directory can be used.
    static Result<std::unique_ptr<Sink>> open(
        const SinkPlaces& places,
        const config::SpoolConfig& config,
        const Clock& clock,
        std::vector<Event>& events
    );

    // Begins to send; again after leave(). All outlive the sink; `watchdog` and `identity` may be
    // null. Thread: the owner's, as of everything here that does not say another.
    void start(
        uplink::UplinkOptions options,
        const Clock& clock,
        telemetry::WatchdogFeed* watchdog,
        std::unique_ptr<Identity> identity
    );
    // See Uplink::ask(); after start().
    void ask(const wire::Request& request);
    // See Uplink::retain(); after start().
    void retain(std::string topic, std::string payload);
    // See Uplink::answer(); after start().
    void answer(const uplink::MessageProperties& asked, std::string payload);
    // Says goodbye and ends what sends, so that start() may follow. What is not acknowledged stays
    // in the spool; what is counted stays counted. Blocks for as long as a goodbye takes.
    void leave();
    // What waits is sent until `deadline`, not at all while offline. All sinks send meanwhile.
    void drain(SteadyTime deadline);
    // Says goodbye; stop() waits until it is said.
    void ask_to_stop();
    void stop();

    [[nodiscard]] store::Spool& spool() { return *spool_; }
    [[nodiscard]] const store::Spool& spool() const { return *spool_; }
    // Counts are of all connections since the process began. Thread: any.
    [[nodiscard]] uplink::UplinkStatus status() const;
    // Since the last start() alone. Thread: any.
    [[nodiscard]] uplink::UplinkStatus status_since_start() const;
    // Thread: any.
    [[nodiscard]] IdentityStatus identity() const;
    [[nodiscard]] const DeclaredCounts& declared() const { return declared_; }
    [[nodiscard]] std::uint64_t samples_waiting() const;
    // Why the spool is in the fallback directory; empty: it is where it should be.
    [[nodiscard]] const std::string& fallback_why() const { return fallback_why_; }

private:
    Sink() = default;
    DeclaredCounts declared_;
    std::string fallback_why_;
    std::unique_ptr<store::Spool> spool_;
    mutable std::mutex uplink_mutex_;  // around changes of these two, and other threads' looks
    std::unique_ptr<UplinkThread> uplink_;
    uplink::UplinkStatus left_;  // of those before it, counts in all
};

}  // namespace cxedge::app
