// SPDX-License-Identifier: Apache-2.0
// The command line of cxctl; what each verb does is in the file of its name.
#include <functional>

#include <CLI/CLI.hpp>

#include "agent/base/version.hpp"
#include "agent/ctl/config.hpp"
#include "agent/ctl/decode.hpp"
#include "agent/ctl/devices.hpp"
#include "agent/ctl/doctor/doctor.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/fleet_verbs.hpp"
#include "agent/ctl/flush.hpp"
#include "agent/ctl/moment.hpp"
#include "agent/ctl/plugin_verbs.hpp"
#include "agent/ctl/query.hpp"
#include "agent/ctl/receive.hpp"
#include "agent/ctl/setup.hpp"
#include "agent/ctl/status.hpp"
#include "agent/ctl/tail.hpp"
#include "agent/ctl/twin/watch.hpp"
#include "agent/ctl/twin_verbs.hpp"

namespace {

using cxedge::ctl::ExitCode;

constexpr const char* kExitCodes =
    "Exit status: 0 done, 1 failed, 2 wrong command line, 3 nobody answers (try again later).";

struct CommandLine {
    CLI::App app{"cxctl: looks into a cxedge node and into what it sends"};
    std::function<ExitCode()> verb;
    cxedge::ctl::TailOptions tail;
    cxedge::ctl::ReceiveOptions receive;
    cxedge::ctl::DecodeOptions decode;
    cxedge::ctl::StatusOptions status;
    cxedge::ctl::NodeStatusOptions node;
    cxedge::ctl::DevicesOptions devices;
    cxedge::ctl::FlushOptions flush;
    cxedge::ctl::QueryOptions query;
    cxedge::ctl::HistoryRange replay;
    cxedge::ctl::ConfigOptions config;
    cxedge::ctl::PluginVerbOptions plugin;
    cxedge::ctl::SetupOptions setup;
    cxedge::ctl::DoctorOptions doctor;
    cxedge::ctl::FleetOptions fleet;
};

// Every verb has it; some have more formats.
void add_json(CLI::App& verb, CLI::Option& format_option, std::string& format) {
    verb.add_flag_callback(
            "--json", [&format] { format = "jsonl"; }, "Short for --format jsonl"
    )
        ->excludes(&format_option);
}

void add_table_format(CLI::App& verb, std::string& format) {
    auto* option = verb.add_option("--format", format, "table for people, jsonl for programs");
    option->check(CLI::IsMember({"table", "jsonl"}))->capture_default_str();
    add_json(verb, *option, format);
}

void add_tail(CommandLine& line) {
    CLI::App& verb =
        *line.app.add_subcommand("tail", "Print what nodes send, decoded, as it comes");
    cxedge::ctl::TailOptions& tail = line.tail;
    cxedge::ctl::add_connection(verb, tail.connection);
    add_table_format(verb, tail.format);
    verb.add_flag("--utc", tail.utc, "Times of the table in UTC");
    verb.add_option("--count", tail.count, "Stop after this many lines");
    verb.add_option("--seconds", tail.seconds, "Stop after this time")
        ->check(CLI::NonNegativeNumber);
    verb.add_option(
        "--summary", tail.summary_file, "Write the counts to this file at the end (JSON)"
    );
    verb.add_option(
        "--session",
        tail.connection.session,
        "Keep the subscription at the broker under this client id"
    );
    verb.add_flag("--keep-duplicates", tail.keep_duplicates, "Print repeated batches too");
    verb.footer("Example: cxctl tail --broker mqtt://broker.example --topic 'cx/1/acme/#'");
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_tail(line.tail);
        };
    });
}

void add_receive_files(CLI::App& verb, cxedge::ctl::ReceiveOptions& receive) {
    verb.add_option("--out", receive.out_file, "File to append to; default: standard output");
    auto* format = verb.add_option(
        "--format", receive.format, "Default: by the name of the output, else jsonl"
    );
    format->check(CLI::IsMember({"jsonl", "csv", "sqlite"}));
    add_json(verb, *format, receive.format);
    verb.add_option(
        "--state",
        receive.state_file,
        "Where the position is kept (SQLite); default: OUT.state.db, for sqlite the output itself"
    );
}

