// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/uplink.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"
#include "agent/uplink/ack_batch.hpp"
#include "agent/uplink/announcer.hpp"
#include "agent/uplink/backoff.hpp"
#include "agent/uplink/lane_feed.hpp"
#include "agent/uplink/packet.hpp"
#include "agent/uplink/reason_code.hpp"
#include "agent/uplink/send_window.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/request.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

// A connection that lasted this long was a good one: the next wait is short again.
constexpr std::chrono::seconds kStable{60};
// A consumer that keeps asking for the dictionary gets it this often.
constexpr milliseconds kRequestInterval{1000};

}  // namespace

class Uplink::Impl final : public BrokerListener {
public:
    Impl(
        UplinkOptions options,
        store::Spool& spool,
        Broker& broker,
        const Clock& clock,
        ClockProbe probe
    );
    ~Impl() override;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run_once(milliseconds timeout);
    void stop();
    [[nodiscard]] UplinkStatus status() const;

    void on_connected(const BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override { go_offline(why); }
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

private:
    enum class Step : std::uint8_t { sent, deferred, idle };

    void start_connecting();
    void go_offline(const std::string& why);
    void check_ack_timeout();
    void answer_requests();
    void announce();
    void fill_window();
    Step send_next();
    Step send_control();
    const store::StoredBatch* next_batch(LaneFeed& feed);
    [[nodiscard]] bool is_settled(std::uint64_t position) const;
    Step send_batch(LaneFeed& feed, const store::StoredBatch& stored);
    Step skip(LaneFeed& feed, const store::StoredBatch& stored, const std::string& why);
    bool publish(const Packet& message, bool retain, InFlight packet);
    void settle_batch(const InFlight& packet, std::uint8_t reason);
    void flush_acks();
    [[nodiscard]] std::string node_state(bool online) const;
    [[nodiscard]] milliseconds time_left(milliseconds timeout) const;
    [[nodiscard]] SteadyTime online_due(SteadyTime until) const;
    LaneFeed& feed_of(Lane lane) { return feeds_[static_cast<std::size_t>(lane)]; }
    void set_connection(Connection connection);
    void complain(const std::string& what);
    template <class Change>
    void change_status(Change change);

    const UplinkOptions options_;
    store::Spool& spool_;
    Broker& broker_;
    const Clock& clock_;
    const ClockProbe probe_;
    const wire::Topics topics_;
    Backoff backoff_;
    Announcer announcer_;
    std::array<LaneFeed, kLaneCount> feeds_;
    SendWindow window_;
    std::deque<Packet> control_;  // retained: state and dictionary, sent before any batch
    Connection connection_ = Connection::offline;
    std::uint64_t session_ = 0;
    bool stopped_ = false;
    SteadyTime next_attempt_{};
    SteadyTime online_since_{};
    AckBatch acks_;
    bool dictionary_wanted_ = false;
    SteadyTime next_answer_{};
    std::atomic<bool> appended_ = false;
    mutable std::mutex status_mutex_;
    UplinkStatus status_;
};

Uplink::Impl::Impl(
    UplinkOptions options, store::Spool& spool, Broker& broker, const Clock& clock, ClockProbe probe
)
    : options_(std::move(options)),
      spool_(spool),
      broker_(broker),
      clock_(clock),
      probe_(std::move(probe)),
      topics_(options_.identity.tenant, options_.identity.site, options_.identity.node),
      backoff_(
          options_.backoff_min,
          options_.backoff_max,
          options_.seed != 0 ? options_.seed : random_u64()
      ),
      announcer_(options_.identity, spool),
      feeds_{
          LaneFeed(spool, Lane::control), LaneFeed(spool, Lane::live), LaneFeed(spool, Lane::bulk)},
      next_attempt_(clock.steady_now()) {
    status_.since = clock.wall_now();
    spool_.on_append([this] {
        appended_ = true;
        broker_.wake();
    });
}

Uplink::Impl::~Impl() {
    spool_.on_append({});
    broker_.drop();
}

void Uplink::Impl::run_once(milliseconds timeout) {
    if (appended_.exchange(false)) {
        std::for_each(feeds_.begin(), feeds_.end(), [](LaneFeed& feed) { feed.more(); });
    }
    if (connection_ == Connection::offline && !stopped_ && clock_.steady_now() >= next_attempt_) {
        start_connecting();
    }
    if (connection_ == Connection::online) {
        check_ack_timeout();
        answer_requests();
        fill_window();
    }
    broker_.poll(time_left(timeout));
    if (acks_.is_due(clock_.steady_now(), window_.batches() == 0)) {
        flush_acks();
    }
}

void Uplink::Impl::stop() {
    stopped_ = true;
    flush_acks();
    if (connection_ == Connection::online) {
        // One packet identifier is kept free for this: see on_connected().
        if (auto sent = broker_.publish(topics_.state(), node_state(false), true); !sent) {
            log::warn("uplink", "publishing state offline: " + sent.error().message);
        }
    }
    broker_.disconnect();
    window_.reset(0);
    control_.clear();
    set_connection(Connection::offline);
}

UplinkStatus Uplink::Impl::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

template <class Change>
void Uplink::Impl::change_status(Change change) {
    const std::lock_guard lock(status_mutex_);
    change(status_);
    status_.in_flight = window_.batches();
}

void Uplink::Impl::set_connection(Connection connection) {
    connection_ = connection;
    change_status([&](UplinkStatus& status) {
        status.since = status.connection == connection ? status.since : clock_.wall_now();
        status.connection = connection;
    });
}

void Uplink::Impl::complain(const std::string& what) {
    log::warn("uplink", what);
    change_status([&](UplinkStatus& status) { status.last_error = what; });
}

// ---- connection ----

void Uplink::Impl::start_connecting() {
    session_ = random_u64();
    BrokerOptions options = options_.broker;
    options.will_topic = topics_.state();
    options.will_payload = node_state(false);
    set_connection(Connection::connecting);
    if (Status status = broker_.connect(options, *this); !status) {
        go_offline(status.error().message);
    }
}

std::string Uplink::Impl::node_state(bool online) const {
    wire::NodeState state;
    state.online = online;
    state.boot = spool_.boot();
    state.session = session_;
    state.version = options_.version;
    state.at = clock_.wall_now();
    return wire::encode_node_state(state);
}

void Uplink::Impl::on_connected(const BrokerLimits& limits) {
    // One of what the broker grants stays free, so that stop() can always publish the state.
    const unsigned granted = std::max<unsigned>(limits.receive_maximum, 2) - 1;
    window_.reset(std::clamp(options_.window, 1U, granted));
    control_.clear();
    std::for_each(feeds_.begin(), feeds_.end(), [](LaneFeed& feed) { feed.restart(); });
    online_since_ = clock_.steady_now();
    set_connection(Connection::online);
    change_status([](UplinkStatus& status) { ++status.connects; });
    log::info(
        "uplink", fmt::format("connected to {}:{}", options_.broker.host, options_.broker.port)
    );
    control_.push_back({topics_.state(), node_state(true)});
    announcer_.forget();
    announce();
    if (Status status = broker_.subscribe(topics_.command_request()); !status) {
        complain("subscribing to commands: " + status.error().message);
    }
}

void Uplink::Impl::go_offline(const std::string& why) {
    const SteadyTime now = clock_.steady_now();
    if (connection_ == Connection::online && now - online_since_ >= kStable) {
        backoff_.reset();
    }
    const milliseconds wait = backoff_.next();
    next_attempt_ = now + wait;
    window_.reset(0);
    control_.clear();
    flush_acks();
    complain(why);
    log::info("uplink", fmt::format("next attempt in {} ms", wait.count()));
    set_connection(Connection::offline);
}

void Uplink::Impl::check_ack_timeout() {
    const auto oldest = window_.oldest();
    if (oldest && clock_.steady_now() - *oldest > options_.ack_timeout) {
        // MQTT 5.0 allows no repeat on a live connection (4.4.0-1): a new one replays. Without a
        // goodbye, so that the will tells if there is no new one.
        broker_.drop();
        go_offline(fmt::format("no acknowledgement for {} ms", options_.ack_timeout.count()));
    }
}

// ---- dictionary ----

void Uplink::Impl::
    on_message(const std::string& topic, std::string_view payload, bool /*retained*/) {
    const auto request = wire::decode_request(payload);
    const bool asked = request && std::holds_alternative<wire::NeedDictionary>(*request);
    dictionary_wanted_ |= asked && topic == topics_.command_request();
}

void Uplink::Impl::answer_requests() {
    const SteadyTime now = clock_.steady_now();
    if (!dictionary_wanted_ || !control_.empty() || now < next_answer_) {
        return;
    }
    dictionary_wanted_ = false;
    next_answer_ = now + kRequestInterval;
    announcer_.forget();
    announce();
}

void Uplink::Impl::announce() {
    auto parts = announcer_.announce();
    if (!parts) {
        complain(parts.error().message);
        return;
    }
    for (wire::DictionaryPart& part : *parts) {
        control_.push_back({topics_.dictionary(part.part), std::move(part.payload)});
    }
}

// ---- sending ----

void Uplink::Impl::fill_window() {
    for (LaneFeed& feed : feeds_) {
        feed.rewind_if_due(clock_.steady_now());
    }
    while (connection_ == Connection::online && !window_.full() && send_next() != Step::idle) {
    }
    change_status([](UplinkStatus&) {});
}

Uplink::Impl::Step Uplink::Impl::send_next() {
    if (!control_.empty()) {
        return send_control();
    }
    for (LaneFeed& feed : feeds_) {
        if (const store::StoredBatch* stored = next_batch(feed)) {
            return send_batch(feed, *stored);
        }
    }
    return Step::idle;
}

const store::StoredBatch* Uplink::Impl::next_batch(LaneFeed& feed) {
    const SteadyTime now = clock_.steady_now();
    const store::StoredBatch* stored = feed.front(now);
    while (stored != nullptr && is_settled(stored->position)) {
        feed.pop();
        stored = feed.front(now);
    }
    return stored;
}

// In flight, or delivered and not yet deleted: a second walk meets these.
bool Uplink::Impl::is_settled(std::uint64_t position) const {
    return window_.contains(position) || acks_.contains(position);
}

Uplink::Impl::Step Uplink::Impl::send_control() {
    const Packet message = std::move(control_.front());
    control_.pop_front();
    if (!broker_.fits(message.topic.size(), message.payload.size())) {
        complain(fmt::format(
            "{} is too large for the broker: {} bytes", message.topic, message.payload.size()
        ));
        return Step::deferred;
    }
    publish(message, true, {});
    return Step::sent;
}

Uplink::Impl::Step Uplink::Impl::send_batch(LaneFeed& feed, const store::StoredBatch& stored) {
    const std::uint32_t dict_size = stored.batch.dict_size;
    if (!announcer_.covers(dict_size)) {
        announce();  // goes out before any batch
    }
    const auto dict_id = announcer_.content_id(dict_size);
    if (!dict_id || !announcer_.covers(dict_size)) {
        feed.refused(stored.position, clock_.steady_now());
        return skip(
            feed, stored, dict_id ? "its series cannot be announced" : dict_id.error().message
        );
    }
    if (!control_.empty()) {
        return Step::deferred;
    }
    const BootTime boot = clock_.boot_now();
    const SendTime time{
        WallTime(boot + clock_.wall_offset()), boot, spool_.boot(), options_.live_age, probe_()};
    const Packet packet = make_packet(topics_, stored, time, *dict_id);
    if (!broker_.fits(packet.topic.size(), packet.payload.size())) {
        return skip(
            feed,
            stored,
            fmt::format("{} bytes are too large for the broker", packet.payload.size())
        );
    }
    InFlight in_flight;
    in_flight.batch = true;
    in_flight.lane = lane_of(stored.batch.stream);
    in_flight.position = stored.position;
    in_flight.samples = stored.batch.samples;
    in_flight.events = stored.batch.events;
    if (publish(packet, false, std::move(in_flight))) {
        feed.pop();
        change_status([](UplinkStatus& status) { ++status.batches_sent; });
    }
    return Step::sent;
}

// Stays in the spool; the next connection tries again at the latest.
Uplink::Impl::Step Uplink::Impl::skip(
    LaneFeed& feed, const store::StoredBatch& stored, const std::string& why
) {
    complain(fmt::format(
        "batch {} of lane {} stays in the spool: {}",
        stored.seq,
        to_string(lane_of(stored.batch.stream)),
        why
    ));
    feed.pop();
    return Step::deferred;
}

bool Uplink::Impl::publish(const Packet& message, bool retain, InFlight packet) {
    auto mid = broker_.publish(message.topic, message.payload, retain);
    if (!mid) {
        broker_.drop();
        go_offline(mid.error().message);
        return false;
    }
    packet.topic = message.topic;
    packet.sent = clock_.steady_now();
    window_.add(*mid, std::move(packet));
    change_status([&](UplinkStatus& status) { status.bytes_sent += message.payload.size(); });
    return true;
}

// ---- acknowledgements ----

void Uplink::Impl::on_puback(int mid, std::uint8_t reason) {
    const auto packet = window_.settle(mid);
    if (!packet) {
        return;
    }
    if (reason >= kFirstRefusal) {
        complain(fmt::format("the broker refused {}: {}", packet->topic, describe_reason(reason)));
    }
    if (packet->batch) {
        settle_batch(*packet, reason);
    }
}

void Uplink::Impl::settle_batch(const InFlight& packet, std::uint8_t reason) {
    if (reason >= kFirstRefusal) {
        feed_of(packet.lane).refused(packet.position, clock_.steady_now());
        change_status([](UplinkStatus& status) { ++status.batches_refused; });
        return;
    }
    acks_.add(packet.position, clock_.steady_now());
    change_status([&](UplinkStatus& status) {
        ++status.batches_delivered;
        status.samples_delivered += packet.samples;
        status.events_delivered += packet.events;
    });
}

void Uplink::Impl::flush_acks() {
    if (Status status = acks_.flush(spool_, clock_.steady_now()); !status) {
        complain("deleting delivered batches: " + status.error().message);
    }
}

milliseconds Uplink::Impl::time_left(milliseconds timeout) const {
    const SteadyTime now = clock_.steady_now();
    SteadyTime until = now + timeout;
    if (connection_ == Connection::offline && !stopped_) {
        until = std::min(until, next_attempt_);
    }
    until = std::min(until, acks_.due().value_or(until));
    if (connection_ == Connection::online) {
        until = std::min(until, online_due(until));
    }
    return std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(0));
}

SteadyTime Uplink::Impl::online_due(SteadyTime until) const {
    if (const auto oldest = window_.oldest()) {
        until = std::min(until, *oldest + options_.ack_timeout + milliseconds(1));
    }
    if (window_.full()) {
        return until;  // the rest must wait for an acknowledgement
    }
    if (dictionary_wanted_) {
        until = std::min(until, next_answer_);
    }
    for (const LaneFeed& feed : feeds_) {
        until = std::min(until, feed.due().value_or(until));
    }
    return until;
}

Uplink::Uplink(
    UplinkOptions options, store::Spool& spool, Broker& broker, const Clock& clock, ClockProbe probe
)
    : impl_(std::make_unique<Impl>(std::move(options), spool, broker, clock, std::move(probe))) {}

Uplink::~Uplink() = default;

void Uplink::run_once(milliseconds timeout) {
    impl_->run_once(timeout);
}

void Uplink::stop() {
    impl_->stop();
}

UplinkStatus Uplink::status() const {
    return impl_->status();
}

}  // namespace cxedge::uplink
