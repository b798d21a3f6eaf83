// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/mqtt_local.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/privacy.hpp"
#include "plugins/mqtt_local/retained.hpp"

namespace cxedge::plugins {
namespace {

Schema<MqttLocalSettings> make_mqtt_schema() {
    Schema<MqttLocalSettings> schema;
    ignore_common_keys(schema);
    devices::add_intake_keys(schema);
    devices::add_mqtt_keys(schema);
    schema
        .text(
            "retained",
            &MqttLocalSettings::retained,
            "Messages that the broker kept are readings: when the device was heard of within "
            "silent_s, always, never"
        )
        .one_of({"auto", "take", "ignore"});
    schema
        .tables(
            "topic", &MqttLocalSettings::topics, topic_schema(), "What the messages of topics mean"
        )
        .required();
    return schema;
}

const Schema<MqttLocalSettings>& mqtt_schema() {
    static const Schema<MqttLocalSettings> kSchema = make_mqtt_schema();
    return kSchema;
}

void check_topics(
    const std::vector<TopicSettings>& topics,
    const SettingsNode::List& nodes,
    SettingsProblems& problems
) {
    for (auto topic = topics.begin(); topic != topics.end(); ++topic) {
        const auto wider = std::find_if(topics.begin(), topic, [&](const TopicSettings& before) {
            return covers(before.topic, topic->topic);
        });
        if (wider != topic) {
            problems.add(
                nodes[static_cast<std::size_t>(topic - topics.begin())].position,
                "topic.topic",
                fmt::format("is never reached: \"{}\" before it takes these topics", wider->topic)
            );
        }
    }
}

}  // namespace

std::vector<SettingHelp> MqttLocal::settings_help() {
    return mqtt_schema().help();
}

void MqttLocal::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = mqtt_schema().read(settings, problems);
    devices::check_mqtt(settings_, settings, problems);
    make_routes(settings, problems);
}

void MqttLocal::make_routes(const SettingsNode& settings, SettingsProblems& problems) {
    routes_.clear();
    const SettingsNode* const topics = settings.find("topic");
    const SettingsNode::List* const nodes = topics == nullptr ? nullptr : topics->list();
    if (nodes == nullptr || nodes->size() != settings_.topics.size()) {
        return;  // the schema has said so
    }
    check_topics(settings_.topics, *nodes, problems);
    for (std::size_t i = 0; i < nodes->size(); ++i) {
        if (auto route = TopicRoute::make(settings_.topics[i], (*nodes)[i], problems)) {
            routes_.push_back(std::move(route));
        }
    }
}

Status MqttLocal::start(Host& host) {
    host_ = &host;
    intake_.emplace(host, settings_);
    roster_.emplace(static_cast<std::size_t>(settings_.max_devices));
    subscriptions_ = subscriptions();
    auto subscriber = devices::MqttSubscriber::open(
        settings_,
        subscriptions_,
        host,
        [this](const devices::MqttMessage& message) { take(message); },
        [this](std::string_view problem) { host_->set_problem(problem); }
    );
    if (!subscriber) {
        return subscriber.error();
    }
    subscriber_ = std::move(*subscriber);
    return {};
}

// Without those that are within others, or the broker may send a message once for each.
std::vector<std::string> MqttLocal::subscriptions() const {
    std::vector<std::string> filters;
    for (const auto& route : routes_) {
        const bool within_another =
            std::any_of(routes_.begin(), routes_.end(), [&](const auto& other) {
                return other != route && covers(other->filter(), route->filter());
            });
        if (!within_another) {
            filters.push_back(route->filter());
        }
    }
    return filters;
}

// Of filters that fit the same topic without one being within the other: the broker may send a
// message once for each of them.
bool MqttLocal::is_doubtful(std::string_view topic) const {
    return std::count_if(
               subscriptions_.begin(),
               subscriptions_.end(),
               [&](const std::string& filter) { return matches(filter, topic); }
           ) > 1;
}

TopicRoute* MqttLocal::route_of(std::string_view topic) const {
    const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const auto& route) {
        return matches(route->filter(), topic);
    });
    return found == routes_.end() ? nullptr : found->get();
}

void MqttLocal::take(const devices::MqttMessage& message) {
    TopicRoute* const route = route_of(message.topic);
    if (route == nullptr) {
        return;  // nobody asked for it
    }
    const std::string where = devices::without_addresses(message.topic);
    if (is_doubtful(message.topic)) {
        intake_->bad_message(where, invalid_argument("fits several topics: may count twice"));
    }
    if (message.too_long) {
        intake_->bad_message(where, exhausted("is longer than max_message_kib"));
        return;
    }
    Result<devices::Report> report = route->read(message.topic, message.payload);
    if (!report) {
        intake_->bad_message(where, report.error());
        return;
    }
    if (message.retained) {
        settle(message, *report);
    }
    if (route->has_bridge()) {
        roster_->note(message.topic, *report);
    }
    // MQTT has no word for "not now": what storage refuses is lost, and the agent declares it.
    static_cast<void>(intake_->take(*report));
}

void MqttLocal::settle(const devices::MqttMessage& message, devices::Report& report) const {
    const bool away = roster_->is_away(message.topic);
    if (settings_.retained != "take" || away) {
        settle_retained(
            report,
            host_->clock().wall_now(),
            settings_.silent,
            settings_.retained == "auto" && !away
        );
    }
    for (devices::DeviceState& state : report.devices) {
        // "online" of before the bridge went.
        state.heard = state.heard && !(away && state.up.value_or(false));
    }
}

void MqttLocal::stop() {
    subscriber_.reset();
    roster_.reset();
    intake_.reset();
    host_ = nullptr;
}

}  // namespace cxedge::plugins
