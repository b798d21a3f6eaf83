// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/enrol.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/log.hpp"
#include "agent/config/load.hpp"
#include "agent/config/node_name.hpp"
#include "agent/ctl/doctor/secret_place.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/remote/credential_keeper.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::milliseconds kEnrolTurn{50};

Result<remote::CredentialOptions> credential_options(
    const config::AgentConfig& config, const std::string& state_dir
) {
    if (config.node.claim_file.empty() || !config.uplink.certificate_file.empty()) {
        return invalid_argument(
            "set node.claim_file, and leave uplink.certificate_file empty, for this box to enrol"
        );
    }
    remote::CredentialOptions options;
    options.directory = state_dir + "/identity";
    options.name = {config.node.tenant, config.node.site, config::node_name(config.node)};
    options.serial = config.node.serial.empty() ? remote::box_serial() : config.node.serial;
    options.claim_file = readable_path(config.node.claim_file);
    for (const std::string& url : config.uplink.brokers) {
        ConnectionOptions connection;
        connection.broker = url;
        connection.username = config.uplink.username;
        connection.password_file = readable_path(config.uplink.password_file);
        connection.ca_file = readable_path(config.uplink.ca_file);
        auto parsed = broker_options(connection);
        if (!parsed) {
            return parsed.error();
        }
        options.endpoints.push_back({parsed->host, parsed->port, parsed->tls});
        options.broker = std::move(*parsed);
    }
    return options;
}

struct EnrolOutcome {
    bool enrolled = false;
    std::string problem;
    WallTime not_after{};
};

EnrolOutcome enrol_within(
    remote::CredentialKeeper& keeper, const EnrolOptions& options, StopSignal& signal
) {
    const SystemClock clock;
    const auto patience = std::chrono::duration<double>(options.timeout_s);
    const SteadyTime begun = clock.steady_now();
    std::string said;
    while (keeper.credential().empty() && clock.steady_now() - begun < patience) {
        keeper.run_once({});
        if (keeper.problem() != said) {
            said = keeper.problem();
            note(said);
        }
        if (signal.within(kEnrolTurn)) {
            break;
        }
    }
    const auto not_after = keeper.not_after();
    return {!keeper.credential().empty(), keeper.problem(), not_after.value_or(WallTime())};
}

void report(const EnrolOutcome& outcome, const remote::CredentialOptions& who, bool json) {
    const std::string until = iso8601(outcome.not_after);
    if (json) {
        nlohmann::json line{{"enrolled", outcome.enrolled}, {"node", who.name.node}};
        if (outcome.enrolled) {
            line["valid_until"] = until;
        } else {
            line["problem"] = outcome.problem;
        }
        write_out(line.dump() + "\n");
    } else if (outcome.enrolled) {
        write_out(fmt::format(
            "{} is enrolled, certificate in {} valid until {}; next: systemctl restart cxedged\n",
            who.name.node,
            who.directory,
            until
        ));
    }
}

}  // namespace

ExitCode run_enrol(const EnrolOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const auto loaded = config::load({options.config_file, options.profiles_dir});
    if (!loaded) {
        return fail(loaded.error());
    }
    const auto who = credential_options(loaded->config, options.state_dir);
    if (!who) {
        return fail(who.error().during(options.config_file));
    }
    log::set_level(log::Level::error);  // what it has to say is said as notes
    const auto broker = uplink::make_mosquitto_broker();
    const SystemClock clock;
    remote::CredentialKeeper keeper(*who, {*broker, clock, [](const Event&) {
                                           }});
    const EnrolOutcome outcome = enrol_within(keeper, options, *signal);
    report(outcome, *who, options.json);
    if (outcome.enrolled) {
        return ExitCode::ok;
    }
    return outcome.problem.find("the enroller answered") == 0 ? ExitCode::failed
                                                              : ExitCode::unavailable;
}

}  // namespace cxedge::ctl
