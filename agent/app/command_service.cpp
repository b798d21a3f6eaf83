// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_service.hpp"

#include <utility>

#include "agent/base/log.hpp"
#include "agent/remote/audit_log.hpp"

namespace cxedge::app {
namespace {

void write_audit(
    const std::string& path, const std::string& key_id, const remote::CommandRecord& record
) {
    remote::AuditLog audit(path);
    const Status written = audit.append(
        {record.at,
         key_id.empty() ? "agent" : key_id,
         "command",
         record.id,
         std::string(to_string(record.state)),
         record.op}
    );
    if (!written) {
        log::warn("commands", "audit log: " + written.error().message);
    }
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
            with.inbox.put(std::move(event), [&with, kept = std::move(kept)] {
                if (kept) {
                    with.loop.post(kept);
                }
            });
        },
        [path = state + "/audit.log"](const std::string& key, const remote::CommandRecord& record) {
            write_audit(path, key, record);
        }};
    service->desk_ = std::make_unique<remote::CommandDesk>(std::move(*journal), std::move(parts));
    service->desk_->resume();
    return service;
}

void CommandService::tick() {
    desk_->tick();
    const remote::CommandCounters& counters = desk_->counters();
    around_.board.note_commands(counters.accepted, {counters.rejected, counters.last_refusal});
}

// They change with the twin.
void CommandService::receive(std::string_view payload, bool retained) {
    desk_->pin(around_.keys());
    desk_->receive(payload, retained);
}

}  // namespace cxedge::app
