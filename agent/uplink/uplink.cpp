// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/uplink.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"
#include "agent/uplink/acknowledgements.hpp"
#include "agent/uplink/batch_sender.hpp"
#include "agent/uplink/connector.hpp"
#include "agent/uplink/handed_over.hpp"
#include "agent/uplink/reason_code.hpp"
#include "agent/uplink/uplink_parts.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

// A consumer that keeps asking for the dictionary gets it this often.
constexpr milliseconds kRequestInterval{1000};
// The same complaint is logged again after this.
constexpr milliseconds kSameComplaint{60000};

}  // namespace

class Uplink::Impl final : public BrokerListener {
public:
    Impl(
        UplinkOptions options,
        store::Spool& spool,
        Brokers brokers,
        const Clock& clock,
        ClockProbe probe
    );
    ~Impl() override;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run_once(milliseconds timeout);
    void use_credential(const std::string& file);
    void ask(const wire::Request& request);
    void stop();
    void tell(Packet packet) {
        handed_over_.tell(std::move(packet));
        broker_.wake();
    }
    [[nodiscard]] UplinkStatus status() const;

    void on_connected(const BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override { sender_.acknowledged(mid, reason); }
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;
    void on_subscribed(const std::string& topic_filter, std::uint8_t reason) override;

private:
    [[nodiscard]] bool may_connect() const;
    void start_connecting();
    void work_online();
    void subscribe(const std::string& topic);
    void go_offline(const std::string& why);
    void leave();
    void check_ack_timeout();
    void answer_requests();
    void on_request(std::string_view payload, bool retained);
    void obey(const wire::Request& request);
    void on_platform_ack(std::string_view payload);
    void flush_acks(bool all);
    void tell_packets();
    [[nodiscard]] std::string node_state(bool online) const;
    [[nodiscard]] milliseconds time_left(milliseconds timeout) const;
    [[nodiscard]] SteadyTime online_due(SteadyTime until) const;
    void set_connection(Connection connection);
    void complain(const std::string& what);
    void publish_status();

    const UplinkOptions options_;
    store::Spool& spool_;
    Broker& broker_;
    const Clock& clock_;
    const wire::Topics topics_;
    Connector connector_;
    SendClock send_clock_;
    Acknowledgements acks_;
    BatchSender sender_;
    Connection connection_ = Connection::offline;
    BrokerOptions present_;  // of the present connection
    std::uint64_t session_ = 0;
    bool stopped_ = false;
    std::string credential_;  // empty: that of the options
    bool dictionary_wanted_ = false;
    SteadyTime next_answer_{};
    SteadyTime complained_{};
    std::atomic<bool> appended_ = false;
    HandedOver handed_over_;
    UplinkStatus picture_;  // this thread's
    mutable std::mutex status_mutex_;
    UplinkStatus status_;  // what others see of it
};

Uplink::Impl::Impl(
    UplinkOptions options,
    store::Spool& spool,
    Brokers brokers,
    const Clock& clock,
    ClockProbe probe
)
    : options_(std::move(options)),
      spool_(spool),
      broker_(brokers.main),
      clock_(clock),
      topics_(options_.identity.tenant, options_.identity.site, options_.identity.node),
      connector_(connector_options(options_), brokers.scout, clock.steady_now()),
      send_clock_({options_.live_age, options_.clock_wait}, spool, clock, std::move(probe)),
      acks_(spool),
      sender_(
          sender_options(options_),
          {spool, brokers.main, clock, send_clock_, acks_},
          [this](const std::string& what) { complain(what); }
      ) {
    picture_.since = clock.wall_now();
    publish_status();
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
    send_clock_.observe();
    if (appended_.exchange(false)) {
        sender_.more();
    }
    if (may_connect() && clock_.steady_now() >= connector_.next_attempt()) {
        start_connecting();
    }
    if (connection_ == Connection::online) {
        work_online();
    }
    broker_.poll(time_left(timeout));
    flush_acks(false);
    publish_status();
}

void Uplink::Impl::work_online() {
    for (const wire::Request& request : handed_over_.take_asked()) {
        obey(request);
    }
    check_ack_timeout();
    answer_requests();
    tell_packets();
    if (connection_ == Connection::online) {
        if (const Status status = sender_.fill(); !status) {
            const Loss loss = broker_.last_loss();
            broker_.drop();
            go_offline(status.error().message);
            connector_.lost(loss, clock_.steady_now());
        }
    }
    const SteadyTime now = clock_.steady_now();
    if (connection_ == Connection::online && connector_.preferred_is_back(present_, now)) {
        log::info("uplink", "the preferred broker works again");
        leave();
        connector_.leave_for_preferred(now);
    }
}

void Uplink::Impl::stop() {
    stopped_ = true;
    flush_acks(true);
    leave();
    publish_status();
}

// With a last word, so that the broker does not have to publish the will.
void Uplink::Impl::leave() {
    if (connection_ == Connection::online) {
        // One packet identifier is kept free for this: see BatchSender::connected().
        if (auto sent = broker_.publish(topics_.state(), node_state(false), true); !sent) {
            log::warn("uplink", "publishing state offline: " + sent.error().message);
        }
    }
    broker_.disconnect();
    sender_.disconnected();
    flush_acks(true);
    acks_.disconnected();
    set_connection(Connection::offline);
}

// ---- status ----

UplinkStatus Uplink::Impl::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

void Uplink::Impl::publish_status() {
    const BatchSender::Counters counters = sender_.counters();
    picture_.in_flight = sender_.batches_in_flight();
    picture_.batches_sent = counters.sent;
    picture_.batches_accepted = counters.accepted;
    picture_.bytes_sent = counters.bytes;
    picture_.batches_refused = counters.refused;
    picture_.batches_resent = counters.resent;
    picture_.batches_buried = counters.buried;
    picture_.endpoint = to_string(connector_.endpoint());
    picture_.protocol = to_string(connector_.protocol(clock_.steady_now()));
    picture_.holding = send_clock_.holding();
    picture_.backfill_bytes = sender_.backlog_bytes();
    picture_.platform_ack = acks_.stage() == Acknowledgements::Stage::platform;
    const std::lock_guard lock(status_mutex_);
    status_ = picture_;
}

void Uplink::Impl::set_connection(Connection connection) {
    connection_ = connection;
    if (picture_.connection != connection) {
        picture_.since = clock_.wall_now();
    }
    picture_.connection = connection;
}

void Uplink::Impl::complain(const std::string& what) {
    const SteadyTime now = clock_.steady_now();
    if (what != picture_.last_error || now - complained_ >= kSameComplaint) {
        complained_ = now;
        log::warn("uplink", what);
    }
    picture_.last_error = what;
}

// ---- connection ----

bool Uplink::Impl::may_connect() const {
    const bool allowed = !options_.await_credential || !credential_.empty();
    return connection_ == Connection::offline && !stopped_ && allowed;
}

void Uplink::Impl::use_credential(const std::string& file) {
    credential_ = file;
    if (connection_ == Connection::online) {
        log::info("uplink", "connecting anew with a new certificate");
    }
    leave();
    connector_.leave_for_preferred(clock_.steady_now());
}

void Uplink::Impl::start_connecting() {
    const SteadyTime now = clock_.steady_now();
    session_ = random_u64();
    present_ = options_.broker;
    if (!credential_.empty()) {
        present_.certificate_file = credential_;
        present_.key_file = credential_;
    }
    connector_.attempt(present_, now);
    present_.will_topic = topics_.state();
    present_.will_payload = node_state(false);
    set_connection(Connection::connecting);
    if (const Status status = broker_.connect(present_, *this); !status) {
        go_offline(status.error().message);
        connector_.lost({}, now);
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
    const SteadyTime now = clock_.steady_now();
    connector_.connected(now);
    acks_.connected(now);
    set_connection(Connection::online);
    ++picture_.connects;
    log::info(
        "uplink",
        fmt::format(
            "connected to {} with {}",
            to_string(connector_.endpoint()),
            to_string(present_.protocol)
        )
    );
    // Before any batch: what comes on dn/ack decides who deletes.
    subscribe(topics_.platform_ack());
    subscribe(topics_.command_request());
    for (const std::string& topic : options_.topics) {
        subscribe(topic);
    }
    sender_.connected(limits, node_state(true));
    handed_over_.retain_again();
}

void Uplink::Impl::tell_packets() {
    for (Packet& packet : handed_over_.take_packets()) {
        sender_.tell(std::move(packet));
    }
}

void Uplink::Impl::subscribe(const std::string& topic) {
    if (const Status status = broker_.subscribe(topic); !status) {
        complain("subscribing to " + topic + ": " + status.error().message);
    }
}

void Uplink::Impl::on_subscribed(const std::string& topic_filter, std::uint8_t reason) {
    if (reason >= kFirstRefusal) {
        complain(fmt::format(
            "the broker refused the subscription to {}: {}", topic_filter, describe_reason(reason)
        ));
    }
    if (topic_filter == topics_.platform_ack()) {
        acks_.subscribed(clock_.steady_now());
    }
}

void Uplink::Impl::on_disconnected(const std::string& why) {
    const Loss loss = broker_.last_loss();
    go_offline(why);
    connector_.lost(loss, clock_.steady_now());
}

void Uplink::Impl::go_offline(const std::string& why) {
    complain(why);
    sender_.disconnected();
    flush_acks(true);
    acks_.disconnected();
    set_connection(Connection::offline);
}

void Uplink::Impl::check_ack_timeout() {
    const auto oldest = sender_.oldest();
    const SteadyTime now = clock_.steady_now();
    if (oldest && now - *oldest > options_.ack_timeout) {
        // MQTT 5.0 allows no repeat on a live connection (4.4.0-1): a new one replays. Without a
        // goodbye, so that the will tells if there is no new one.
        broker_.drop();
        go_offline(fmt::format("no acknowledgement for {} ms", options_.ack_timeout.count()));
        connector_.stalled(now);
    }
}

// ---- what others say ----

void Uplink::Impl::on_message(const std::string& topic, std::string_view payload, bool retained) {
    if (topic == topics_.platform_ack()) {
        on_platform_ack(payload);
    } else if (topic == topics_.command_request()) {
        on_request(payload, retained);
    } else if (options_.on_message) {
        options_.on_message(topic, payload);
    }
}

void Uplink::Impl::on_request(std::string_view payload, bool retained) {
    // Field 1 as bytes: an Envelope. In a Request it is a number.
    constexpr char kBytesFieldOne = 0x0a;
    if (options_.on_command && !payload.empty() && payload.front() == kBytesFieldOne) {
        options_.on_command({payload, retained, broker_.properties()});
        return;
    }
    if (const auto request = wire::decode_request(payload)) {
        obey(*request);
    } else {
        complain("a request on " + topics_.command_request() + ": " + request.error().message);
    }
}

void Uplink::Impl::obey(const wire::Request& request) {
    if (const auto* resend = std::get_if<wire::Resend>(&request)) {
        sender_.resend(*resend);
    } else {
        dictionary_wanted_ = true;
    }
}

void Uplink::Impl::ask(const wire::Request& request) {
    handed_over_.ask(request);
    broker_.wake();
}

void Uplink::Impl::on_platform_ack(std::string_view payload) {
    const auto ack = wire::decode_platform_ack(payload);
    if (!ack) {
        complain("an acknowledgement of the platform: " + ack.error().message);
    } else if (acks_.platform_says(*ack, clock_.steady_now())) {
        sender_.restart();
    }
}

void Uplink::Impl::answer_requests() {
    const SteadyTime now = clock_.steady_now();
    if (!dictionary_wanted_ || sender_.announcing() || now < next_answer_) {
        return;
    }
    dictionary_wanted_ = false;
    next_answer_ = now + kRequestInterval;
    sender_.announce_all();
}

void Uplink::Impl::flush_acks(bool all) {
    const SteadyTime now = clock_.steady_now();
    const auto done =
        all ? acks_.flush_all(now) : acks_.flush(now, sender_.batches_in_flight() == 0);
    if (!done) {
        complain("deleting delivered batches: " + done.error().message);
        return;
    }
    picture_.batches_delivered += done->batches;
    picture_.samples_delivered += done->samples;
    picture_.events_delivered += done->events;
}

// ---- time ----

milliseconds Uplink::Impl::time_left(milliseconds timeout) const {
    const SteadyTime now = clock_.steady_now();
    SteadyTime until = now + timeout;
    if (may_connect()) {
        until = std::min(until, connector_.next_attempt());
    }
    until = std::min(until, acks_.due().value_or(until));
    if (connection_ == Connection::online) {
        until = std::min(until, online_due(until));
    }
    return std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(0));
}

SteadyTime Uplink::Impl::online_due(SteadyTime until) const {
    if (const auto oldest = sender_.oldest()) {
        until = std::min(until, *oldest + options_.ack_timeout + milliseconds(1));
    }
    if (dictionary_wanted_ && !sender_.announcing()) {
        until = std::min(until, next_answer_);
    }
    until = std::min(until, sender_.due().value_or(until));
    return std::min(until, connector_.probe_due(clock_.steady_now()).value_or(until));
}

Uplink::Uplink(
    UplinkOptions options,
    store::Spool& spool,
    Brokers brokers,
    const Clock& clock,
    ClockProbe probe
)
    : impl_(std::make_unique<Impl>(std::move(options), spool, brokers, clock, std::move(probe))) {}

Uplink::~Uplink() = default;

void Uplink::run_once(milliseconds timeout) {
    impl_->run_once(timeout);
}

void Uplink::use_credential(const std::string& file) {
    impl_->use_credential(file);
}

void Uplink::ask(const wire::Request& request) {
    impl_->ask(request);
}

void Uplink::stop() {
    impl_->stop();
}

void Uplink::retain(std::string topic, std::string payload) {
    impl_->tell({std::move(topic), std::move(payload), {}});
}

void Uplink::answer(const MessageProperties& asked, std::string payload) {
    impl_->tell(answer_packet(asked, std::move(payload)));
}

UplinkStatus Uplink::status() const {
    return impl_->status();
}

}  // namespace cxedge::uplink
