// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/broker_link.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/config/load.hpp"
#include "agent/ctl/files.hpp"
#include "agent/uplink/reason_code.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{200};
constexpr milliseconds kLongestBackoff{2000};
constexpr milliseconds kTurn{100};  // the longest that Ctrl-C and --seconds have to wait
constexpr int kUnsendable = -1;     // no mid: not to be tried again on this connection
constexpr int kNodeLevels = 5;      // cx/1/tenant/site/node

// The first levels of a topic filter, as far as the node; shorter when it has fewer.
std::string node_part(const std::string& topic) {
    std::size_t end = 0;
    for (int level = 0; level < kNodeLevels; ++level) {
        end = topic.find('/', level == 0 ? 0 : end + 1);
        if (end == std::string::npos) {
            return topic;
        }
    }
    return topic.substr(0, end);
}

}  // namespace

std::vector<std::string> filters_with_dictionaries(const std::string& topic) {
    const std::string node = node_part(topic);
    const bool covered =
        node.find('#') != std::string::npos || node == topic || topic.substr(node.size()) == "/#";
    return covered ? std::vector{topic} : std::vector{node + "/dict/#", topic};
}

std::vector<std::string> filters_of_nodes(const std::string& topic) {
    std::string node = node_part(topic);
    const bool shorter = node.size() >= 2 && node.substr(node.size() - 2) == "/#";
    if (!shorter && topic != node + "/#") {
        return {};
    }
    if (shorter) {
        node.pop_back();
        const auto levels = std::count(node.begin(), node.end(), '/');
        for (auto level = levels; level < kNodeLevels; ++level) {
            node += level + 1 == kNodeLevels ? "+" : "+/";
        }
    }
    // The dictionary first: what is retained then comes before what waits.
    return {node + "/dict/#", node + "/state", node + "/up/#"};
}

Result<uplink::BrokerOptions> broker_options(const ConnectionOptions& options) {
    const auto url = config::parse_broker_url(options.broker);
    if (!url) {
        return url.error();
    }
    uplink::BrokerOptions connection;
    connection.host = url->host;
    connection.port = url->port;
    connection.tls = url->tls;
    connection.client_id =
        options.session.empty() ? fmt::format("cxctl-{:016x}", random_u64()) : options.session;
    connection.username = options.username;
    connection.ca_file = options.ca_file;
    connection.certificate_file = options.certificate_file;
    connection.key_file = options.key_file;
    // Without a session of its own nothing is kept for us once we are gone.
    connection.session_expiry_s = options.session.empty() ? 0 : options.session_expiry_s;
    if (!options.password_file.empty()) {
        auto password = first_line_of(options.password_file);
        if (!password) {
            return password.error().during("password");
        }
        connection.password = std::move(*password);
    }
    return connection;
}

BrokerLink::BrokerLink(
    std::string name,
    uplink::BrokerOptions connection,
    std::vector<std::string> filters,
    Parts parts
)
    : name_(std::move(name)),
      connection_(std::move(connection)),
      filters_(std::move(filters)),
      parts_(std::move(parts)),
      connect_at_(parts_.clock.steady_now()),
      backoff_(kFirstBackoff) {}

void BrokerLink::turn() {
    if (state_ == State::down && parts_.clock.steady_now() >= connect_at_) {
        connect();
    }
    if (state_ != State::down) {
        parts_.broker.poll(kTurn);
    }
    greet();
    send();
}

milliseconds BrokerLink::pause() const {
    return state_ == State::down ? kTurn : milliseconds(0);
}

void BrokerLink::publish(std::string topic, std::string payload, bool retain) {
    outgoing_.push_back({std::move(topic), std::move(payload), retain, 0});
}

void BrokerLink::send_to(std::string topic, std::string payload, std::uint32_t expiry_s) {
    outgoing_.push_back({std::move(topic), std::move(payload), false, expiry_s});
}

void BrokerLink::keep(std::string topic, std::string payload) {
    std::erase_if(kept_, [&topic](const Kept& one) { return one.topic == topic; });
    kept_.push_back({std::move(topic), std::move(payload), 0});
}

void BrokerLink::stop() {
    send();
    parts_.broker.disconnect();
}

void BrokerLink::connect() {
    state_ = State::connecting;
    const Status sent = parts_.broker.connect(connection_, *this);
    if (!sent) {
        lost(sent.error().message);
    }
}

void BrokerLink::lost(const std::string& why) {
    if (state_ == State::down) {
        return;
    }
    state_ = State::down;
    greeting_due_ = false;
    for (Kept& one : kept_) {
        one.mid = 0;
    }
    connect_at_ = parts_.clock.steady_now() + backoff_;
    backoff_ = std::min(backoff_ * 2, kLongestBackoff);
    parts_.note("broker " + name_ + ": " + why + "; trying again");
}

void BrokerLink::on_connected(const uplink::BrokerLimits& /*limits*/) {
    parts_.note("connected to " + name_);
    state_ = State::up;
    was_connected_ = true;
    greeting_due_ = true;
    backoff_ = kFirstBackoff;
}

void BrokerLink::on_disconnected(const std::string& why) {
    lost(why);
}

void BrokerLink::on_puback(int mid, std::uint8_t reason) {
    if (reason >= uplink::kFirstRefusal) {
        parts_.note(fmt::format("the broker refused what cxctl published (0x{:02x})", reason));
        return;
    }
    std::erase_if(kept_, [mid](const Kept& one) { return one.mid == mid; });
}

void BrokerLink::on_message(
    const std::string& topic, std::string_view payload, bool /*retained*/
) {
    parts_.hear(topic, payload);
}

// After poll(), not inside its callbacks: the broker is then in no call of its own.
void BrokerLink::greet() {
    if (!std::exchange(greeting_due_, false)) {
        return;
    }
    for (const std::string& filter : filters_) {
        if (const Status subscribed = parts_.broker.subscribe(filter); !subscribed) {
            parts_.note("subscribing to " + filter + ": " + subscribed.error().message);
        }
    }
    if (parts_.on_connected) {
        parts_.on_connected();
    }
}

void BrokerLink::send() {
    const std::vector<Outgoing> outgoing = std::exchange(outgoing_, {});
    if (state_ != State::up) {
        return;
    }
    for (const Outgoing& message : outgoing) {
        const auto sent =
            message.expiry_s == 0
                ? parts_.broker.publish(message.topic, message.payload, message.retain)
                : parts_.broker.send(message.topic, message.payload, {{}, {}, message.expiry_s});
        if (!sent) {
            parts_.note(message.topic + ": " + sent.error().message);
        }
    }
    send_kept();
}

void BrokerLink::send_kept() {
    for (Kept& one : kept_) {
        if (one.mid != 0) {
            continue;
        }
        const auto sent = parts_.broker.publish(one.topic, one.payload, true);
        one.mid = sent ? *sent : kUnsendable;
        if (!sent) {
            parts_.note(one.topic + ": " + sent.error().message);
        }
    }
}

}  // namespace cxedge::ctl
