// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/probe_path.hpp"

#include "agent/base/socket_address.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::uint16_t kTraceroutePort = 33'434;  // nobody listens there
constexpr std::uint16_t kHttpsPort = 443;

Schema<ProbePathSettings> make_path_schema() {
    using Settings = ProbePathSettings;
    Schema<Settings> schema;
    probes::add_probe_keys(schema);
    schema.text("method", &Settings::method, "Packets to send: udp, icmp or tcp (SYN)")
        .one_of({"udp", "icmp", "tcp"});
    schema.integer("port", &Settings::port, "Of the target; 0: 33434 for udp, 443 for tcp")
        .range(0, 65'535);
    schema.integer("first_hop", &Settings::first_hop, "Hops before this one are not asked")
        .range(1, 255);
    schema.integer("max_hops", &Settings::max_hops, "The target is at most so far away")
        .range(1, 255);
    schema.integer("tries", &Settings::tries, "Each hop is asked so often").range(1, 10);
    schema.integer("window", &Settings::window, "Hops that are asked at the same time")
        .range(1, 32);
    schema
        .integer("silent_hops", &Settings::silent_hops, "So many silent ones in a row end a trace")
        .range(1, 255);
    schema.duration("wait_ms", &Settings::wait, "An answer takes at most").range(10, 10'000);
    schema.boolean("per_hop", &Settings::per_hop, "Also net.path.rtt: up to max_hops series more");
    schema.boolean("mtu", &Settings::mtu, "Also net.path.mtu: a few large packets more");
    return schema;
}

const Schema<ProbePathSettings>& path_schema() {
    static const Schema<ProbePathSettings> kSchema = make_path_schema();
    return kSchema;
}

std::string check_path_target(const std::string& address) {
    return split_host_port(address) ? "" : "must be a host, an address or host:port";
}

std::uint16_t usual_port(const ProbePathSettings& settings) {
    if (settings.port != 0) {
        return static_cast<std::uint16_t>(settings.port);
    }
    return settings.method == "tcp" ? kHttpsPort : kTraceroutePort;
}

}  // namespace

std::vector<SettingHelp> ProbePath::settings_help() {
    return path_schema().help();
}

void ProbePath::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = path_schema().read(settings, problems);
    probes::check_probe_settings(settings_, settings, check_path_target, problems);
    if (settings_.first_hop > settings_.max_hops) {
        const SettingsNode* const at = settings.find("first_hop");
        problems.add(
            at != nullptr ? at->position : settings.position, "first_hop", "is more than max_hops"
        );
    }
}

std::unique_ptr<probes::ProbeRun> ProbePath::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    PathPlan plan;
    plan.method = path_method_of(settings_.method);
    plan.port = usual_port(settings_);
    plan.family = probes::family_of(settings_.family);
    plan.rules.first_hop = static_cast<int>(settings_.first_hop);
    plan.rules.max_hops = static_cast<int>(settings_.max_hops);
    plan.rules.tries = static_cast<int>(settings_.tries);
    plan.rules.window = static_cast<int>(settings_.window);
    plan.rules.silent_hops = static_cast<int>(settings_.silent_hops);
    plan.wait = settings_.wait;
    plan.per_hop = settings_.per_hop;
    plan.mtu = settings_.mtu;
    std::shared_ptr<PathRecord>& record = records_[target.name];
    if (!record) {
        record = std::make_shared<PathRecord>();
    }
    return std::make_unique<PathRun>(plan, target, context, record);
}

}  // namespace cxedge::plugins
