// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "agent/base/printable.hpp"
#include "agent/config/load.hpp"
#include "agent/ctl/enrol.hpp"
#include "agent/ctl/files.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/reported_text.hpp"
#include "agent/remote/enrol_desk.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxListBytes = 16UL << 20U;
constexpr double kSecondsOfDay = 86400;
constexpr const char* kAllRequests = "cx/1/+/+/+/enrol/req";

// The node's own first configuration, else the one for all.
std::string first_desired_for(const std::string& directory, const wire::EnrolName& name) {
    for (const std::string& file : {name.node, std::string("default")}) {
        auto found =
            read_file(fmt::format("{}/{}.desired", directory, file), wire::kMaxEnvelopeBytes);
        if (found) {
            return std::move(*found);
        }
    }
    return {};
}

Status read_serials(const EnrolServerOptions& options, remote::EnrolRules& rules) {
    rules.any_serial = options.any;
    if (options.any == !options.allow_file.empty()) {
        return invalid_argument("say whom to enrol: --allow FILE, or --any");
    }
    if (options.any) {
        return {};
    }
    const auto text = read_file(options.allow_file, kMaxListBytes);
    if (!text) {
        return text.error();
    }
    auto serials = remote::parse_allowed_serials(*text);
    if (!serials) {
        return serials.error().during(options.allow_file);
    }
    rules.serials = std::move(*serials);
    return rules.serials.empty() ? Status(invalid_argument(options.allow_file + " lists no serial"))
                                 : Status();
}

// Who is somebody at the broker already: nobody enrols under these names.
Status reserve_names(const EnrolServerOptions& options, remote::EnrolRules& rules) {
    rules.reserved.insert(options.reserve.begin(), options.reserve.end());
    if (const auto url = config::parse_broker_url(options.connection.broker)) {
        rules.reserved.insert(url->host);
    }
    const std::string& own_file = options.connection.certificate_file;
    if (own_file.empty()) {
        return {};
    }
    const auto text = read_file(own_file, kMaxListBytes);
    if (!text) {
        return text.error();
    }
    const auto own = remote::parse_certificate(*text, "");
    if (!own) {
        return own.error().during(own_file);
    }
    rules.reserved.insert(own->subject);
    return {};
}

Result<remote::EnrolRules> rules_of(const EnrolServerOptions& options) {
    remote::EnrolRules rules;
    if (const Status serials = read_serials(options, rules); !serials) {
        return serials.error();
    }
    if (const Status reserved = reserve_names(options, rules); !reserved) {
        return reserved.error();
    }
    for (const auto& [path, into] :
         {std::pair{&options.certificate_file, &rules.issuer.certificate_pem},
          std::pair{&options.key_file, &rules.issuer.key_pem},
          std::pair{&options.claims_file, &rules.claims_pem}}) {
        auto text = read_file(*path, kMaxListBytes);
        if (!text) {
            return text.error();
        }
        *into = std::move(*text);
    }
    if (const Status issuer = remote::check_issuer(rules.issuer); !issuer) {
        return issuer.error().during(options.certificate_file);
    }
    rules.replaceable = {options.replace.begin(), options.replace.end()};
    rules.lifetime = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::duration<double>(options.days * kSecondsOfDay)
    );
    if (!options.desired_dir.empty()) {
        rules.first_desired = [directory = options.desired_dir](const wire::EnrolName& name) {
            return first_desired_for(directory, name);
        };
    }
    return rules;
}

// Hears requests, answers them, and says so on standard output: one line each.
class EnrolServer {
public:
    EnrolServer(
        const EnrolServerOptions& options,
        uplink::BrokerOptions connection,
        uplink::Broker& broker,
        remote::EnrolDesk desk
    )
        : desk_(std::move(desk)),
          link_(
              options.connection.broker,
              std::move(connection),
              {kAllRequests},
              {broker,
               clock_,
               note,
               [this](const std::string& topic, std::string_view payload) { hear(topic, payload); },
               {}}
          ),
          seconds_(options.seconds),
          json_(options.json),
          begun_(clock_.steady_now()) {}

    // False: its time is up.
    bool turn() {
        link_.turn();
        const auto ran = std::chrono::duration<double>(clock_.steady_now() - begun_).count();
        return seconds_ <= 0 || ran < seconds_;
    }
    [[nodiscard]] BrokerLink& link() { return link_; }

private:
    void hear(const std::string& topic, std::string_view payload) {
        const auto parts = wire::parse_topic(topic);
        if (!parts || parts->rest != "enrol/req") {
            return;
        }
        const wire::EnrolName name{parts->tenant, parts->site, parts->node};
        const std::string who = name.tenant + "/" + name.site + "/" + name.node;
        const auto request = wire::decode_enrol_request(payload);
        if (!request) {
            note(who + ": " + request.error().message);
            return;
        }
        const auto response = desk_.answer(name, *request, clock_.wall_now());
        const wire::Topics topics(name.tenant, name.site, name.node);
        link_.publish(topics.enrol_response(), wire::encode_enrol_response(response), false);
        if (json_) {
            write_out(json_line_of(
                {{"node", who},
                 {"serial", request->serial},
                 {"enrolled", response.refused.empty()},
                 {"refused", response.refused}}
            ));
            return;
        }
        const std::string verdict =
            response.refused.empty() ? "enrolled" : "refused: " + response.refused;
        write_out(printable(fmt::format("{} serial {} {}", who, request->serial, verdict)) + "\n");
    }

    SystemClock clock_;
    remote::EnrolDesk desk_;
    BrokerLink link_;
    double seconds_;
    bool json_;
    SteadyTime begun_;
};

}  // namespace

ExitCode run_enrol_server(const EnrolServerOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    auto rules = rules_of(options);
    if (!rules) {
        return fail(rules.error());
    }
    auto known = remote::EnrolRegister::open(options.register_file);
    if (!known) {
        return fail(known.error());
    }
    const auto connection = broker_options(options.connection);
    if (!connection) {
        return fail(connection.error());
    }
    const auto broker = uplink::make_mosquitto_broker();
    EnrolServer server(options, *connection, *broker, remote::EnrolDesk(std::move(*rules), *known));
    while (server.turn() && !signal->within(server.link().pause())) {
    }
    server.link().stop();
    return server.link().was_connected() ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace cxedge::ctl
