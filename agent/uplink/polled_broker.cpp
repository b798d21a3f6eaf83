// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/polled_broker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cxedge::uplink {
namespace {

using std::chrono::milliseconds;

// MQTT 5.0 section 2.1.4: the largest remaining length; 1.5.4: the longest string.
constexpr std::size_t kProtocolMaximum = 268'435'455;
constexpr std::size_t kLongestTopic = 65'535;
// libmosquitto 2.0.11 under-counts a packet by one byte and then aborts the process on it
// (delivery.md 5 #1). Stay well away from that.
constexpr std::size_t kHeadroom = 64;
// Fixed header, remaining length, topic length, mid, property length.
constexpr std::size_t kPublishOverhead = 1 + 4 + 2 + 2 + 1;
// How long disconnect() waits for the broker to close.
constexpr milliseconds kGoodbye{250};
// While a TLS handshake waits for the peer the library still wants to write: look again after this.
constexpr milliseconds kHandshakePause{50};
// poll(2) counts in int.
constexpr milliseconds kLongestWait{3'600'000};

std::size_t size_of(const MessageProperties& properties) {
    constexpr std::size_t kFrames = 16;  // identifiers, lengths, expiry
    const std::size_t texts = properties.response_topic.size() + properties.correlation.size();
    return texts + (texts > 0 || properties.expiry_s > 0 ? kFrames : 0);
}

}  // namespace

PolledBroker::PolledBroker(MqttClientFactory make_client)
    : make_client_(std::move(make_client)), wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Status PolledBroker::connect(const BrokerOptions& options, BrokerListener& listener) {
    drop();
    auto client = make_client_(options);
    if (!client) {
        return client.error();
    }
    options_ = options;
    listener_ = &listener;
    client_ = std::move(client.value());
    deadline_ = clock_.steady_now() + options.connect_timeout;
    const Addresses addresses = numeric_address(options.host, options.port);
    if (addresses || addresses.error().code != ErrorCode::not_found) {
        begin_probe(addresses);
        return {};
    }
    auto lookup = BlockingCall<Addresses>::start([host = options.host, port = options.port] {
        return look_up(host, port);
    });
    if (!lookup) {
        drop();
        return lookup.error();
    }
    lookup_ = std::move(lookup.value());
    phase_ = Phase::looking;
    return {};
}

void PolledBroker::disconnect() {
    if (phase_ == Phase::up && client_->say_goodbye()) {
        await_close();
    }
    drop();
}

// Closing a socket with unread bytes resets the connection, which could overtake the goodbye.
void PolledBroker::await_close() {
    const SteadyTime end = clock_.steady_now() + kGoodbye;
    while (client_->socket() >= 0 && clock_.steady_now() < end) {
        pollfd ready{client_->socket(), events_wanted(), 0};
        if (::poll(&ready, 1, static_cast<int>(kGoodbye.count())) <= 0 || !client_->exchange()) {
            return;
        }
    }
}

void PolledBroker::drop() {
    ++generation_;
    phase_ = Phase::idle;
    lookup_.reset();
    probe_.reset();
    opening_.reset();
    client_.reset();
    arrivals_.clear();
    loss_.reset();
    write_blocked_ = false;
}

Result<int> PolledBroker::publish(const std::string& topic, std::string_view payload, bool retain) {
    return publish({topic, payload, retain});
}

Result<int> PolledBroker::send(
    const std::string& topic, std::string_view payload, const MessageProperties& properties
) {
    return publish({topic, payload, false, properties});
}

Result<int> PolledBroker::publish(const MqttClient::Outgoing& message) {
    if (phase_ != Phase::up) {
        return unavailable("not connected");
    }
    if (!fits(message.topic.size(), message.payload.size() + size_of(message.properties))) {
        return exhausted(fmt::format(
            "{} bytes for {} exceed the broker's maximum packet size of {}",
            message.payload.size(),
            message.topic,
            limits_.maximum_packet_size
        ));
    }
    auto mid = client_->publish(message);
    if (!mid) {
        lose_client(mid.error());
    }
    return mid;
}

