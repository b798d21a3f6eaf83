// SPDX-License-Identifier: Apache-2.0
#include "agent/app/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "agent/base/local_time.hpp"
#include "agent/base/log.hpp"
#include "agent/base/secret_file.hpp"
#include "agent/base/version.hpp"
#include "agent/config/credential.hpp"
#include "agent/config/node_name.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::app {
namespace {

// Twice the largest document, so that one that is a little too large is refused and told; what is
// larger stays at the broker.
constexpr std::uint32_t kMaxIncomingBytes = 2 * std::uint32_t{wire::kMaxEnvelopeBytes};

std::vector<Dimension> dimensions(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::vector<Dimension> out;
    out.reserve(pairs.size());
    for (const auto& [key, value] : pairs) {
        out.push_back({key, value});
    }
    return out;
}

// The texts were checked when the configuration was loaded.
pipeline::Keep keep_of(const std::string& text) {
    return text == "raw"    ? pipeline::Keep::raw
           : text == "drop" ? pipeline::Keep::drop
                            : pipeline::Keep::window;
}

pipeline::GaugeStat stat_of(const std::string& text) {
    using pipeline::GaugeStat;
    return text == "min"    ? GaugeStat::min
           : text == "max"  ? GaugeStat::max
           : text == "last" ? GaugeStat::last
                            : GaugeStat::mean;
}

pipeline::Rule rule_of(const config::RuleConfig& config) {
    pipeline::Rule rule;
    rule.match = config.match;
    rule.where = dimensions(config.where);
    rule.unit = config.unit;
    rule.has_keep = !config.keep.empty();
    rule.keep = keep_of(config.keep);
    rule.window = config.window;
    rule.stale = config.stale;
    rule.stuck = config.stuck;
    rule.has_stream = !config.stream.empty();
    rule.stream = config.stream == "bulk" ? Stream::bulk : Stream::kpi;
    rule.labels = dimensions(config.labels);
    for (const std::string& stat : config.stats) {
        rule.stats.push_back(stat_of(stat));
    }
    return rule;
}

pipeline::OccupancyRule occupancy_of(const config::OccupancyConfig& config) {
    pipeline::OccupancyRule rule;
    rule.name = config.name;
    rule.doors = config.doors;
    // Checked when it was read.
    rule.reset_at = parse_time_of_day(config.reset_at).value();
    return rule;
}

Result<std::vector<uplink::Endpoint>> endpoints_of(const std::vector<std::string>& urls) {
    std::vector<uplink::Endpoint> endpoints;
    for (const std::string& text : urls) {
        Result<config::BrokerUrl> url = config::parse_broker_url(text);
        if (!url) {
            return url.error().during("uplink.broker");
        }
        endpoints.push_back({std::move(url->host), url->port, url->tls});
    }
    return endpoints;
}

std::filesystem::path own_directory() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? std::filesystem::path("/usr/bin") : self.parent_path();
}

// A broker throws out the elder of two clients of the same id: a node's name is unique in its site.
std::string client_id_of(const wire::NodeIdentity& identity) {
    return "cxedge-" + identity.tenant + "." + identity.site + "." + identity.node;
}

}  // namespace

