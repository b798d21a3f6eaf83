// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/fleet_verbs.hpp"

#include "agent/ctl/twin_verbs.hpp"

namespace cxedge::ctl {
namespace {

using Chosen = std::function<ExitCode()>;

void add_enrol(CLI::App& app, EnrolOptions& enrol, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand(
        "enrol", "Get this box its certificate, with the claim certificate of its configuration"
    );
    verb.add_option("--config", enrol.config_file, "The site's configuration file")
        ->capture_default_str();
    verb.add_option("--profiles", enrol.profiles_dir, "Where profiles and the catalogue are")
        ->capture_default_str();
    verb.add_option("--state-dir", enrol.state_dir, "Directory of the spool; keys go to identity/")
        ->capture_default_str();
    constexpr double kLongestWait = 86400;
    verb.add_option("--timeout-s", enrol.timeout_s, "How long to go on asking")
        ->check(CLI::Range(1.0, kLongestWait))
        ->capture_default_str();
    verb.add_flag("--json", enrol.json, "One JSON object instead of a line");
    verb.footer(
        "Example: sudo cxctl enrol\n"
        "cxedged does the same by itself at its first start. Status 0 enrolled, 1 refused, 3 "
        "nobody "
        "answered."
    );
    verb.callback([&enrol, &chosen] {
        chosen = [&enrol] {
            return run_enrol(enrol);
        };
    });
}

void add_enrol_rules(CLI::App& verb, EnrolServerOptions& server) {
    verb.add_option(
            "--sign-cert", server.certificate_file, "Certificate of the CA that signs (PEM)"
    )
        ->required();
    verb.add_option("--sign-key", server.key_file, "Its key (PEM, no pass phrase)")->required();
    verb.add_option(
            "--claims", server.claims_file, "Claim certificates, or the CAs that issued them (PEM)"
    )
        ->required();
    auto* allow = verb.add_option(
        "--allow",
        server.allow_file,
        "Boxes that may enrol, one a line: SERIAL, or SERIAL tenant/site/node"
    );
    verb.add_flag("--any", server.any, "Enrol boxes of any serial")->excludes(allow);
    verb.add_option("--register", server.register_file, "Where is kept which node has which key")
        ->capture_default_str();
    verb.add_option(
        "--desired-dir",
        server.desired_dir,
        "First configurations, signed: NODE.desired, or default.desired for the others"
    );
    verb.add_option(
            "--replace", server.replace, "tenant/site/node that may bring another key, once"
    )
        ->take_all();
    verb.add_option(
            "--reserve",
            server.reserve,
            "Names that no box may have, besides operations, enroller, claim, the broker's and "
            "this enroller's own"
    )
        ->take_all();
}

void add_enrol_server(CLI::App& app, EnrolServerOptions& server, Chosen& chosen) {
    CLI::App& verb = *app.add_subcommand(
        "enrol-server", "Give certificates to boxes that ask: the reference enroller"
    );
    add_broker(verb, server.connection);
    add_enrol_rules(verb, server);
    constexpr double kShortestDays = 0.001;  // for trying the renewal out
    constexpr double kLongestDays = 3650;
    verb.add_option("--days", server.days, "How long a certificate is valid")
        ->check(CLI::Range(kShortestDays, kLongestDays))
        ->capture_default_str();
    verb.add_option("--seconds", server.seconds, "Stop after this time")
        ->check(CLI::NonNegativeNumber);
    verb.add_flag("--json", server.json, "One JSON object for each request");
    verb.footer(
        "Example: cxctl enrol-server --broker mqtts://broker.example --cert enroller.crt --key "
        "enroller.key --sign-cert ca.crt --sign-key ca.key --claims claim-ca.crt --allow "
        "serials.txt"
    );
    verb.callback([&server, &chosen] {
        chosen = [&server] {
            return run_enrol_server(server);
        };
    });
}

constexpr const char* kOperations =
    "Operations: ping; status; need_dict; collect_diag; restart_agent; restart_plugin source=NAME; "
    "resend lane=0..2 epoch=HEX first=SEQ last=SEQ; live series=GLOB every_s=N ttl_s=N; snapshot "
    "series=GLOB; set_log_level level=debug|info|warn|error ttl_s=N; run_probe probe=TYPE "
    "target=ADDRESS KEY=VALUE; probe_stop ttl_s=N; probe_start; query and "
    "replay, better asked by cxctl query --node and cxctl replay --node";

void add_cmd(CLI::App& app, CommandOptions& command, Chosen& chosen) {
    CLI::App& verb =
        *app.add_subcommand("cmd", "Have a node do something once, and wait for the outcome");
    verb.add_option("node", command.node, "tenant/site/node")->required();
    verb.add_option("op", command.op, "Operation")->required();
    verb.add_option("args", command.args, "Its arguments, key=value");
    verb.add_option("--sign-key", command.sign_key_file, "Signing key, from cxctl keygen (PEM)")
        ->required();
    add_broker(verb, command.connection);
    constexpr std::uint32_t kWeek = 604800;
    verb.add_option("--ttl-s", command.ttl_s, "A node that is away may begin it so much later")
        ->check(CLI::Range(1U, kWeek))
        ->capture_default_str();
    constexpr std::uint32_t kHour = 3600;
    verb.add_option("--max-run-s", command.max_run_s, "The node gives it up after this time")
        ->check(CLI::Range(1U, kHour))
        ->capture_default_str();
    verb.add_option("--wait-s", command.wait_s, "How long to wait for the outcome")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    verb.add_flag("--json", command.json, "One JSON object instead of a line");
    verb.footer(
        std::string("Example: cxctl cmd acme/store-0042/gateway-1 live series='till.*' every_s=5 "
                    "ttl_s=600 --sign-key ops.key --broker mqtts://broker.example\n") +
        kOperations +
        "\nStatus 0 succeeded, 1 failed, expired or rejected, 3 no outcome within the wait."
    );
    verb.callback([&command, &chosen] {
        chosen = [&command] {
            return run_command(command);
        };
    });
}

}  // namespace

void add_fleet_verbs(CLI::App& app, FleetOptions& options, Chosen& chosen) {
    add_enrol(app, options.enrol, chosen);
    add_enrol_server(app, options.enrol_server, chosen);
    add_cmd(app, options.command, chosen);
}

}  // namespace cxedge::ctl
