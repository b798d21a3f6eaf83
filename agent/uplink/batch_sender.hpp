// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/acknowledgements.hpp"
#include "agent/uplink/announcer.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/uplink/lane_feed.hpp"
#include "agent/uplink/packet.hpp"
#include "agent/uplink/refused_batches.hpp"
#include "agent/uplink/send_clock.hpp"
#include "agent/uplink/send_window.hpp"
#include "agent/uplink/throttle.hpp"
#include "agent/uplink/token_bucket.hpp"
#include "agent/wire/request.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::uplink {

// Decides for every free place of the window what goes next: control messages (state, dictionary),
// lane 0, what is fresh of lanes 1 and 2, and then their backlog, which has a rate, a late start
// and at most three quarters of the window. Follows each packet to its PUBACK. Thread: one.
class BatchSender {
public:
    struct Options {
        wire::NodeIdentity identity;
        unsigned window = 32;
        std::uint64_t backfill_bytes_per_s = 0;  // 0: no limit
        std::chrono::milliseconds backfill_start_jitter{0};
        std::uint64_t seed = 1;
    };
    // All outlive the sender.
    struct Parts {
        store::Spool& spool;
        Broker& broker;
        const Clock& clock;
        const SendClock& send_clock;
        Acknowledgements& acks;
    };
    using Complain = std::function<void(const std::string&)>;
    struct Counters {
        std::uint64_t sent = 0;      // publishes of batches, repeats included
        std::uint64_t accepted = 0;  // PUBACK < 0x80
        std::uint64_t bytes = 0;     // MQTT payload
        std::uint64_t refused = 0;   // PUBACK >= 0x80
        std::uint64_t resent = 0;  // publishes that repeat one: refused, lost on the way, asked for
        std::uint64_t buried = 0;
    };

    BatchSender(Options options, Parts parts, Complain complain);

    // A new connection: `state` goes first, then the dictionary.
    void connected(const BrokerLimits& limits, std::string state);
    void disconnected();
    // Something was appended.
    void more();
    // Everything that is still in the spool is to be sent again.
    void restart();
    // Announces the dictionary again.
    void announce_all();
    // Publishes it before any further batch, retained unless it is an answer.
    void tell(Packet packet) { control_.push_back(std::move(packet)); }
    void resend(const wire::Resend& request);

    // Publishes what the window takes. unavailable: the connection is of no use any more.
    Status fill();
    // PUBACK. Empty: of nothing that is in flight.
    void acknowledged(int mid, std::uint8_t reason);

    [[nodiscard]] std::size_t batches_in_flight() const { return window_.batches(); }
    // When the oldest unacknowledged packet was sent.
    [[nodiscard]] std::optional<SteadyTime> oldest() const { return window_.oldest(); }
    // When fill() has something to do without an event; empty: only after one.
    [[nodiscard]] std::optional<SteadyTime> due() const;
    [[nodiscard]] bool announcing() const { return !control_.empty(); }
    [[nodiscard]] Counters counters() const;
    [[nodiscard]] std::uint64_t backlog_bytes() const;

private:
    enum class Step : std::uint8_t { sent, deferred, idle };
    struct Slot {
        Lane lane;
        LaneFeed::Side side;
        [[nodiscard]] bool limited() const {
            return lane != Lane::control && side == LaneFeed::Side::backlog;
        }
    };
    static constexpr std::size_t kSlots = 6;
    static const std::array<Slot, kSlots> kOrder;

    Result<Step> send_next();
    Result<Step> send_control();
    void dictionary_refused(std::uint32_t part, const std::string& what);
    // When a batch that needs so many series definitions may go; empty: now.
    std::optional<SteadyTime> awaits_series(std::uint32_t dict_size);
    void hold_back(std::size_t slot, const store::StoredBatch& stored, const std::string& why);
    Result<Step> send_from(std::size_t slot);
    Result<Step> send_batch(std::size_t slot, const store::StoredBatch& stored);
    Result<Step> publish_batch(std::size_t slot, const store::StoredBatch& stored, Packet packet);
    const store::StoredBatch* next_batch(const Slot& slot, SteadyTime now);
    bool announce();
    // Empty: `slot` may send now. Else when it may, max(): after an event.
    [[nodiscard]] std::optional<SteadyTime> blocked_until(std::size_t slot, SteadyTime now) const;
    [[nodiscard]] std::optional<SteadyTime> rate_blocked_until(SteadyTime now) const;
    Status publish(const Packet& message, bool retain, InFlight packet);
    void refused(const InFlight& packet, std::uint8_t reason);
    void settle(const Refusal& refusal, const std::string& what);
    [[nodiscard]] bool is_settled(std::uint64_t position) const;
    LaneFeed& feed_of(Lane lane) { return feeds_[static_cast<std::size_t>(lane)]; }
    [[nodiscard]] const LaneFeed& feed_of(Lane lane) const {
        return feeds_[static_cast<std::size_t>(lane)];
    }

    const Options options_;
    Parts parts_;
    const Complain complain_;
    const wire::Topics topics_;
    Announcer announcer_;
    std::array<LaneFeed, kLaneCount> feeds_;
    SendWindow window_;
    Throttle throttle_;
    RefusedBatches refusals_;
    TokenBucket bucket_;
    std::mt19937_64 random_;
    SteadyTime backfill_from_{};
    std::deque<Packet> control_;  // state, dictionary, answers: sent before any batch
    std::array<std::uint64_t, kSlots> round_of_{};  // in which a slot sent last
    std::array<SteadyTime, kSlots> series_due_{};   // a slot waits for series definitions
    bool told_refused_ = false;
    Counters counters_;
};

}  // namespace cxedge::uplink
