// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/command_desk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::remote {
namespace {

// Whoever may publish on cmd/req could otherwise fill lane 0, and the flash below it.
constexpr std::chrono::minutes kSameRefusal{1};
// An attribute of an event holds 8 KiB (wire::kMaxEventBytes / 8).
constexpr std::size_t kPartBytes = 8000;

Severity severity_of(CommandState state) {
    const bool good = state == CommandState::succeeded || !is_final(state);
    return good ? Severity::info : Severity::warning;
}

// As they were signed; nothing of a record that has no body any more.
std::string arguments_of(const CommandRecord& record) {
    const auto command = wire::decode_command(record.body);
    std::string text;
    if (command) {
        for (const auto& [key, value] : command->args) {
            text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, value);
        }
    }
    return text;
}

// Parts may be cut anywhere, so that none may end within a character.
std::string ascii(std::string text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        c = byte < ' ' || byte > '~' ? '?' : c;
    }
    text.resize(std::min(text.size(), kMaxResultBytes));
    return text;
}

}  // namespace

CommandDesk::CommandDesk(CommandJournal journal, Parts parts)
    : journal_(std::move(journal)), parts_(std::move(parts)) {}

// ---- judging ----

void CommandDesk::receive(std::string_view payload, bool retained, CommandDelivery delivery) {
    const auto asked = judge(payload, retained);
    if (!asked) {
        refuse(asked.error().message);
        return;
    }
    if (journal_.find(asked->command.id) != nullptr) {
        refuse(asked->command.op + " " + asked->command.id + ": was received before");
        return;
    }
    consider(*asked, std::move(delivery));
}

void CommandDesk::unread(std::uint64_t commands) {
    refuse(fmt::format("{} more than can wait at once came; not read", commands), commands);
}

Result<CommandDesk::Signed> CommandDesk::judge(std::string_view payload, bool retained) const {
    if (retained) {
        return invalid_argument("retained: it would come again with each connection");
    }
    if (payload.size() > wire::kMaxCommandBytes + wire::kMaxSignatures * 128) {
        return exhausted(fmt::format("{} bytes are too many", payload.size()));
    }
    auto opened = open_envelope(Purpose::command, payload, parts_.keys);
    if (!opened) {
        return opened.error();
    }
    auto command = wire::decode_command(opened->body);
    if (!command) {
        return command.error();
    }
    if (const Status ours = check_address(*command); !ours) {
        return ours.error();
    }
    std::string key_id = to_hex(opened->signers.front().id());
    return Signed{std::move(*command), std::move(opened->body), std::move(key_id)};
}

Status CommandDesk::check_address(const wire::Command& command) const {
    const wire::EnrolName to{command.tenant, command.site, command.node};
    return to == parts_.self
               ? Status()
               : Status(invalid_argument(fmt::format("is for {}/{}/{}", to.tenant, to.site, to.node)
                 ));
}

Status CommandDesk::check_turn(const wire::Command& command) const {
    if (command.issued_at > parts_.clock.wall_now() + kClockTolerance) {
        return invalid_argument(fmt::format(
            "issued at {}, but this box's clock shows {}",
            iso8601(command.issued_at),
            iso8601(parts_.clock.wall_now())
        ));
    }
    if (parts_.operations.count(command.op) == 0) {
        return not_found("this version knows no operation " + command.op);
    }
    return running_.size() < kMaxOpen ? Status() : Status(exhausted("too many commands at once"));
}

bool CommandDesk::expired(const wire::Command& command) const {
    return parts_.clock.wall_now() > command.issued_at + command.ttl;
}

// Signed by whom we follow: whatever becomes of it is journalled and told.
void CommandDesk::consider(const Signed& asked, CommandDelivery delivery) {
    const wire::Command& command = asked.command;
    CommandRecord record;
    record.id = command.id;
    record.op = command.op;
    record.body = asked.body;
    record.key_id = asked.key_id;
    record.expires = command.issued_at + command.ttl;
    record.at = parts_.clock.wall_now();
    const bool late = expired(command) || parts_.clock.steady_now() > delivery.until;
    askers_[command.id] = std::move(delivery);
    const Status turn = check_turn(command);
    if (!turn || late) {
        count_refused(turn ? "came after its ttl_s or message expiry" : turn.error().message);
        record.state = turn ? CommandState::expired : CommandState::rejected;
        record.detail = counters_.last_refusal;
        conclude(std::move(record));
        return;
    }
    if (const Status written = journal_.write(record); !written) {
        // Not acted on: nobody could keep it from being run twice.
        askers_.erase(command.id);
        refuse(written.error().message);
        return;
    }
    ++counters_.accepted;
    tell(record);
    begin(command);
}

void CommandDesk::count_refused(const std::string& why, std::uint64_t commands) {
    counters_.rejected += commands;
    counters_.last_refusal = ascii(why);
}

void CommandDesk::refuse(const std::string& why, std::uint64_t commands) {
    count_refused(why, commands);
    unsaid_ += commands;
    const SteadyTime now = parts_.clock.steady_now();
    if (now < complain_at_) {
        return;
    }
    complain_at_ = now + kSameRefusal;
    log::warn("commands", "refused: " + why);
    Event event;
    event.name = "command.refused";
    event.severity = Severity::warning;
    event.subject = parts_.self.node;
    event.text = counters_.last_refusal;
    event.attrs.push_back({"refused", std::to_string(std::exchange(unsaid_, 0))});
    parts_.tell(std::move(event), {});
}

// ---- running ----