void add_receive(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "receive", "Write what nodes send to a file, each sample once, and acknowledge it to them"
    );
    cxedge::ctl::ReceiveOptions& receive = line.receive;
    cxedge::ctl::add_connection(verb, receive.connection);
    add_receive_files(verb, receive);
    verb.add_option(
            "--client-id",
            receive.connection.session,
            "MQTT client id; of two receivers with the same one the broker throws one out"
    )
        ->capture_default_str();
    constexpr unsigned kLongestAckMs = 60000;
    verb.add_option("--ack-ms", receive.ack_ms, "Commit and acknowledge this often")
        ->check(CLI::Range(1U, kLongestAckMs))
        ->capture_default_str();
    verb.add_flag(
        "--no-ack",
        receive.no_ack,
        "Do not acknowledge to nodes, and withdraw it where it was done: they then keep nothing "
        "that the broker took"
    );
    verb.add_option("--seconds", receive.seconds, "Stop after this time")
        ->check(CLI::NonNegativeNumber);
    verb.add_flag(
        "--equation", receive.equation, "At the end, received + gaps + dead letters of each lane"
    );
    verb.footer("Example: cxctl receive --broker mqtt://broker.example --out store.db");
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_receive(line.receive);
        };
    });
}

void add_decode(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand("decode", "Print one stored MQTT payload, decoded");
    cxedge::ctl::DecodeOptions& decode = line.decode;
    verb.add_option("file", decode.file, "Payload of a batch, a dictionary or a state; - is stdin")
        ->required();
    verb.add_option(
            "--dict", decode.dictionary_files, "Payload of topic dict or dict/N (repeatable)"
    )
        ->take_all();
    verb.add_option("--topic", decode.topic, "Topic it came from; default: find out by trying");
    add_table_format(verb, decode.format);
    verb.add_flag("--utc", decode.utc, "Times of the table in UTC");
    verb.footer("Example: cxctl decode batch.bin --dict dict.bin --topic cx/1/t/s/n/up/live/kpi");
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_decode(line.decode);
        };
    });
}

void add_socket(CLI::App& verb, std::string& socket) {
    verb.add_option("--socket", socket, "Control socket of the agent")
        ->envname("CXEDGE_SOCKET")
        ->capture_default_str();
}

void add_status(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "status", "How the agent on this box is, or what the broker knows of a node"
    );
    auto* node = verb.add_option("node", line.node.node, "tenant/site/node; none: this box");
    add_socket(verb, line.status.socket);
    auto* watch = verb.add_flag("--watch", line.status.watch, "Again every second; of this box");
    watch->excludes(node);
    cxedge::ctl::add_broker(verb, line.node.connection);
    verb.add_option("--wait-s", line.node.wait_s, "How long to listen for a node")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    verb.add_flag("--json", line.status.json, "The agent's answer as it is, or a node's facts");
    verb.footer(
        "Example: cxctl status --watch\n"
        "Example: cxctl status acme/store-0042/gw-1 --broker mqtts://broker.example\n"
        "Of a node: status 0 well, 1 rejected, rolled back, away or unreadable, 3 under way or "
        "never heard of. All that its agent knows: cxctl cmd NODE status."
    );
    verb.callback([&line] {
        line.verb = [&line] {
            line.node.json = line.status.json;
            return line.node.node.empty() ? cxedge::ctl::run_status(line.status)
                                          : cxedge::ctl::run_node_status(line.node);
        };
    });
}

void add_devices(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "devices", "The devices behind this box's sources: when each was last heard of"
    );
    add_socket(verb, line.devices.socket);
    verb.add_flag("--json", line.devices.json, "One JSON object a device and line");
    verb.footer("Example: cxctl devices --json | grep '\"up\":false'");
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_devices(line.devices);
        };
    });
}

void add_flush(CommandLine& line) {
    CLI::App& verb =
        *line.app.add_subcommand("flush", "Send everything now and wait until it is acknowledged");
    add_socket(verb, line.flush.socket);
    constexpr double kLongestWait = 86400;
    verb.add_option("--timeout-s", line.flush.timeout_s, "How long to wait")
        ->check(CLI::Range(0.0, kLongestWait))
        ->capture_default_str();
    verb.add_flag("--json", line.flush.json, "One JSON object instead of a line");
    verb.footer("Example: cxctl flush --timeout-s 60 && systemctl stop cxedged");
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_flush(line.flush);
        };
    });
}