bool PolledBroker::fits(std::size_t topic_bytes, std::size_t payload_bytes) const {
    const std::size_t maximum =
        limits_.maximum_packet_size == 0 ? kProtocolMaximum : limits_.maximum_packet_size;
    return topic_bytes <= kLongestTopic && payload_bytes <= kProtocolMaximum &&
           kPublishOverhead + topic_bytes + payload_bytes + kHeadroom <= maximum;
}

Status PolledBroker::subscribe(const std::string& topic_filter) {
    return phase_ == Phase::up ? client_->subscribe(topic_filter)
                               : Status(unavailable("not connected"));
}

void PolledBroker::poll(milliseconds timeout) {
    wait(capped(timeout));
    step();
    check_deadline();
    deliver();
}

void PolledBroker::step() {
    switch (phase_) {
        case Phase::idle:
            return;
        case Phase::looking:
            return step_lookup();
        case Phase::probing:
            return step_probe();
        case Phase::opening:
            return step_open();
        case Phase::greeting:
        case Phase::up:
            return serve();
    }
}

void PolledBroker::wake() {
    const std::uint64_t one = 1;
    // It fails only when it is full, and then a wake-up is pending.
    [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &one, sizeof one);
}

milliseconds PolledBroker::capped(milliseconds timeout) const {
    if (loss_ || !arrivals_.empty() || (client_ && client_->unread())) {
        return milliseconds(0);
    }
    if (write_blocked_) {
        timeout = std::min(timeout, kHandshakePause);
    }
    if (waits_for_connack()) {
        timeout =
            std::min(timeout, std::chrono::ceil<milliseconds>(deadline_ - clock_.steady_now()));
    }
    return std::clamp(timeout, milliseconds(0), kLongestWait);
}

short PolledBroker::events_wanted() const {
    const bool write = !write_blocked_ && client_->wants_write();
    return static_cast<short>(write ? POLLIN | POLLOUT : POLLIN);
}

void PolledBroker::wait(milliseconds timeout) {
    fds_.clear();
    fds_.push_back({wake_fd_.get(), POLLIN, 0});
    if (lookup_) {
        fds_.push_back({lookup_->fd(), POLLIN, 0});
    } else if (probe_) {
        probe_->add_to(fds_);
    } else if (opening_) {
        fds_.push_back({opening_->fd(), POLLIN, 0});
    } else if (client_) {
        fds_.push_back({client_->socket(), events_wanted(), 0});
    }
    ::poll(fds_.data(), static_cast<nfds_t>(fds_.size()), static_cast<int>(timeout.count()));
    std::uint64_t count = 0;
    [[maybe_unused]] const auto drained = ::read(wake_fd_.get(), &count, sizeof count);
}

void PolledBroker::step_lookup() {
    if (lookup_->done()) {
        const Addresses addresses = lookup_->take();
        lookup_.reset();
        begin_probe(addresses);
    }
}

void PolledBroker::begin_probe(const Addresses& addresses) {
    if (!addresses) {
        lose(addresses.error().message, {Reached::nothing});
        return;
    }
    auto probe = TcpProbe::start(*addresses, options_.port);
    if (!probe) {
        lose(probe.error().message, {Reached::name});
        return;
    }
    probe_ = std::move(probe.value());
    phase_ = Phase::probing;
}

void PolledBroker::step_probe() {
    switch (probe_->step()) {
        case TcpProbe::State::pending:
            return;
        case TcpProbe::State::failed:
            lose(std::string(probe_->problem().message), {Reached::name});
            return;
        case TcpProbe::State::reached:
            open(*std::exchange(probe_, std::nullopt));
            return;
    }
}

// Of the time left, so that one share remains for the CONNACK after all addresses but the last have
// kept silent.
milliseconds PolledBroker::share_of(std::size_t addresses) const {
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - clock_.steady_now());
    return addresses < 2 ? milliseconds(0)
                         : std::max(left, milliseconds(0)) / static_cast<int>(addresses + 1);
}

