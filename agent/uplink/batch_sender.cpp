// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/batch_sender.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;
using Side = LaneFeed::Side;

constexpr std::uint64_t kBurst = 256U << 10U;
// A batch whose series cannot be announced: its definitions may still be written.
constexpr milliseconds kDictionaryRetry{5000};

}  // namespace

const std::array<BatchSender::Slot, BatchSender::kSlots> BatchSender::kOrder{
    Slot{Lane::control, Side::fresh},
    Slot{Lane::control, Side::backlog},
    Slot{Lane::live, Side::fresh},
    Slot{Lane::bulk, Side::fresh},
    Slot{Lane::live, Side::backlog},
    Slot{Lane::bulk, Side::backlog},
};

BatchSender::BatchSender(Options options, Parts parts, Complain complain)
    : options_(std::move(options)),
      parts_(parts),
      complain_(std::move(complain)),
      topics_(options_.identity.tenant, options_.identity.site, options_.identity.node),
      announcer_(options_.identity, parts.spool),
      feeds_{
          LaneFeed(parts.spool, Lane::control, [](const auto&) { return true; }),
          LaneFeed(
              parts.spool,
              Lane::live,
              [&clock = parts.send_clock](const auto& stored) { return !clock.is_backfill(stored); }
          ),
          LaneFeed(
              parts.spool,
              Lane::bulk,
              [&clock = parts.send_clock](const auto& stored) { return !clock.is_backfill(stored); }
          ),
      },
      refusals_(parts.spool),
      bucket_(options_.backfill_bytes_per_s, kBurst),
      random_(options_.seed) {}

// ---- connection ----

void BatchSender::connected(const BrokerLimits& limits, std::string state) {
    // One of what the broker grants stays free, so that the last word always has a place.
    const unsigned granted = std::max<unsigned>(limits.receive_maximum, 2) - 1;
    window_.reset();
    throttle_.reset(std::clamp(options_.window, 1U, granted));
    refusals_.book().reconnected();
    told_refused_ = false;
    control_.clear();
    restart();
    std::uniform_int_distribution<std::int64_t> pick(0, options_.backfill_start_jitter.count());
    backfill_from_ = parts_.clock.steady_now() + milliseconds(pick(random_));
    control_.push_back({topics_.state(), std::move(state), {}});
    series_due_.fill({});
    announcer_.forget();
    announce();
}

void BatchSender::disconnected() {
    counters_.resent += window_.batches();
    window_.reset();
    control_.clear();
}

void BatchSender::more() {
    std::for_each(feeds_.begin(), feeds_.end(), [](LaneFeed& feed) { feed.more(); });
}

void BatchSender::restart() {
    std::for_each(feeds_.begin(), feeds_.end(), [](LaneFeed& feed) { feed.restart(); });
}

void BatchSender::announce_all() {
    announcer_.repeat();
    announce();
}

bool BatchSender::announce() {
    auto parts = announcer_.announce();
    if (!parts) {
        complain_(parts.error().message);
        return false;
    }
    for (wire::DictionaryPart& part : *parts) {
        control_.push_back({topics_.dictionary(part.part), std::move(part.payload), part.part});
    }
    return true;
}

void BatchSender::resend(const wire::Resend& request) {
    const auto first = parts_.spool.position_of_seq(request.lane, request.epoch, request.first_seq);
    if (!first || !*first) {
        return;  // nothing of it is held: it was delivered, or declared missing
    }
    // "And all after it" may be said with the largest number there is.
    const std::uint64_t behind = std::max(request.last_seq, request.last_seq + 1);
    const auto beyond = parts_.spool.position_of_seq(request.lane, request.epoch, behind);
    const std::uint64_t last = beyond && *beyond ? **beyond - 1 : SpoolCursor::kOpen;
    // When none of the range is held, what comes next goes out once more: its first_unacked says
    // that nobody need wait for the range.
    feed_of(request.lane).repeat(**first, std::max(last, **first));
}

// ---- sending ----

Status BatchSender::fill() {
    while (window_.size() < throttle_.window()) {
        const Result<Step> step = send_next();
        if (!step) {
            return step.error();
        }
        if (*step == Step::idle) {
            break;
        }
    }
    return {};
}

Result<BatchSender::Step> BatchSender::send_next() {
    if (!control_.empty()) {
        return send_control();
    }
    if (!parts_.send_clock.holding().empty()) {
        return Step::idle;
    }
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        Result<Step> step = send_from(slot);
        if (!step || *step != Step::idle) {
            return step;
        }
    }
    return Step::idle;
}