// Of a box far away, whose history is asked for by signed commands.
void add_far_box(CLI::App& verb, cxedge::ctl::CommandOptions& command) {
    auto* node = verb.add_option(
        "--node", command.node, "tenant/site/node: another box, by signed commands over the broker"
    );
    auto* key = verb.add_option(
        "--sign-key", command.sign_key_file, "Signing key, from cxctl keygen (PEM); with --node"
    );
    node->needs(key);
    key->needs(node);
    cxedge::ctl::add_broker(verb, command.connection);
    verb.add_option("--wait-s", command.wait_s, "How long to wait for each answer of --node")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
}

void add_range(CLI::App& verb, cxedge::ctl::HistoryRange& range) {
    add_socket(verb, range.socket);
    range.command.wait_s = 90;  // longer than the node may take
    add_far_box(verb, range.command);
    verb.add_option(
            "--series",
            range.series,
            "metric for all its series, metric{key=value,...} for one; * is any run of characters"
    )
        ->capture_default_str();
    verb.add_option("--from", range.from, cxedge::ctl::kMomentHelp)->capture_default_str();
    verb.add_option("--to", range.to, "Likewise; this moment is included")->capture_default_str();
    verb.add_option("--step", range.step, "Sum up over 1min, 15min, 1h ...; raw: as it is kept")
        ->capture_default_str();
}

void add_query(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand("query", "What a box measured, from its history");
    add_range(verb, line.query.range);
    verb.add_flag("--events", line.query.events, "Events instead; --series is then their name");
    auto* format = verb.add_option(
        "--format", line.query.format, "table for people, csv or jsonl for programs"
    );
    format->check(CLI::IsMember({"table", "csv", "jsonl"}))->capture_default_str();
    add_json(verb, *format, line.query.format);
    verb.footer(
        "Example: cxctl query --series 'store.footfall.in{door=main}' --from yesterday --to today "
        "--step 1h\n"
        "From afar: cxctl query --node acme/store-0042/gateway-1 --sign-key ops.key --broker "
        "mqtts://broker.example --from -2h\n"
        "Time of a step is its end. sum and n are exact, however old and coarse a value is."
    );
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_query(line.query);
        };
    });
}

void add_replay(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "replay", "Send samples of the history once more, marked, to the topic for late ones"
    );
    add_range(verb, line.replay);
    verb.add_flag("--json", line.replay.json, "One JSON object instead of a line");
    verb.footer(
        "Example: cxctl replay --series 'store.*' --from 2026-11-21 --to 2026-11-22\n"
        "They go at their original times under new numbers; receivers know them by Body.replay."
    );
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_replay(line.replay);
        };
    });
}

void add_config_files(CLI::App& verb, cxedge::ctl::ConfigOptions& config) {
    verb.add_option("--config", config.file, "The site's configuration file")->required();
    verb.add_option("--profiles", config.profiles_dir, "Where profiles and the catalogue are")
        ->capture_default_str();
    verb.add_flag("--json", config.json, "JSON instead of lines");
}

CLI::Option* add_remote_layer(CLI::App& verb, cxedge::ctl::ConfigOptions& config) {
    return verb.add_option(
        "--remote", config.remote_file, "A file as it would be pushed, above it"
    );
}

void add_config_diff(CommandLine& line, CLI::App& verb) {
    CLI::App& diff = *verb.add_subcommand("diff", "What a file would change if it were pushed");
    add_config_files(diff, line.config);
    add_remote_layer(diff, line.config)->required();
    diff.footer(
        "Example: cxctl config diff --config /etc/cxedge/cxedged.toml --remote change.toml\n"
        "Status 1 if it changes nothing, or does not load."
    );
    diff.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_config_diff(line.config);
        };
    });
}

void add_config(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand("config", "Show or check a configuration");
    verb.require_subcommand(1);
    verb.footer("Example: cxctl config show --config /etc/cxedge/cxedged.toml --origin");

    CLI::App& show = *verb.add_subcommand("show", "All settings that apply, one a line");
    add_config_files(show, line.config);
    add_remote_layer(show, line.config);
    show.add_flag("--origin", line.config.origin, "Where each setting comes from");
    show.footer("Example: cxctl config show --config /etc/cxedge/cxedged.toml --origin");
    show.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_config_show(line.config);
        };
    });

    add_config_diff(line, verb);
    CLI::App& check = *verb.add_subcommand("check", "Every mistake with file, line and column");
    add_config_files(check, line.config);
    add_remote_layer(check, line.config);
    check.footer(
        "Example: cxctl config check --config /etc/cxedge/cxedged.toml\n"
        "The settings of plugins are checked by cxedged check."
    );
    check.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_config_check(line.config);
        };
    });
}
// Where the box keeps things.
void add_box(CLI::App& verb, cxedge::ctl::DoctorOptions& box) {
    verb.add_option("--config", box.config_file, "The site's configuration file")
        ->capture_default_str();
    verb.add_option("--profiles", box.profiles_dir, "Where profiles and the catalogue are")
        ->capture_default_str();
    verb.add_option("--state-dir", box.state_dir, "Directory of the spool")->capture_default_str();
    verb.add_option("--user", box.user, "User who runs the agent")->capture_default_str();
}

