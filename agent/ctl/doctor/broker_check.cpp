// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/broker_check.hpp"

#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "agent/uplink/reason_code.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::milliseconds kTrialTurn{100};
// MQTT 5.0 section 3.2.2.2.
constexpr std::uint8_t kBadUserOrPassword = 0x86;

constexpr Check kBroker{"broker"};

// Notes how one connection ends up.
class Trial final : public uplink::BrokerListener {
public:
    void on_connected(const uplink::BrokerLimits& /*limits*/) override { connected = true; }
    void on_disconnected(const std::string& why) override { lost = why; }
    void on_puback(int /*mid*/, std::uint8_t /*reason*/) override {}
    void on_message(
        const std::string& /*topic*/, std::string_view /*payload*/, bool /*retained*/
    ) override {}

    bool connected = false;
    std::optional<std::string> lost;
};

bool says_so(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string tls_remedy(std::string_view why, const uplink::BrokerOptions& options) {
    if (says_so(why, "host name")) {
        return "write the host in uplink.broker as it stands in the broker's certificate";
    }
    if (says_so(why, "verify failed")) {
        return options.ca_file.empty()
                   ? "name the CA that signed the broker's certificate in uplink.ca_file"
                   : "put the CA that signed the broker's certificate into " + options.ca_file;
    }
    if (says_so(why, "closed by the broker")) {
        return options.certificate_file.empty()
                   ? "set uplink.certificate_file and key_file if the broker wants a client "
                     "certificate; else check that its port speaks TLS"
                   : "have the broker accept the CA of " + options.certificate_file;
    }
    return "check that the port speaks TLS (mqtts) and that the broker's certificate is in order";
}

std::string server_remedy(
    std::string_view why, const uplink::Loss& loss, const uplink::BrokerOptions& options
) {
    if (loss.reason == uplink::reasons::kNotAuthorised || loss.reason == kBadUserOrPassword) {
        return "check uplink.username and password_file, and what the broker allows this box";
    }
    if (loss.reason >= uplink::kFirstRefusal) {
        return "look into the broker's log for the reason";
    }
    if (options.tls) {
        return tls_remedy(why, options);
    }
    return "check that this port is the broker's MQTT port, and whether it wants TLS (mqtts://)";
}

std::string remedy_of(
    std::string_view why, const uplink::Loss& loss, const uplink::BrokerOptions& options
) {
    switch (loss.reached) {
        case uplink::Reached::nothing:
            return "check the host in uplink.broker and this box's name servers: getent hosts " +
                   options.host;
        case uplink::Reached::name:
            return "check host and port in uplink.broker, that the broker runs, and that no "
                   "firewall is in between";
        case uplink::Reached::server:
            return server_remedy(why, loss, options);
        case uplink::Reached::session:
            return "look into the broker's log: it ended the connection it had accepted";
    }
    return "";
}

// The error of what was not even begun, or how it ended.
Status attempt(const uplink::BrokerOptions& options, uplink::Broker& broker) {
    Trial trial;
    if (Status begun = broker.connect(options, trial); !begun) {
        return begun;
    }
    while (!trial.connected && !trial.lost) {
        broker.poll(kTrialTurn);
    }
    if (trial.lost) {
        return unavailable(*trial.lost);
    }
    broker.disconnect();
    return {};
}

}  // namespace

Finding check_broker(
    const std::string& url, uplink::BrokerOptions options, uplink::Broker& broker
) {
    Status tried = attempt(options, broker);
    if (!tried && broker.last_loss().reason == uplink::reasons::kUnsupportedVersion) {
        options.protocol = uplink::Protocol::v311;
        tried = attempt(options, broker);
    }
    if (tried) {
        return kBroker.ok(fmt::format(
            "{}: connected with {}{}", url, to_string(options.protocol), options.tls ? ", TLS" : ""
        ));
    }
    const std::string& why = tried.error().message;
    const bool begun = tried.error().code == ErrorCode::unavailable;
    return kBroker.problem(
        url + ": " + why,
        begun ? remedy_of(why, broker.last_loss(), options)
              : "mend the path in [uplink], or put the file there"
    );
}

}  // namespace cxedge::ctl
