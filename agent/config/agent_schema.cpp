// SPDX-License-Identifier: Apache-2.0
#include "agent/config/agent_schema.hpp"

#include <tuple>

#include "agent/config/load.hpp"
#include "agent/config/text_checks.hpp"

namespace cxedge::config {
namespace {

constexpr double kDay = 86400;
constexpr double kYear = 366 * kDay;

Schema<NodeConfig> node_schema() {
    Schema<NodeConfig> s;
    s.text("tenant", &NodeConfig::tenant, "Operator this box belongs to; a level of every topic")
        .check(check_name);
    s.text("site", &NodeConfig::site, "Shop or place; a level of every topic").check(check_name);
    s.text("id", &NodeConfig::id, "Name of this box, unique in its site; empty: the host name")
        .check(check_optional_name);
    s.text_map("labels", &NodeConfig::labels, "Facts about this box for the receiver: key = text")
        .check(check_dimension_value);
    return s;
}

void add_backlog_settings(Schema<UplinkConfig>& s) {
    s.duration(
         "live_age_s",
         &UplinkConfig::live_age,
         "A batch older than this is backfill: own topic, sent after what is fresh; 1 to 86400"
    )
        .range(1, kDay);
    s.integer(
         "backfill_kib_per_s",
         &UplinkConfig::backfill_kib_per_s,
         "KiB of backfill a second, so that a backlog leaves room on the line; 0 to 1048576, "
         "0: no limit"
    )
        .range(0, 1048576);
    s.duration(
         "backfill_start_jitter_s",
         &UplinkConfig::backfill_start_jitter,
         "Backfill begins at random within this time after connecting, so that a fleet does not "
         "begin as one; 0 to 86400"
    )
        .range(0, kDay);
}

void add_outage_settings(Schema<UplinkConfig>& s) {
    s.duration(
         "fast_retry_s",
         &UplinkConfig::fast_retry,
         "While an outage is younger than this and TCP is refused at once, try again every 200 to "
         "400 ms; then 1 s to 5 min with jitter; 0 to 3600, 0: never fast"
    )
        .range(0, 3600);
    s.duration(
         "failback_s",
         &UplinkConfig::failback,
         "On a lesser broker of the list, look this often whether the first one works again; "
         "0 to 86400, 0: stay"
    )
        .range(0, kDay);
    s.integer(
         "clock_wait_h",
         &UplinkConfig::clock_wait_h,
         "Data waits at most this many hours for a clock that can be right, then it is sent with "
         "guessed times; 0 to 8760"
    )
        .range(0, 8760);
}

Schema<UplinkConfig> uplink_schema() {
    Schema<UplinkConfig> s;
    s.text_or_texts(
         "broker",
         &UplinkConfig::brokers,
         "mqtt://host[:1883], or mqtts://host[:8883] for TLS; a list: the next one is tried after "
         "three failures in a row"
    )
        .check(check_broker);
    s.text("username", &UplinkConfig::username, "User name at the broker; empty: none");
    s.text(
         "password_file",
         &UplinkConfig::password_file,
         "File whose first line is the password; never the password itself"
    )
        .check(check_optional_path);
    s.text(
         "ca_file",
         &UplinkConfig::ca_file,
         "CA certificates (PEM) that the broker must chain to; empty with mqtts: the system's"
    )
        .check(check_optional_path);
    s.text(
         "certificate_file",
         &UplinkConfig::certificate_file,
         "Client certificate (PEM); needs key_file and mqtts"
    )
        .check(check_optional_path);
    s.text("key_file", &UplinkConfig::key_file, "Private key (PEM) of certificate_file")
        .check(check_optional_path);
    s.duration(
         "keepalive_s",
         &UplinkConfig::keepalive,
         "MQTT keep-alive: a dead link is noticed after 1.5 times this; 5 to 3600"
    )
        .range(5, 3600);
    s.integer(
         "window",
         &UplinkConfig::window,
         "Batches sent and not yet acknowledged, at most; 1 to 1000"
    )
        .range(1, 1000);
    s.duration(
         "ack_timeout_s",
         &UplinkConfig::ack_timeout,
         "A broker that acknowledges nothing for this long is stuck: connect again; 1 to 3600"
    )
        .range(1, 3600);
    add_backlog_settings(s);
    add_outage_settings(s);
    return s;
}

Schema<SpoolConfig> spool_schema() {
    Schema<SpoolConfig> s;
    s.integer(
         "max_mib",
         &SpoolConfig::max_mib,
         "Disk for samples that wait for the broker, in MiB; 1 to 65536"
    )
        .range(1, 65536);
    s.duration(
         "seal_ms",
         &SpoolConfig::seal,
         "A small batch is closed after this, a large one in a quarter of it; 10 to 60000"
    )
        .range(10, 60000);
    s.integer(
         "seal_samples",
         &SpoolConfig::seal_samples,
         "A batch is closed once it holds this many samples; 1 to 10000"
    )
        .range(1, 10000);
    s.duration(
         "commit_s",
         &SpoolConfig::commit,
         "Batches that wait longer for their acknowledgement are written to disk: what a power cut "
         "can take; 0.1 to 3600"
    )
        .range(0.1, 3600);
    s.boolean(
        "drop_when_full",
        &SpoolConfig::drop_when_full,
        "When the disk is full: true drops the oldest KPIs, false refuses new ones"
    );
    for (const auto& [key, member, what] :
         {std::tuple{"max_age_events_s", &SpoolConfig::max_age_events, "Events"},
          std::tuple{"max_age_live_s", &SpoolConfig::max_age_live, "KPIs"},
          std::tuple{"max_age_bulk_s", &SpoolConfig::max_age_bulk, "Diagnostics"}}) {
        s.duration(
             key,
             member,
             std::string(what) + " that waited longer are dropped and declared as a gap; 0: never"
        )
            .range(0, kYear);
    }
    return s;
}

Schema<PipelineConfig> pipeline_schema() {
    Schema<PipelineConfig> s;
    s.duration(
         "window_s",
         &PipelineConfig::window,
         "Readings are summed up over windows this long, aligned to UTC; must divide a day"
    )
        .range(1, kDay);
    s.duration(
         "stale_s",
         &PipelineConfig::stale,
         "A series without a reading for this long is reported as stale; 1 to 604800"
    )
        .range(1, 7 * kDay);
    s.integer(
         "max_series",
         &PipelineConfig::max_series,
         "Series accepted from all sources together; further ones are refused; 1 to 1000000"
    )
        .range(1, 1000000);
    return s;
}

Schema<AgentConfigSection> section_schema() {
    using Section = AgentConfigSection;
    Schema<Section> s;
    s.text(
         "log_level",
         &Section::log_level,
         "Least urgent log lines to write: debug, info, warn, error"
    )
        .one_of({"debug", "info", "warn", "error"});
    s.duration(
         "heartbeat_s",
         &Section::heartbeat,
         "How often the agent reports on itself (agent.* metrics); 1 to 86400"
    )
        .range(1, kDay);
    s.text(
         "control_socket",
         &Section::control_socket,
         "Unix socket for cxctl; empty: control.sock in the runtime directory"
    )
        .check(check_optional_path);
    s.text(
        "catalogue",
        &Section::catalogue,
        "File with further [[metric]] entries; relative to the file that names it; empty: none"
    );
    return s;
}

}  // namespace

Schema<AgentConfig> agent_schema() {
    Schema<AgentConfig> s;
    s.text("profile", &AgentConfig::profile, "Box profile that this file refines; empty: none")
        .check(check_optional_name);
    s.table("node", &AgentConfig::node, node_schema(), "Who this box is");
    s.table("uplink", &AgentConfig::uplink, uplink_schema(), "Where samples go");
    s.table("spool", &AgentConfig::spool, spool_schema(), "Where samples wait");
    s.table("pipeline", &AgentConfig::pipeline, pipeline_schema(), "How readings become samples");
    s.table("agent", &AgentConfig::agent, section_schema(), "The daemon itself");
    s.ignore("rule");
    s.ignore("source");
    return s;
}

Schema<RuleConfig> rule_schema() {
    Schema<RuleConfig> s;
    s.text("match", &RuleConfig::match, "Metric name this rule is for; * stands for any characters")
        .required()
        .check(check_metric_glob);
    s.text_map(
         "where",
         &RuleConfig::where,
         "Further conditions: dimension = value, where * stands for any characters"
    )
        .check(check_dimension_value);
    s.text("unit", &RuleConfig::unit, "Unit (UCUM) of metrics that the catalogue does not know")
        .check(check_unit);
    s.text(
         "keep",
         &RuleConfig::keep,
         "window: sum up over window_s; raw: every reading with its own time; drop: nothing"
    )
        .one_of({"window", "raw", "drop"});
    s.duration("window_s", &RuleConfig::window, "Instead of pipeline.window_s; must divide a day")
        .range(1, kDay);
    s.duration("stale_s", &RuleConfig::stale, "Instead of pipeline.stale_s; 1 to 604800")
        .range(1, 7 * kDay);
    s.texts(
         "stats",
         &RuleConfig::stats,
         "What a window of a gauge sends: any of mean, min, max, last; not named: mean"
    )
        .one_of({"mean", "min", "max", "last"});
    s.text("stream", &RuleConfig::stream, "kpi: sent first; bulk: sent when nothing else waits")
        .one_of({"kpi", "bulk"});
    s.text_map(
         "labels",
         &RuleConfig::labels,
         "Dimensions to add, like the customer journey and its step: key = text"
    )
        .check(check_dimension_value);
    return s;
}

Schema<SourceConfig> source_schema() {
    Schema<SourceConfig> s;
    s.text(
         "plugin",
         &SourceConfig::plugin,
         "Which plugin collects: statsd, kpi_socket, box, camera, synthetic"
    )
        .required()
        .check(check_name);
    s.text(
         "name", &SourceConfig::name, "Name of this source, unique on the box; empty: the plugin's"
    )
        .check(check_optional_name);
    s.boolean("enabled", &SourceConfig::enabled, "false: keep the settings, but collect nothing");
    s.text(
         "durable",
         &SourceConfig::durable,
         "What an acknowledgement to a sender means: its sample survives the end of the process, "
         "or "
         "a power cut"
    )
        .one_of({"process", "power"});
    return s;
}

const std::vector<std::string>& common_source_keys() {
    static const std::vector<std::string> kKeys = [] {
        std::vector<std::string> out;
        for (const SettingHelp& setting : source_schema().help()) {
            out.push_back(setting.key);
        }
        return out;
    }();
    return kKeys;
}

std::vector<SettingHelp> settings_help() {
    std::vector<SettingHelp> out = agent_schema().help();
    const auto append = [&](const std::string& section, std::vector<SettingHelp> settings) {
        for (SettingHelp& setting : settings) {
            setting.key.insert(0, section + ".");
            out.push_back(std::move(setting));
        }
    };
    append("rule", rule_schema().help());
    append("source", source_schema().help());
    return out;
}

}  // namespace cxedge::config