void add_setup_answers(CLI::App& verb, cxedge::ctl::SetupOptions& setup) {
    verb.add_option("--broker", setup.answers.broker, "mqtt://host[:port] or mqtts://host[:port]");
    verb.add_option("--tenant", setup.answers.tenant, "Operator this box belongs to");
    verb.add_option("--site", setup.answers.site, "Store or place where it stands");
    verb.add_option("--profile", setup.answers.profile, "What kind of box it is");
    verb.add_option(
        "--claim", setup.answers.claim_file, "Claim certificate with its key (PEM); empty: none"
    );
    verb.add_option("--node", setup.further.node, "Name of the box; default: the host name");
    verb.add_option("--username", setup.further.username, "MQTT user name");
    verb.add_option(
        "--password-file", setup.further.password_file, "File whose first line is the password"
    );
    verb.add_option("--ca", setup.further.ca_file, "CA certificates (PEM); default: the system's");
    verb.add_option("--cert", setup.further.certificate_file, "Client certificate (PEM)");
    verb.add_option("--key", setup.further.key_file, "Key of the client certificate (PEM)");
}

void add_setup(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "setup", "Write this box's configuration, asking for what no option says, and check the box"
    );
    add_setup_answers(verb, line.setup);
    add_box(verb, line.setup.box);
    verb.add_flag("--force", line.setup.force, "Replace a configuration file (it becomes .old)");
    verb.add_flag("--json", line.setup.json, "What the checks say as one JSON object");
    verb.footer(
        "Example: cxctl setup --broker mqtts://broker.example --tenant acme --site store-0042 "
        "--profile store-gateway --claim /etc/cxedge/claim.pem"
    );
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_setup(line.setup);
        };
    });
}

void add_doctor(CommandLine& line) {
    CLI::App& verb = *line.app.add_subcommand(
        "doctor", "Check this box: configuration, files, clock, disk, cameras, broker, agent"
    );
    add_box(verb, line.doctor);
    add_socket(verb, line.doctor.socket);
    verb.add_flag("--json", line.doctor.json, "One JSON object instead of lines");
    verb.footer("Example: cxctl doctor\nStatus 1 if there is a problem; each line says what to do."
    );
    verb.callback([&line] {
        line.verb = [&line] {
            return cxedge::ctl::run_doctor(line.doctor);
        };
    });
}

// Below the example and what is special, for every verb the same.
void add_exit_codes(CLI::App& app) {
    for (CLI::App* verb : app.get_subcommands({})) {
        if (!verb->get_subcommands({}).empty()) {
            add_exit_codes(*verb);
        }
        verb->footer(verb->get_footer() + "\n" + kExitCodes);
    }
}

void add_verbs(CommandLine& line) {
    line.app.set_version_flag("--version", "cxctl " + std::string(cxedge::version()));
    line.app.footer(std::string("Example: cxctl status\n") + kExitCodes);
    line.app.require_subcommand(1);
    add_tail(line);
    add_receive(line);
    add_decode(line);
    add_status(line);
    add_devices(line);
    cxedge::ctl::add_plugin_verbs(line.app, line.plugin, line.verb);
    add_flush(line);
    add_query(line);
    add_replay(line);
    add_config(line);
    add_setup(line);
    add_doctor(line);
    cxedge::ctl::add_fleet_verbs(line.app, line.fleet, line.verb);
    cxedge::ctl::add_twin_verbs(line.app, line.verb);
    add_exit_codes(line.app);
}

}  // namespace

// CLI11 reports by exceptions; they end here.
int main(int argc, char** argv) try {
    CommandLine line;
    add_verbs(line);
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return line.app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(line.verb());
} catch (const std::exception& error) {
    std::cerr << "cxctl: " << error.what() << '\n';
    return static_cast<int>(ExitCode::failed);
}