Places resolve(Places places) {
    const std::filesystem::path bin = own_directory();
    if (places.plugin_dir.empty()) {
        places.plugin_dir = bin.string();
    }
    if (places.profiles_dir.empty()) {
        places.profiles_dir = (bin.parent_path() / "share" / "cxedge").string();
    }
    if (places.fallback_dir.empty()) {
        // In the given runtime directory; without one, in memory-backed /run or, as a user, in
        // /tmp.
        const char* runtime = std::getenv("RUNTIME_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
        const std::string base = !places.runtime_dir.empty()   ? places.runtime_dir
                                 : runtime != nullptr          ? std::string(runtime)
                                 : ::access("/run", W_OK) == 0 ? "/run/cxedge"
                                                               : "/tmp/cxedge";
        places.fallback_dir = base + "/spool-degraded";
    }
    const char* systemd =
        std::getenv("RUNTIME_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): before threads
    if (places.runtime_dir.empty() && systemd != nullptr) {
        places.runtime_dir = systemd;
    }
    places.given_runtime_dir = places.runtime_dir;
    if (places.runtime_dir.empty()) {
        places.runtime_dir = places.state_dir;
    }
    return places;
}

wire::NodeIdentity identity_of(const config::AgentConfig& config) {
    const config::NodeConfig& node = config.node;
    return {node.tenant, node.site, config::node_name(node), dimensions(node.labels)};
}

pipeline::PipelineOptions pipeline_options(const config::AgentConfig& config) {
    pipeline::PipelineOptions options;
    options.window = config.pipeline.window;
    options.stale = config.pipeline.stale;
    options.max_series = static_cast<std::size_t>(config.pipeline.max_series);
    options.catalogue = config.catalogue;
    std::transform(
        config.rules.begin(), config.rules.end(), std::back_inserter(options.rules), rule_of
    );
    std::transform(
        config.occupancies.begin(),
        config.occupancies.end(),
        std::back_inserter(options.occupancies),
        occupancy_of
    );
    return options;
}

OutletFilter outlet_filter(const config::SinkConfig& sink) {
    constexpr std::array<std::string_view, kStreamCount> kNames{"event", "kpi", "bulk", "health"};
    OutletFilter filter;
    filter.metrics = sink.metrics;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        filter.streams.at(i) =
            sink.streams.empty() ||
            std::find(sink.streams.begin(), sink.streams.end(), kNames.at(i)) != sink.streams.end();
    }
    return filter;
}

Result<uplink::UplinkOptions> uplink_options(
    const config::AgentConfig& config, const config::UplinkConfig& from
) {
    Result<std::vector<uplink::Endpoint>> endpoints = endpoints_of(from.brokers);
    if (!endpoints) {
        return endpoints.error();
    }
    uplink::UplinkOptions options;
    options.identity = identity_of(config);
    options.version = version();
    options.window = static_cast<unsigned>(from.window);
    uplink::point_at(options.broker, endpoints->front());
    options.alternatives.assign(endpoints->begin() + 1, endpoints->end());
    options.ack_timeout = from.ack_timeout;
    options.live_age = from.live_age;
    options.backfill_bytes_per_s = static_cast<std::uint64_t>(from.backfill_kib_per_s) << 10U;
    options.backfill_start_jitter = from.backfill_start_jitter;
    options.fast_retry = from.fast_retry;
    options.failback = from.failback;
    options.clock_wait = std::chrono::hours(from.clock_wait_h);
    options.broker.client_id = client_id_of(options.identity);
    options.broker.max_incoming_bytes = kMaxIncomingBytes;
    options.broker.username = from.username;
    options.broker.ca_file = config::secret_file_path(from.ca_file);
    options.broker.certificate_file = config::secret_file_path(from.certificate_file);
    options.broker.key_file = config::secret_file_path(from.key_file);
    options.broker.keepalive = std::chrono::duration_cast<std::chrono::seconds>(from.keepalive);
    if (!from.password_file.empty()) {
        Result<std::string> password = read_secret(config::secret_file_path(from.password_file));
        if (password) {
            options.broker.password = std::move(*password);
        } else {
            // Collecting goes on; the broker's refusal and this line tell what to mend.
            log::error("uplink", "password_file: " + password.error().message);
        }
    }
    return options;
}

std::optional<remote::CredentialOptions> credential_options(
    const config::AgentConfig& config, const Places& places, const uplink::UplinkOptions& uplink
) {
    const config::NodeConfig& node = config.node;
    if (node.claim_file.empty() || !config.uplink.certificate_file.empty()) {
        return std::nullopt;
    }
    remote::CredentialOptions options;
    options.directory = places.state_dir + "/identity";
    options.name = {uplink.identity.tenant, uplink.identity.site, uplink.identity.node};
    options.serial = node.serial.empty() ? remote::box_serial() : node.serial;
    options.broker = uplink.broker;
    options.endpoints = uplink.alternatives;
    options.endpoints.insert(
        options.endpoints.begin(), {uplink.broker.host, uplink.broker.port, uplink.broker.tls}
    );
    options.claim_file = config::secret_file_path(node.claim_file);
    return options;
}

ingest::SourceSpec source_spec(const config::SourceConfig& source) {
    ingest::SourceSpec spec;
    spec.name = source.name.empty() ? source.plugin : source.name;
    spec.plugin = source.plugin;
    spec.settings = source.settings;
    spec.durability =
        source.durable == "power" ? ingest::Durability::power : ingest::Durability::process;
    spec.limits = {source.limit_memory_mib << 20U, source.limit_tasks, source.limit_cpu_percent};
    return spec;
}

std::string control_socket_path(const config::AgentConfig& config, const Places& places) {
    return config.agent.control_socket.empty() ? places.runtime_dir + "/control.sock"
                                               : config.agent.control_socket;
}

}  // namespace cxedge::app
