// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/command.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "agent/base/printable.hpp"
#include "agent/control/command_answer.hpp"
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

Result<wire::TopicParts> node_of(const std::string& name) {
    // As in a topic: tenant/site/node, and something below it.
    auto parts = wire::parse_topic("cx/1/" + name + "/state");
    if (!parts || parts->rest != "state") {
        return invalid_argument("NODE is tenant/site/node, as in cxctl status");
    }
    return std::move(*parts);
}

Result<remote::SigningKey> signing_key(const std::string& file) {
    const auto pem = read_file(file, kMaxKeyBytes);
    if (!pem) {
        return pem.error();
    }
    auto key = remote::SigningKey::from_pem(*pem);
    return key ? std::move(key) : key.error().during(file);
}

void report_command(const CommandStory& story, const wire::Command& command, bool json) {
    if (json) {
        write_out(
            control::command_answer(
                {command.id, command.node, command.op, story.state(), story.detail()}
            ) +
            "\n"
        );
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

}  // namespace

Result<wire::Command> command_from(const CommandOptions& options, WallTime now) {
    const auto name = node_of(options.node);
    if (!name) {
        return name.error();
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

// ---- the channel ----

Result<std::unique_ptr<CommandChannel>> CommandChannel::open(
    const CommandOptions& options, Parts parts
) {
    auto key = signing_key(options.sign_key_file);
    auto connection = broker_options(options.connection);
    const auto node = node_of(options.node);
    if (!key || !connection || !node) {
        return !key ? key.error() : !connection ? connection.error() : node.error();
    }
    auto channel = std::unique_ptr<CommandChannel>(new CommandChannel(
        std::move(parts), std::move(*key), wire::Topics(node->tenant, node->site, node->node)
    ));
    CommandChannel& self = *channel;
    self.link_ = std::make_unique<BrokerLink>(
        options.connection.broker,
        std::move(*connection),
        std::vector{self.topics_.data(Stream::event, false)},
        BrokerLink::Parts{
            self.parts_.broker,
            self.parts_.clock,
            [&self](const std::string& text) {
                if (!self.was_sent_) {
                    self.parts_.note(text);
                }
            },
            [&self](const std::string&, std::string_view payload) { self.hear_batch(payload); },
            [&self] {
                self.send();
            }}
    );
    return channel;
}

CommandChannel::CommandChannel(Parts parts, remote::SigningKey key, wire::Topics topics)
    : parts_(std::move(parts)), key_(std::move(key)), topics_(std::move(topics)) {}

CommandChannel::~CommandChannel() {
    parts_.broker.disconnect();
}

Result<CommandStory> CommandChannel::ask(
    const wire::Command& command, std::chrono::duration<double> wait
) {
    auto payload =
        remote::seal_envelope(remote::Purpose::command, wire::encode_command(command), {&key_});
    if (!payload) {
        return payload.error();
    }
    story_ = CommandStory(command.id);
    payload_ = std::move(*payload);
    expiry_s_ = static_cast<std::uint32_t>(command.ttl.count());
    if (link_->connected()) {
        send();
    }
    const SteadyTime begun = parts_.clock.steady_now();
    while (!story_.finished() && parts_.clock.steady_now() - begun < wait) {
        link_->turn();
        if (parts_.stopped(link_->pause())) {
            break;
        }
    }
    return story_;
}

// Once: a command that came twice is refused, and the session does not outlive the connection.
void CommandChannel::send() {
    if (!payload_.empty()) {
        // A node that is away longer than the command lives need not get it.
        link_->send_to(topics_.command_request(), std::exchange(payload_, {}), expiry_s_);
        was_sent_ = true;
    }
}

void CommandChannel::hear_batch(std::string_view payload) {
    const auto batch = wire::parse_batch(payload);
    const auto body = batch ? wire::decode_body(*batch) : Result<wire::DecodedBody>(batch.error());
    if (!body) {
        return;  // not our business: cxctl tail would say so
    }
    for (const Event& event : body->events) {
        if (story_.hear(event) && !story_.finished()) {
            parts_.note(story_.state());
        }
    }
}

ExitCode run_command(const CommandOptions& options) {
    const SystemClock clock;
    const auto command = command_from(options, clock.wall_now());
    if (!command) {
        note(command.error().message);
        return ExitCode::usage;
    }
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const auto broker = uplink::make_mosquitto_broker();
    const auto channel = CommandChannel::open(
        options,
        {*broker,
         clock,
         [](const std::string& text) { note(text); },
         [&](std::chrono::milliseconds pause) {
             return signal->within(pause);
         }}
    );
    if (!channel) {
        return fail(channel.error());
    }
    const auto story = (*channel)->ask(*command, std::chrono::duration<double>(options.wait_s));
    if (!story) {
        return fail(story.error());
    }
    if (story->finished()) {
        report_command(*story, *command, options.json);
    } else {
        note(fmt::format(
            "no outcome within {} s; if the node comes back within {} s it runs it still, id {}",
            options.wait_s,
            options.ttl_s,
            command->id
        ));
    }
    return outcome_of(*story);
}

}  // namespace cxedge::ctl