Result<BatchSender::Step> BatchSender::send_control() {
    const Packet message = std::move(control_.front());
    control_.pop_front();
    if (!parts_.broker.fits(message.topic.size(), message.payload.size())) {
        const std::string what = fmt::format(
            "{} is too large for the broker: {} bytes", message.topic, message.payload.size()
        );
        if (message.dictionary_part) {
            dictionary_refused(*message.dictionary_part, what);
        } else {
            complain_(what);
        }
        return Step::deferred;
    }
    InFlight in_flight;
    in_flight.dictionary_part = message.dictionary_part;
    if (const Status status = publish(message, true, std::move(in_flight)); !status) {
        return status.error();
    }
    return Step::sent;
}

void BatchSender::dictionary_refused(std::uint32_t part, const std::string& what) {
    announcer_.refused(part, parts_.clock.steady_now());
    series_due_.fill({});
    complain_(what + "; batches of these series wait in the spool until it is accepted");
}

Result<BatchSender::Step> BatchSender::send_from(std::size_t slot) {
    const SteadyTime now = parts_.clock.steady_now();
    if (blocked_until(slot, now)) {
        return Step::idle;
    }
    const store::StoredBatch* stored = next_batch(kOrder[slot], now);
    return stored == nullptr ? Step::idle : send_batch(slot, *stored);
}

std::optional<SteadyTime> BatchSender::blocked_until(std::size_t slot, SteadyTime now) const {
    if (throttle_.paused(now)) {
        return throttle_.paused_until();
    }
    if (now < series_due_[slot]) {
        return series_due_[slot];
    }
    if (throttle_.in_rounds() && round_of_[slot] == throttle_.round()) {
        return SteadyTime::max();
    }
    return kOrder[slot].limited() ? rate_blocked_until(now) : std::nullopt;
}

std::optional<SteadyTime> BatchSender::rate_blocked_until(SteadyTime now) const {
    if (now < backfill_from_) {
        return backfill_from_;
    }
    if (window_.backlog() >= std::max<std::size_t>(1, throttle_.window() * 3 / 4)) {
        return SteadyTime::max();
    }
    return bucket_.due(now);
}

// What is in flight or just delivered may be met again; what was refused has its time.
const store::StoredBatch* BatchSender::next_batch(const Slot& slot, SteadyTime now) {
    LaneFeed& feed = feed_of(slot.lane);
    while (const store::StoredBatch* stored = feed.front(slot.side, now)) {
        const std::uint64_t position = stored->position;
        const auto early = refusals_.book().not_before(slot.lane, position, now);
        if (!early && !is_settled(position)) {
            return stored;
        }
        feed.pop(slot.side);
        if (early) {
            feed.retry(position, *early);
        }
    }
    return nullptr;
}

bool BatchSender::is_settled(std::uint64_t position) const {
    return window_.contains(position) || parts_.acks.contains(position);
}

Result<BatchSender::Step> BatchSender::send_batch(
    std::size_t slot, const store::StoredBatch& stored
) {
    const auto dict_id = announcer_.content_id(stored.batch.dict_size);
    if (!dict_id) {
        hold_back(slot, stored, dict_id.error().message);
        return Step::deferred;
    }
    if (const auto due = awaits_series(stored.batch.dict_size)) {
        series_due_[slot] = *due;
        return Step::deferred;  // control messages may have become due, and other slots
    }
    return publish_batch(
        slot, stored, make_packet(topics_, stored, parts_.send_clock.time_of(stored), *dict_id)
    );
}

std::optional<SteadyTime> BatchSender::awaits_series(std::uint32_t dict_size) {
    if (announcer_.covers(dict_size)) {
        return std::nullopt;
    }
    const SteadyTime now = parts_.clock.steady_now();
    const SteadyTime ready = announcer_.ready_at(dict_size, now);
    if (ready != now) {
        return ready;
    }
    return announce() ? SteadyTime::max() : now + kDictionaryRetry;
}

void BatchSender::hold_back(
    std::size_t slot, const store::StoredBatch& stored, const std::string& why
) {
    const Slot& from = kOrder[slot];
    complain_(fmt::format(
        "batch {} of lane {} stays in the spool: {}", stored.seq, to_string(from.lane), why
    ));
    const std::uint64_t position = stored.position;
    feed_of(from.lane).pop(from.side);
    feed_of(from.lane).retry(position, parts_.clock.steady_now() + kDictionaryRetry);
}

