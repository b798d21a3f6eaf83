// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/command.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/ctl/files.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/remote/command_desk.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxKeyBytes = 64U << 10U;
// remote::kMaxResultBytes in parts that fit an event.
constexpr std::size_t kMaxParts = 64;
constexpr std::string_view kEventPrefix = "command.";

std::string attr_of(const Event& event, std::string_view key) {
    const auto found = std::find_if(event.attrs.begin(), event.attrs.end(), [&](const auto& attr) {
        return attr.key == key;
    });
    return found == event.attrs.end() ? std::string() : found->value;
}

// "2/5" -> 2 and 5; 0 and 0 for anything else.
std::pair<std::size_t, std::size_t> part_of(const std::string& text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos) {
        return {0, 0};
    }
    std::size_t part = 0;
    std::size_t parts = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), text.data() + slash, part);
    const auto second = std::from_chars(text.data() + slash + 1, end, parts);
    const bool fine = first.ec == std::errc() && second.ec == std::errc() && part > 0 &&
                      part <= parts && parts <= kMaxParts;
    return fine ? std::pair{part, parts} : std::pair<std::size_t, std::size_t>{0, 0};
}

Result<std::string> signed_payload(const CommandOptions& options, const wire::Command& command) {
    const auto pem = read_file(options.sign_key_file, kMaxKeyBytes);
    if (!pem) {
        return pem.error();
    }
    const auto key = remote::SigningKey::from_pem(*pem);
    if (!key) {
        return key.error().during(options.sign_key_file);
    }
    return remote::seal_envelope(remote::Purpose::command, wire::encode_command(command), {&*key});
}

void report_command(const CommandStory& story, const wire::Command& command, bool json) {
    if (json) {
        const nlohmann::json line{
            {"id", command.id},
            {"node", command.node},
            {"op", command.op},
            {"state", story.state()},
            {"detail", story.detail()}};
        write_out(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    } else {
        write_out(
            printable(fmt::format("{} {}: {}", command.op, story.state(), story.detail())) + "\n"
        );
    }
}

ExitCode outcome_of(const CommandStory& story) {
    if (!story.finished()) {
        return ExitCode::unavailable;
    }
    return story.state() == "succeeded" ? ExitCode::ok : ExitCode::failed;
}

void hear_batch(CommandStory& story, std::string_view payload) {
    const auto batch = wire::parse_batch(payload);
    const auto body = batch ? wire::decode_body(*batch) : Result<wire::DecodedBody>(batch.error());
    if (!body) {
        return;  // not our business: cxctl tail would say so
    }
    for (const Event& event : body->events) {
        if (story.hear(event) && !story.finished()) {
            note(story.state());
        }
    }
}

void follow(
    const CommandOptions& options,
    uplink::BrokerOptions connection,
    const wire::Command& command,
    const std::string& payload,
    CommandStory& story
) {
    const auto broker = uplink::make_mosquitto_broker();
    const SystemClock clock;
    auto signal = StopSignal::create();
    const wire::Topics topics(command.tenant, command.site, command.node);
    bool sent = false;
    BrokerLink link(
        options.connection.broker,
        std::move(connection),
        {topics.data(Stream::event, false)},
        {*broker,
         clock,
         [&](const std::string& text) {
             if (!sent) {
                 note(text);
             }
         },
         [&](const std::string&, std::string_view message) { hear_batch(story, message); },
         [&] {
             if (!std::exchange(sent, true)) {
                 link.publish(topics.command_request(), payload, false);
             }
         }}
    );
    const auto wait = std::chrono::duration<double>(options.wait_s);
    const SteadyTime begun = clock.steady_now();
    while (!story.finished() && clock.steady_now() - begun < wait) {
        link.turn();
        if (signal && signal->within(link.pause())) {
            break;
        }
    }
    link.stop();
}

}  // namespace

Result<wire::Command> command_from(const CommandOptions& options, WallTime now) {
    // As in a topic: tenant/site/node, and something below it.
    const auto name = wire::parse_topic("cx/1/" + options.node + "/state");
    if (!name || name->rest != "state") {
        return invalid_argument("NODE is tenant/site/node, as in cxctl status");
    }
    wire::Command command;
    command.tenant = name->tenant;
    command.site = name->site;
    command.node = name->node;
    command.id = wire::make_ulid(now);
    command.issued_at = now;
    command.ttl = std::chrono::seconds(options.ttl_s);
    command.max_run = std::chrono::seconds(options.max_run_s);
    command.op = options.op;
    for (const std::string& arg : options.args) {
        const std::size_t equals = arg.find('=');
        if (equals == std::string::npos) {
            return invalid_argument(arg + ": an argument is key=value");
        }
        command.args[arg.substr(0, equals)] = arg.substr(equals + 1);
    }
    // What the box would refuse is better said here.
    return wire::decode_command(wire::encode_command(command));
}

bool CommandStory::hear(const Event& event) {
    const bool ours = event.name.rfind(kEventPrefix, 0) == 0 && attr_of(event, "command") == id_;
    if (!ours || finished_) {
        return false;
    }
    const std::string state = event.name.substr(kEventPrefix.size());
    const auto [part, parts] = part_of(attr_of(event, "part"));
    if (parts == 0) {
        return std::exchange(state_, state) != state;
    }
    state_ = state;
    parts_.resize(parts);
    parts_.at(part - 1) = attr_of(event, "detail") + "\n";  // present, even if empty
    finished_ = std::none_of(parts_.begin(), parts_.end(), [](const std::string& one) {
        return one.empty();
    });
    return finished_;
}

std::string CommandStory::detail() const {
    std::string whole;
    for (const std::string& part : parts_) {
        whole += part.substr(0, part.size() - std::min<std::size_t>(part.size(), 1));
    }
    return whole;
}

ExitCode run_command(const CommandOptions& options) {
    const SystemClock clock;
    const auto command = command_from(options, clock.wall_now());
    if (!command) {
        note(command.error().message);
        return ExitCode::usage;
    }
    const auto payload = signed_payload(options, *command);
    if (!payload) {
        return fail(payload.error());
    }
    auto connection = broker_options(options.connection);
    if (!connection) {
        return fail(connection.error());
    }
    CommandStory story(command->id);
    follow(options, std::move(*connection), *command, *payload, story);
    if (story.finished()) {
        report_command(story, *command, options.json);
    } else {
        note(fmt::format(
            "no outcome within {} s; if the node comes back within {} s it runs it still, id {}",
            options.wait_s,
            options.ttl_s,
            command->id
        ));
    }
    return outcome_of(story);
}

}  // namespace cxedge::ctl
