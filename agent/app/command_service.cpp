// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_service.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/app/command_diagnosis.hpp"
#include "agent/base/log.hpp"
#include "agent/control/command_answer.hpp"
#include "agent/remote/audit_log.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::app {
namespace {

// Of what was asked for, in the audit log; masked before it is cut, or the beginning of a secret
// would be left.
constexpr std::size_t kMaxAuditedRequest = 400;

void write_audit(
    const CommandSurroundings& with,
    const remote::CommandRecord& record,
    const std::string& arguments
) {
    const SecretWords secrets(own_secrets(with.config));
    const std::string request =
        arguments.empty() ? record.op : fmt::format("{} {}", record.op, secrets.without(arguments));
    remote::AuditLog audit(with.places.state_dir + "/audit.log");
    const Status written = audit.append(
        {record.at,
         record.key_id.empty() ? "agent" : record.key_id,
         "command",
         record.id,
         std::string(to_string(record.state)),
         request.substr(0, kMaxAuditedRequest)}
    );
    if (!written) {
        log::warn("commands", "audit log: " + written.error().message);
    }
}

void tell(const CommandSurroundings& with, Event event, std::function<void()> kept) {
    with.inbox.put(std::move(event), [&with, kept = std::move(kept)] {
        if (kept) {
            with.loop.post(kept);
        }
    });
}

// Nobody has signed the response topic: it must be the node's own cmd/rsp or below, or whoever may
// publish there could have the box write anywhere.
void reply(
    const CommandSurroundings& with,
    const remote::CommandDelivery& asked,
    const remote::CommandRecord& record
) {
    const wire::NodeIdentity self = identity_of(with.config);
    const std::string ours = wire::Topics(self.tenant, self.site, self.node).command_response();
    const std::string& to = asked.response_topic;
    const bool below = to.rfind(ours + "/", 0) == 0 && to.find_first_of("+#") == std::string::npos;
    if (to != ours && !below) {
        log::warn("commands", record.id + ": its response topic is not " + ours + "; not answered");
        return;
    }
    with.main.answer(
        {to, asked.correlation, 0},
        control::command_answer(
            {record.id, self.node, record.op, std::string(to_string(record.state)), record.detail}
        )
    );
}

}  // namespace

Result<std::unique_ptr<CommandService>> CommandService::start(CommandSurroundings around) {
    const std::string& state = around.places.state_dir;
    auto journal =
        remote::CommandJournal::open(state + "/commands.journal", around.clock.wall_now());
    if (!journal) {
        return journal.error().during("no commands are taken");
    }
    auto service = std::unique_ptr<CommandService>(new CommandService(std::move(around)));
    const CommandSurroundings& with = service->around_;
    const wire::NodeIdentity self = identity_of(with.config);
    remote::CommandDesk::Parts parts{
        with.clock,
        {self.tenant, self.site, self.node},
        with.keys(),
        command_operations(with),
        [&with](Event event, std::function<void()> kept) {
            tell(with, std::move(event), std::move(kept));
        },
        [&with](const remote::CommandRecord& record, const std::string& arguments) {
            write_audit(with, record, arguments);
        },
        [&with](const remote::CommandDelivery& asked, const remote::CommandRecord& record) {
            reply(with, asked, record);
        }};
    service->desk_ = std::make_unique<remote::CommandDesk>(std::move(*journal), std::move(parts));
    service->desk_->resume();
    return service;
}

void CommandService::tick(std::uint64_t unread) {
    if (unread > 0) {
        desk_->unread(unread);
    }
    desk_->tick();
    const remote::CommandCounters& counters = desk_->counters();
    around_.board.note_commands(counters.accepted, {counters.rejected, counters.last_refusal});
}

void CommandService::receive(
    std::string_view payload, bool retained, remote::CommandDelivery delivery
) {
    desk_->pin(around_.keys());  // they change with the twin
    desk_->receive(payload, retained, std::move(delivery));
}

}  // namespace cxedge::app
