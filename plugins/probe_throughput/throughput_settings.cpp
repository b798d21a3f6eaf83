// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/throughput_settings.hpp"

#include <algorithm>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/targets.hpp"

namespace cxedge::plugins {
namespace {

// To measure the idle round trip, to look up, to connect, to wait for the last replies.
constexpr std::chrono::seconds kBesides{10};

std::string check_upload_url(const std::string& url) {
    return url.empty() ? std::string() : probes::check_url(url);
}

std::string check_address(const std::string& address) {
    if (is_ndt7(address)) {
        const bool secure = address.starts_with("wss:");
        return probes::check_url((secure ? "https" : "http") + address.substr(address.find(':')));
    }
    return probes::check_url(address);
}

Schema<ThroughputSettings> make_throughput_schema() {
    using Settings = ThroughputSettings;
    Schema<Settings> schema;
    probes::add_probe_keys(schema);
    schema.boolean("download", &Settings::download, "false: only upload");
    schema.text("upload_url", &Settings::upload_url, "Where to send to; empty: only download")
        .check(check_upload_url);
    schema.text("upload_method", &Settings::upload_method, "POST or PUT").one_of({"POST", "PUT"});
    schema.integer("streams", &Settings::streams, "Connections at the same time").range(1, 16);
    schema.number("max_mib", &Settings::max_mib, "Each direction ends after so much")
        .range(0.1, 100'000);
    schema.duration("max_s", &Settings::max_time, "Each direction ends after so long")
        .range(1, 120);
    schema.duration("warmup_s", &Settings::warmup, "So long from the first byte is not counted")
        .range(0, 30);
    schema.boolean(
        "early_stop", &Settings::early_stop, "End when the rate does not change any more"
    );
    schema.text("rtt_by", &Settings::rtt_by, "What measures the round trip meanwhile")
        .one_of({"icmp", "stamp", "none"});
    schema.text("rtt_target", &Settings::rtt_target, "Host for that; empty: the server's");
    schema.text("ca_file", &Settings::ca_file, "PEM certificates that sign the server's");
    schema.boolean("tls_verify", &Settings::tls_verify, "false: any certificate will do");
    return schema;
}

const Schema<ThroughputSettings>& throughput_schema() {
    static const Schema<ThroughputSettings> kSchema = make_throughput_schema();
    return kSchema;
}

// Of a targets_file nothing is known yet: none of its targets counts as one of ndt7.
bool any_is_ndt7(const ThroughputSettings& settings) {
    const auto& targets = settings.targets;
    return std::any_of(targets.begin(), targets.end(), [](const std::string& target) {
        return is_ndt7(probes::parse_target(target).address);
    });
}

bool all_are_ndt7(const ThroughputSettings& settings) {
    const auto& targets = settings.targets;
    return settings.targets_file.empty() &&
           std::all_of(targets.begin(), targets.end(), [](const std::string& target) {
               return is_ndt7(probes::parse_target(target).address);
           });
}

void check_both(
    const ThroughputSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    // A server of ndt7 takes uploads itself.
    if (!settings.download && settings.upload_url.empty() && !all_are_ndt7(settings)) {
        problems.add(node.position, "download", "is false and there is no upload_url");
    }
    if (settings.warmup >= settings.max_time) {
        problems.add(node.position, "warmup_s", "must be less than max_s");
    }
    const bool uploads = !settings.upload_url.empty() || any_is_ndt7(settings);
    const int directions = (settings.download ? 1 : 0) + (uploads ? 1 : 0);
    if (settings.timeout < settings.max_time * directions + kBesides) {
        problems.add(
            node.position, "timeout_s", "must be 10 s longer than max_s of all directions together"
        );
    }
}

}  // namespace

bool is_ndt7(const std::string& address) {
    return address.starts_with("wss://") || address.starts_with("ws://");
}

ThroughputSettings read_throughput_settings(const SettingsNode& node, SettingsProblems& problems) {
    ThroughputSettings settings = throughput_schema().read(node, problems);
    probes::check_probe_settings(settings, node, check_address, problems);
    check_both(settings, node, problems);
    return settings;
}

std::vector<SettingHelp> throughput_settings_help() {
    return throughput_schema().help();
}

}  // namespace cxedge::plugins
