// SPDX-License-Identifier: Apache-2.0
// The agent's configuration as plain structs; agent_schema.cpp binds them to TOML keys, with ranges
// and help texts. Defaults here are the built-in layer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/settings.hpp"
#include "agent/model/catalogue.hpp"

namespace cxedge::config {

struct NodeConfig {
    std::string tenant = "default";
    std::string site = "site";
    std::string id;          // empty: the host name
    std::string claim_file;  // certificate and key with which the box enrols; empty: it does not
    std::string serial;      // what it says of itself then; empty: the machine's own
    std::vector<std::pair<std::string, std::string>> labels;
};

struct UplinkConfig {
    // mqtt://host[:port] or mqtts://host[:port], in order of preference; never empty.
    std::vector<std::string> brokers{"mqtt://127.0.0.1:1883"};
    std::string username;
    // Files: paths or "credential:NAME" (credential.hpp).
    std::string password_file;     // first line of the file; secrets are references, never values
    std::string ca_file;           // empty with mqtts: the system's CA store
    std::string certificate_file;  // client certificate and its key, both or none
    std::string key_file;
    std::chrono::milliseconds keepalive{30000};
    std::int64_t window = 32;
    std::chrono::milliseconds ack_timeout{30000};
    std::chrono::milliseconds live_age{60000};
    std::int64_t backfill_kib_per_s = 0;
    std::chrono::milliseconds backfill_start_jitter{0};
    std::chrono::milliseconds fast_retry{120000};
    std::chrono::milliseconds failback{600000};
    std::int64_t clock_wait_h = 24;
};

// [[sink]]: a further platform that gets samples, with everything of its own: connection, numbers,
// storage.
struct SinkConfig : UplinkConfig {
    std::string name;
    std::vector<std::string> metrics;  // globs; empty: all
    std::vector<std::string> streams;  // event, kpi, bulk, health; empty: all
    std::int64_t max_mib = 64;
};

struct SpoolConfig {
    std::int64_t max_mib = 256;
    std::chrono::milliseconds seal{640};  // a small batch is closed after this, a large one sooner
    std::int64_t seal_samples = 2000;
    std::chrono::milliseconds commit{5000};  // unacknowledged for longer: written to disk
    bool drop_when_full = false;             // the oldest KPIs make room; else new ones are refused
    // Sealed longer ago: dropped, and declared as a gap; 0: no limit.
    std::chrono::milliseconds max_age_events{std::chrono::hours(720)};
    std::chrono::milliseconds max_age_live{std::chrono::hours(168)};
    std::chrono::milliseconds max_age_bulk{std::chrono::hours(24)};
};

struct HistoryConfig {  // [history]
    bool enabled = false;
    std::int64_t quota_mib = 64;
    std::chrono::milliseconds commit{600000};  // what a power cut can take
    std::int64_t raw_days = 2;                 // then minutes, up to this age
    std::int64_t minute_days = 7;              // then quarters of an hour
    std::int64_t quarter_hour_days = 30;       // then hours
    std::int64_t keep_days = 90;
    std::int64_t raw_per_minute = 60;  // of a series; more become one value a minute at once
};

struct PipelineConfig {
    std::chrono::milliseconds window{60000};
    std::chrono::milliseconds stale{300000};  // no reading for this long: event series.stale
    std::int64_t max_series = 20000;
};

struct AgentConfigSection {  // [agent]
    std::string log_level = "info";
    std::chrono::milliseconds heartbeat{60000};  // agent.* metrics
    std::string control_socket;                  // empty: {runtime dir}/control.sock
    std::string catalogue;  // further catalogue file, relative to the config file
};

// [remote]: whom the box follows. Only the site's file says it, never what comes from remote.
struct RemoteConfig {
    std::vector<std::string> keys;    // "ed25519:...", at most two; empty: it follows nobody
    std::vector<std::string> groups;  // whose documents are for this box too
};

// [[rule]]: the first whose `match` fits a metric decides each of its settings that it names.
struct RuleConfig {
    std::string match;  // metric name or glob: * any characters
    std::vector<std::pair<std::string, std::string>> where;  // dimension = glob
    std::string unit;                                        // empty: as catalogued or declared
    std::string keep;                                        // "window" (default), "raw", "drop"
    std::chrono::milliseconds window{0};                     // 0: pipeline.window_s
    std::chrono::milliseconds stale{0};                      // 0: pipeline.stale_s
    std::chrono::milliseconds stuck{0};                      // 0: may stay the same for ever
    std::vector<std::string> stats;  // gauges: mean (default), min, max, last
    std::string stream;              // "kpi" (default), "bulk"
    std::vector<std::pair<std::string, std::string>> labels;  // added dimensions: journey, step ...
};

// [[occupancy]]: people in a store, from the counts of its doors.
struct OccupancyConfig {
    std::string name;                // dimension `zone`
    std::vector<std::string> doors;  // globs over dimension `door`; empty: all
    std::string reset_at = "04:00";  // local time at which the store is empty
};

// [[source]]: common settings; the rest of the table belongs to the plugin.
struct SourceConfig {
    std::string plugin;
    std::string name;  // empty: the plugin's name
    bool enabled = true;
    std::string durable = "process";  // "process" or "power": what an acknowledgement means
    // Of a plugin in a process of its own; 0: none.
    std::int64_t limit_memory_mib = 0;
    std::int64_t limit_tasks = 0;
    std::int64_t limit_cpu_percent = 0;  // of one core
    SettingsNode settings;               // the whole table, for the plugin's init()
};

struct AgentConfig {
    std::string profile;  // empty: none
    NodeConfig node;
    UplinkConfig uplink;
    SpoolConfig spool;
    HistoryConfig history;
    PipelineConfig pipeline;
    AgentConfigSection agent;
    RemoteConfig remote;
    std::vector<SinkConfig> sinks;  // besides `uplink`
    std::vector<RuleConfig> rules;
    std::vector<OccupancyConfig> occupancies;
    std::vector<SourceConfig> sources;
    Catalogue catalogue;
};

// Keys of a [[source]] table that belong to the agent, not to the plugin.
const std::vector<std::string>& common_source_keys();

}  // namespace cxedge::config