Result<BatchSender::Step> BatchSender::publish_batch(
    std::size_t slot, const store::StoredBatch& stored, Packet packet
) {
    const Slot& from = kOrder[slot];
    InFlight in_flight;
    in_flight.batch = true;
    in_flight.lane = from.lane;
    in_flight.backlog = from.limited();
    in_flight.position = stored.position;
    in_flight.samples = stored.batch.samples;
    in_flight.events = stored.batch.events;
    feed_of(from.lane).pop(from.side);  // `stored` is gone from here on
    if (!parts_.broker.fits(packet.topic.size(), packet.payload.size())) {
        settle(
            {from.lane, in_flight.position, 0},
            fmt::format("{} bytes for {}", packet.payload.size(), packet.topic)
        );
        return Step::deferred;
    }
    if (from.limited()) {
        bucket_.take(packet.payload.size(), parts_.clock.steady_now());
    }
    if (Status status = publish(packet, false, std::move(in_flight)); !status) {
        return status.error();
    }
    round_of_[slot] = throttle_.round();
    ++counters_.sent;
    return Step::sent;
}

Status BatchSender::publish(const Packet& message, bool retain, InFlight packet) {
    Broker& broker = parts_.broker;
    const auto mid = message.answer ? broker.send(message.topic, message.payload, *message.answer)
                                    : broker.publish(message.topic, message.payload, retain);
    if (!mid) {
        return mid.error();
    }
    packet.topic = message.topic;
    packet.sent = parts_.clock.steady_now();
    window_.add(*mid, std::move(packet));
    counters_.bytes += message.payload.size();
    return {};
}

// ---- answers ----

void BatchSender::acknowledged(int mid, std::uint8_t reason) {
    const auto packet = window_.settle(mid);
    if (!packet) {
        return;
    }
    if (reason >= kFirstRefusal) {
        refused(*packet, reason);
    } else if (packet->dictionary_part) {
        announcer_.accepted(*packet->dictionary_part);
        series_due_.fill({});
    } else if (packet->batch) {
        ++counters_.accepted;
        throttle_.accepted();
        refusals_.book().passed(packet->position, packet->lane);
        parts_.acks.accepted(*packet, parts_.clock.steady_now());
    }
}

void BatchSender::refused(const InFlight& packet, std::uint8_t reason) {
    const SteadyTime now = parts_.clock.steady_now();
    const std::string what =
        fmt::format("the broker refused {}: {}", packet.topic, describe_reason(reason));
    if (packet.dictionary_part) {
        dictionary_refused(*packet.dictionary_part, what);
        return;
    }
    if (!packet.batch) {
        complain_(what);
        return;
    }
    ++counters_.refused;
    if (reason == reasons::kQuotaExceeded) {
        throttle_.out_of_room(now);
    } else if (speaks_of_the_topic(reason) && !refusals_.book().of_use()) {
        throttle_.all_refused(now);
    }
    settle({packet.lane, packet.position, reason}, what);
}

void BatchSender::settle(const Refusal& refusal, const std::string& what) {
    const auto outcome = refusals_.settle(refusal, parts_.clock.steady_now());
    LaneFeed& feed = feed_of(refusal.lane);
    if (outcome.retry_at) {
        feed.retry(refusal.position, std::max(*outcome.retry_at, throttle_.paused_until()));
        ++counters_.resent;
    } else {
        more();  // its parts, or its declaration
    }
    // While a broker refuses everything, once says it.
    const bool all = throttle_.in_rounds();
    if (!all || !told_refused_) {
        complain_(outcome.note.empty() ? what : what + "; " + outcome.note);
    }
    told_refused_ = told_refused_ || all;
}

// ---- status ----

std::optional<SteadyTime> BatchSender::due() const {
    if (window_.size() >= throttle_.window()) {
        return std::nullopt;  // the rest must wait for an acknowledgement
    }
    const SteadyTime now = parts_.clock.steady_now();
    if (!parts_.send_clock.holding().empty()) {
        return now + SendClock::kEvery;
    }
    SteadyTime due = SteadyTime::max();
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const auto feed = feed_of(kOrder[slot].lane).due(kOrder[slot].side, now);
        if (feed) {
            due = std::min(due, std::max(*feed, blocked_until(slot, now).value_or(*feed)));
        }
    }
    return due == SteadyTime::max() ? std::nullopt : std::optional(due);
}

BatchSender::Counters BatchSender::counters() const {
    Counters counters = counters_;
    counters.buried = refusals_.buried();
    return counters;
}

std::uint64_t BatchSender::backlog_bytes() const {
    std::uint64_t bytes = 0;
    for (const Lane lane : {Lane::live, Lane::bulk}) {
        const store::LaneStatus status = parts_.spool.status(lane);
        const std::uint64_t batches = std::min(feed_of(lane).backlog_batches(), status.batches);
        bytes += status.batches == 0 ? 0 : status.bytes / status.batches * batches;
    }
    return bytes;
}

}  // namespace cxedge::uplink
