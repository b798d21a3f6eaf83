// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tcp/probe_tcp.hpp"

#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {
namespace {

Schema<TcpSettings> tcp_schema() {
    Schema<TcpSettings> schema;
    probes::add_probe_keys(schema);
    schema.integer("port", &TcpSettings::port, "Of targets that name none").range(0, 65'535);
    schema.text(
        "expect", &TcpSettings::expect, "What the server's greeting must hold, e.g. SSH-2.0"
    );
    schema.boolean(
        "every_address",
        &TcpSettings::every_address,
        "Where one address of a name fails, try the next; false: only the first counts"
    );
    return schema;
}

std::string check_tcp_address(const std::string& address, std::int64_t port) {
    const auto parts = split_host_port(address);
    return parts && (parts->port || port != 0) ? "" : "must be host:port or [address]:port";
}

}  // namespace

std::vector<SettingHelp> ProbeTcp::settings_help() {
    return tcp_schema().help();
}

void ProbeTcp::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = tcp_schema().read(settings, problems);
    probes::check_probe_settings(
        settings_,
        settings,
        [this](const std::string& address) { return check_tcp_address(address, settings_.port); },
        problems
    );
}

std::unique_ptr<probes::ProbeRun> ProbeTcp::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    return std::make_unique<TcpRun>(settings_, target, context, families_[target.name]);
}

}  // namespace cxedge::plugins
