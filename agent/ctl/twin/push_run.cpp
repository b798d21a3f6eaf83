// SPDX-License-Identifier: Apache-2.0
// push and watch with a connection.
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/ctl/json_text.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/push.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

void append_field(std::string& out, std::string_view key, std::string_view text) {
    out += out.size() > 1 ? "," : "";
    append_json(out, key);
    out += ":";
    append_json(out, text);
}

void append_field(std::string& out, std::string_view key, std::uint64_t number) {
    out += out.size() > 1 ? "," : "";
    append_json(out, key);
    out += ":";
    append_json(out, number);
}

std::string all_of_texts(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
        all += (all.empty() ? "" : "; ") + text;
    }
    return all;
}

std::string_view state_of(const wire::Reported& reported) {
    return reported.phase == wire::TwinPhase::idle ? to_string(reported.last_attempt.outcome)
                                                   : to_string(reported.phase);
}

std::string json_of(const std::string& node, const wire::Reported& reported) {
    std::string out = "{";
    append_field(out, "node", node);
    append_field(out, "phase", to_string(reported.phase));
    append_field(out, "running", reported.running.generation);
    append_field(out, "running_hash", to_hex(reported.running.hash));
    append_field(out, "last_good", reported.last_good.generation);
    append_field(out, "generation", reported.last_attempt.version.generation);
    append_field(out, "outcome", to_string(reported.last_attempt.outcome));
    append_field(out, "reasons", all_of_texts(reported.last_attempt.reasons));
    append_field(out, "at", iso8601(reported.last_attempt.at));
    append_field(out, "drift", all_of_texts(reported.drift));
    append_field(out, "refused", reported.refused);
    append_field(out, "last_refusal", reported.last_refusal);
    append_field(out, "version", reported.version);
    return out + "}\n";
}

}  // namespace

std::string reported_line(const std::string& node, const wire::Reported& reported, bool json) {
    if (json) {
        return json_of(node, reported);
    }
    std::string line = fmt::format(
        "{:<24} {:<12} generation {}, runs {}",
        node,
        state_of(reported),
        reported.last_attempt.version.generation,
        reported.running.generation
    );
    for (const std::string& text :
         {all_of_texts(reported.last_attempt.reasons),
          all_of_texts(reported.drift),
          reported.last_refusal}) {
        line += text.empty() ? "" : "; " + text;
    }
    return line + "\n";
}

ExitCode run_push(const PushOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const SystemClock clock;
    const auto connection = broker_options(options.connection);
    auto desired = desired_of(options.document, clock.wall_now());
    const RolloutPlan plan{parse_stages(options.stages), options.abort_percent};
    if (!connection || !desired) {
        return fail(connection ? desired.error() : connection.error());
    }
    if (plan.stages.empty() || (desired->group.empty() && !wire::valid_topic_name(options.site))) {
        return fail(invalid_argument(
            plan.stages.empty() ? "--stages: rising percentages, like 1,10,100"
                                : "a node needs --site, where it stands"
        ));
    }
    const auto broker = uplink::make_mosquitto_broker();
    BrokerLink* out = nullptr;
    const auto publish = [&out](std::string topic, std::string payload) {
        out->publish(std::move(topic), std::move(payload), true);
    };
    const auto say = [](const std::string& line) {
        write_out(line);
    };
    Push push(options, plan, std::move(*desired), {clock, publish, say});
    const auto hear = [&push](const std::string& topic, std::string_view payload) {
        push.hear(topic, payload);
    };
    BrokerLink link(
        options.connection.broker, *connection, {push.filter()}, {*broker, clock, note, hear, {}}
    );
    out = &link;
    bool going_on = true;
    while (going_on && !signal->within(link.pause())) {
        link.turn();
        going_on = !link.connected() || push.turn();
    }
    link.turn();
    link.stop();
    return push.result();
}

ExitCode run_watch(const WatchOptions& options) {
    auto signal = StopSignal::create();
    const auto connection = broker_options(options.connection);
    if (!signal || !connection) {
        return fail(signal ? connection.error() : signal.error());
    }
    const SystemClock clock;
    const auto broker = uplink::make_mosquitto_broker();
    const auto hear = [&options](const std::string& topic, std::string_view payload) {
        const auto parts = wire::parse_topic(topic);
        const auto reported = wire::decode_reported(payload);
        if (parts && parts->rest == "twin/reported" && reported) {
            write_out(reported_line(parts->site + "/" + parts->node, *reported, options.json));
        }
    };
    BrokerLink link(
        options.connection.broker,
        *connection,
        {options.connection.topic},
        {*broker, clock, note, hear, {}}
    );
    const auto end = clock.steady_now() +
                     std::chrono::milliseconds(static_cast<std::int64_t>(options.seconds * 1000));
    while ((options.seconds == 0 || clock.steady_now() < end) && !signal->within(link.pause())) {
        link.turn();
    }
    link.stop();
    return link.was_connected() ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace cxedge::ctl