// A client that looks the name up itself does so on a thread of its own, and the client with it: if
// it takes longer than our patience, both are left to themselves.
void PolledBroker::open(const TcpProbe& probe) {
    const Reachable server{probe.address(), probe.ipv6(), share_of(probe.addresses())};
    if (!client_->connect_blocks()) {
        opened(client_->connect(server));
        return;
    }
    const std::shared_ptr<MqttClient> client(std::move(client_));
    auto opening = BlockingCall<Opened>::start([client, server] {
        Status status = client->connect(server);
        return Opened{client, std::move(status)};
    });
    if (!opening) {
        lose(opening.error().message, {Reached::nothing});
        return;
    }
    opening_ = std::move(opening.value());
    phase_ = Phase::opening;
}

void PolledBroker::step_open() {
    if (!opening_->done()) {
        return;
    }
    Opened result = opening_->take();
    opening_.reset();
    client_ = std::move(result.client);
    opened(result.status);
}

void PolledBroker::opened(const Status& status) {
    phase_ = Phase::greeting;
    if (!status) {
        lose_client(status.error());
    }
}

void PolledBroker::serve() {
    const Status status = client_->exchange();
    take_arrivals();
    if (!status) {
        lose_client(status.error());
        return;
    }
    write_blocked_ = options_.tls && phase_ == Phase::greeting && client_->wants_write();
}

// Limits hold from the CONNACK on, before the listener hears of it.
void PolledBroker::take_arrivals() {
    for (Arrival& arrival : client_->take_arrivals()) {
        if (const auto* connected = std::get_if<Connected>(&arrival)) {
            limits_ = connected->limits;
            phase_ = Phase::up;
        }
        arrivals_.push_back(std::move(arrival));
    }
}

bool PolledBroker::waits_for_connack() const {
    return phase_ != Phase::idle && phase_ != Phase::up;
}

void PolledBroker::check_deadline() {
    if (!waits_for_connack() || clock_.steady_now() < deadline_) {
        return;
    }
    const auto seconds = options_.connect_timeout.count();
    switch (phase_) {
        case Phase::looking:
            lose(
                fmt::format("looking up {} took longer than {} s", options_.host, seconds),
                {Reached::nothing}
            );
            return;
        case Phase::probing:
            lose(
                fmt::format(
                    "{} port {} did not answer within {} s", options_.host, options_.port, seconds
                ),
                {Reached::name}
            );
            return;
        default:
            lose(fmt::format("no answer to CONNECT within {} s", seconds), {Reached::server});
    }
}

// The client knows what the broker said at the end.
void PolledBroker::lose_client(const Error& error) {
    Loss loss = client_->loss();
    loss.reached = phase_ == Phase::up ? Reached::session : Reached::server;
    lose(error.message, loss);
}

void PolledBroker::lose(std::string why, const Loss& loss) {
    phase_ = Phase::idle;
    lookup_.reset();
    probe_.reset();
    opening_.reset();
    client_.reset();
    write_blocked_ = false;
    loss_ = std::move(why);
    last_loss_ = loss;
}

void PolledBroker::deliver() {
    const std::uint64_t generation = generation_;
    const std::vector<Arrival> arrivals = std::exchange(arrivals_, {});
    for (const Arrival& arrival : arrivals) {
        deliver_one(arrival);
        if (generation != generation_) {
            return;  // the listener ended this connection
        }
    }
    if (loss_) {
        listener_->on_disconnected(*std::exchange(loss_, std::nullopt));
    }
}

void PolledBroker::deliver_one(const Arrival& arrival) {
    if (const auto* connected = std::get_if<Connected>(&arrival)) {
        listener_->on_connected(connected->limits);
    } else if (const auto* puback = std::get_if<Puback>(&arrival)) {
        listener_->on_puback(puback->mid, puback->reason);
    } else if (const auto* message = std::get_if<Message>(&arrival)) {
        properties_ = message->properties;
        listener_->on_message(message->topic, message->payload, message->retained);
    } else if (const auto* subscribed = std::get_if<Subscribed>(&arrival)) {
        listener_->on_subscribed(subscribed->topic_filter, subscribed->reason);
    }
}

}  // namespace cxedge::uplink
