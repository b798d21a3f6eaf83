// SPDX-License-Identifier: Apache-2.0
// Gives a box its client certificate, and a new one before that ends (README.md, "A box and its
// certificate"):
//   none -> ask with the claim certificate -> try -> adopt
//   two thirds of its life are over -> ask with the present one -> try -> adopt -> the uplink
//   connects with it -> settled; else the one before comes back
// Nothing is lost meanwhile: what is not acknowledged stays in the spool. Never blocks. Thread:
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/event.hpp"
#include "agent/remote/credential_files.hpp"
#include "agent/remote/enrol_exchange.hpp"
#include "agent/uplink/backoff.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/uplink/failback_probe.hpp"
#include "agent/wire/enrolment.hpp"

namespace cxedge::remote {

struct CredentialOptions {
    std::string directory;  // {state directory}/identity
    wire::EnrolName name;
    std::string serial;
    uplink::BrokerOptions broker;  // CA, user name, patience; not which credential
    std::vector<uplink::Endpoint> endpoints;
    std::string claim_file;  // certificate and key in one PEM file
    std::uint64_t seed = 0;  // of the waiting times; 0: from the kernel
};

// How the uplink is, in the keeper's terms.
struct UplinkSight {
    bool online = false;
    std::uint64_t connects = 0;
};

class CredentialKeeper {
public:
    struct Parts {
        uplink::Broker& broker;  // for asking and trying
        const Clock& clock;
        std::function<void(Event)> tell;
    };
    // What `parts` refers to outlives it. What was interrupted goes on.
    CredentialKeeper(CredentialOptions options, Parts parts);
    CredentialKeeper(const CredentialKeeper&) = delete;
    CredentialKeeper& operator=(const CredentialKeeper&) = delete;
    ~CredentialKeeper() = default;

    // One turn; call it some times a second while busy(), else now and then.
    void run_once(const UplinkSight& uplink);
    [[nodiscard]] bool busy() const;

    // The file to connect with; empty: not enrolled.
    [[nodiscard]] std::string credential() const;
    // Changes whenever credential() is another one.
    [[nodiscard]] unsigned generation() const { return generation_; }
    // Why there is no certificate or no new one; empty: all is well.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    // Of the credential in use.
    [[nodiscard]] std::optional<WallTime> not_after() const;

private:
    enum class Phase : std::uint8_t { resting, asking, trying, settling, trying_previous };

    void load();
    void rest(const UplinkSight& uplink);
    [[nodiscard]] bool renewal_due() const;
    [[nodiscard]] bool is_valid() const;
    void ask();
    Result<wire::EnrolRequest> make_request(const Credential& proof);
    Result<std::string> key_to_ask_with(bool by_claim);
    [[nodiscard]] uplink::BrokerOptions connection_with(const std::string& file) const;
    void on_answer();
    Status take_certificate(const wire::EnrolResponse& response);
    void try_candidate();
    void step_trial(const UplinkSight& uplink);
    void candidate_failed();
    void adopt(const UplinkSight& uplink);
    void settle(const UplinkSight& uplink);
    void step_previous();
    void wait(const std::string& why);
    void next_endpoint();
    void tell(const char* name, Severity severity, std::string text);

    const CredentialOptions options_;
    Parts parts_;
    CredentialFiles files_;
    EnrolExchange exchange_;
    uplink::FailbackProbe probe_;
    uplink::Backoff backoff_;
    Phase phase_ = Phase::resting;
    std::optional<Credential> present_;
    std::string key_;  // of the request under way
    unsigned generation_ = 0;
    std::size_t endpoint_ = 0;
    int refusals_ = 0;  // of the candidate by the broker, in a row
    SteadyTime next_{};
    SteadyTime settle_until_{};
    std::uint64_t connects_at_swap_ = 0;
    std::string problem_;
    std::string told_;  // the problem of the last event
};

}  // namespace cxedge::remote