void CommandDesk::begin(const wire::Command& command) {
    CommandRecord record = *journal_.find(command.id);
    record.state = CommandState::running;
    record.at = parts_.clock.wall_now();
    if (const Status written = journal_.write(record); !written) {
        finish(command.id, CommandState::failed, written.error().message);
        return;
    }
    const std::uint64_t turn = ++turns_;
    running_[command.id] = {parts_.clock.steady_now() + command.max_run, turn};
    parts_.operations.at(command.op)
        .run(command, [this, id = command.id, turn](const Result<std::string>& result) {
            respond(id, turn, result);
        });
}

void CommandDesk::respond(
    const std::string& id, std::uint64_t turn, const Result<std::string>& result
) {
    const auto found = running_.find(id);
    if (found == running_.end() || found->second.turn != turn) {
        return;  // given up meanwhile
    }
    finish(
        id,
        result ? CommandState::succeeded : CommandState::failed,
        result ? *result : result.error().message
    );
}

void CommandDesk::finish(const std::string& id, CommandState state, std::string detail) {
    running_.erase(id);
    CommandRecord record = *journal_.find(id);
    record.state = state;
    record.detail = std::move(detail);
    record.at = parts_.clock.wall_now();
    conclude(std::move(record));
}

void CommandDesk::tick() {
    const SteadyTime now = parts_.clock.steady_now();
    std::vector<std::string> late;
    for (const auto& [id, running] : running_) {
        if (now >= running.until) {
            late.push_back(id);
        }
    }
    for (const std::string& id : late) {
        finish(id, CommandState::failed, "took longer than its max_run_s");
    }
}

// ---- outcomes ----

void CommandDesk::conclude(CommandRecord record) {
    const std::string arguments = arguments_of(record);
    record.body.clear();
    record.detail = ascii(std::move(record.detail));
    if (const Status written = journal_.write(worth_keeping(record)); !written) {
        log::error("commands", record.id + ": " + written.error().message);
    }
    const auto open = askers_.find(record.id);
    const CommandDelivery asker =
        open == askers_.end() ? CommandDelivery() : std::move(open->second);
    askers_.erase(record.id);
    if (parts_.audit) {
        parts_.audit(record, arguments);
    }
    tell(record);
    if (parts_.reply && !asker.response_topic.empty()) {
        parts_.reply(asker, record);
    }
}

// Until it is told the next process would have to tell it; then that it is lost, and why that is
// no harm.
CommandRecord CommandDesk::worth_keeping(const CommandRecord& record) const {
    CommandRecord kept = record;
    const auto operation = parts_.operations.find(record.op);
    const bool repeatable = operation != parts_.operations.end() && operation->second.repeatable;
    if (repeatable && record.state == CommandState::succeeded) {
        kept.state = CommandState::interrupted;
        kept.detail = "the agent ended before its answer was safe; ask again";
    }
    return kept;
}

void CommandDesk::tell(const CommandRecord& record) {
    const std::size_t size = is_final(record.state) ? record.detail.size() : 0;
    const std::size_t parts = std::max<std::size_t>(1, (size + kPartBytes - 1) / kPartBytes);
    for (std::size_t part = 0; part < parts; ++part) {
        tell_part(record, part, parts);
    }
}

void CommandDesk::tell_part(const CommandRecord& record, std::size_t part, std::size_t parts) {
    Event event;
    event.name = "command." + std::string(to_string(record.state));
    event.severity = severity_of(record.state);
    event.id = derived_event_id(record.id);
    event.state = is_final(record.state) ? EventState::clear : EventState::raise;
    event.subject = parts_.self.node;
    event.text = record.op;
    event.attrs = {{"command", record.id}, {"op", record.op}};
    if (is_final(record.state)) {
        event.attrs.push_back({"part", fmt::format("{}/{}", part + 1, parts)});
        event.attrs.push_back({"detail", record.detail.substr(part * kPartBytes, kPartBytes)});
    }
    const bool last = is_final(record.state) && part + 1 == parts;
    std::function<void()> kept;
    if (last) {
        kept = [this, id = record.id] {
            mark_told(id);
        };
    }
    parts_.tell(std::move(event), std::move(kept));
}

void CommandDesk::mark_told(const std::string& id) {
    if (const Status marked = journal_.mark_told(id); !marked) {
        log::warn("commands", id + ": " + marked.error().message);
    }
}

// ---- after a restart ----

void CommandDesk::resume() {
    std::vector<CommandRecord> open;
    for (const auto& [id, record] : journal_.records()) {
        if (!is_final(record.state) || !record.told) {
            open.push_back(record);
        }
    }
    for (const CommandRecord& record : open) {
        resume_one(record);
    }
}

void CommandDesk::resume_one(const CommandRecord& record) {
    if (is_final(record.state)) {
        tell(record);
        return;
    }
    const auto operation = parts_.operations.find(record.op);
    if (record.state == CommandState::running) {
        const bool meant = operation != parts_.operations.end() && operation->second.ends_process;
        finish(
            record.id,
            meant ? CommandState::succeeded : CommandState::interrupted,
            meant ? "runs again" : "the agent ended while it ran; not tried again"
        );
        return;
    }
    const auto command = wire::decode_command(record.body);
    if (!command || operation == parts_.operations.end()) {
        finish(record.id, CommandState::rejected, "this version cannot run it");
    } else if (expired(*command)) {
        finish(record.id, CommandState::expired, "the agent was away until after its ttl_s");
    } else {
        begin(*command);
    }
}

}  // namespace cxedge::remote
