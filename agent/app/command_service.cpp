// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_service.hpp"

#include <utility>

#include "agent/base/log.hpp"
#include "agent/remote/audit_log.hpp"

namespace cxedge::app {
namespace {

// The texts were checked when the configuration was loaded.
std::vector<remote::PublicKey> keys_of(const config::AgentConfig& config) {
    std::vector<remote::PublicKey> keys;
    keys.reserve(config.remote.keys.size());
    for (const std::string& text : config.remote.keys) {
        if (auto key = remote::PublicKey::parse(text)) {
            keys.push_back(*key);
        }
    }
    return keys;
}

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
        keys_of(with.config),
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
    const remote::CommandCounters counters = desk_->counters();
    around_.board.note_commands(counters.accepted, counters.rejected);
}

}  // namespace cxedge::app
