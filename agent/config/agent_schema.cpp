// SPDX-License-Identifier: Apache-2.0
#include "agent/config/agent_schema.hpp"

#include <tuple>

#include "agent/config/credential.hpp"
#include "agent/config/history_schema.hpp"
#include "agent/config/load.hpp"
#include "agent/config/text_checks.hpp"
#include "agent/config/uplink_schema.hpp"

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
    s.text(
         "claim_file",
         &NodeConfig::claim_file,
         "Claim certificate (PEM, with its key) with which this box enrols; empty: it does not"
    )
        .check(check_optional_secret_file);
    s.text(
         "serial",
         &NodeConfig::serial,
         "Serial number with which this box enrols; empty: the device tree's, else the machine-id"
    )
        .check([](const std::string& text) {
            return text.empty() ? text : check_dimension_value(text);
        });
    s.text_map("labels", &NodeConfig::labels, "Facts about this box for the receiver: key = text")
        .check(check_dimension_value);
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
         "A small batch is closed after this, a large one in a fifth of it; 10 to 60000"
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

Schema<RemoteConfig> remote_schema() {
    Schema<RemoteConfig> s;
    s.texts(
         "keys",
         &RemoteConfig::keys,
         "Public keys (cxctl keygen) of those who may configure and command this box; at most two; "
         "empty: nobody may"
    )
        .check(check_public_key);
    s.texts("groups", &RemoteConfig::groups, "Groups whose configurations are for this box too")
        .check(check_name);
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
    s.table(
        "history", &AgentConfig::history, history_schema(), "What this box remembers of itself"
    );
    s.table("pipeline", &AgentConfig::pipeline, pipeline_schema(), "How readings become samples");
    s.table("agent", &AgentConfig::agent, section_schema(), "The daemon itself");
    s.table("remote", &AgentConfig::remote, remote_schema(), "Whom this box follows");
    s.ignore("occupancy");
    s.ignore("rule");
    s.ignore("sink");
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
    s.duration(
         "stuck_s",
         &RuleConfig::stuck,
         "Readings that stay the same for so long are reported (longer than a night); 1 to 604800"
    )
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

Schema<OccupancyConfig> occupancy_schema() {
    Schema<OccupancyConfig> s;
    s.text("name", &OccupancyConfig::name, "Dimension `zone` of the store's occupancy")
        .required()
        .check(check_name);
    s.texts(
        "doors",
        &OccupancyConfig::doors,
        "Doors of this store: dimension `door` of its counts, where * stands for any characters; "
        "empty: all"
    );
    s.text(
         "reset_at",
         &OccupancyConfig::reset_at,
         "Time of day (of this box) at which the store is empty: counting begins again at 0"
    )
        .check(check_time_of_day);
    return s;
}

namespace {

void add_limits(Schema<SourceConfig>& s) {
    s.integer(
         "limit_memory_mib",
         &SourceConfig::limit_memory_mib,
         "Most memory of this plugin's own process, in MiB; beyond it it is killed and started "
         "again; 0 to 65536, 0: no limit of its own"
    )
        .range(0, 65536);
    s.integer(
         "limit_tasks",
         &SourceConfig::limit_tasks,
         "Most threads and processes of this plugin's own process; 0 to 10000, 0: no limit"
    )
        .range(0, 10000);
    s.integer(
         "limit_cpu_percent",
         &SourceConfig::limit_cpu_percent,
         "Most processor time of this plugin's own process, in percent of one core; 0 to 10000, "
         "0: no limit"
    )
        .range(0, 10000);
}

}  // namespace

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
    add_limits(s);
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
    append("sink", sink_schema().help());
    append("rule", rule_schema().help());
    append("occupancy", occupancy_schema().help());
    append("source", source_schema().help());
    return out;
}

}  // namespace cxedge::config
