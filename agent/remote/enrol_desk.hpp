// SPDX-License-Identifier: Apache-2.0
// The reference enroller's judgement: who gets a certificate. What every request must bring: a
// request for a certificate signed by its own key, and a proof by a claim certificate or by the
// node's present certificate over all of it. Thread: one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/remote/credential_x509.hpp"
#include "agent/remote/enrol_register.hpp"
#include "agent/wire/enrolment.hpp"

namespace cxedge::remote {

// By serial: the "tenant/site/node" that it may become; empty: any.
using AllowedSerials = std::map<std::string, std::string>;
// One a line: "SERIAL" or "SERIAL tenant/site/node". corrupt: with the line's number.
Result<AllowedSerials> parse_allowed_serials(const std::string& text);

struct EnrolRules {
    Issuer issuer;
    std::string claims_pem;   // claim certificates, or the CAs that issued them
    bool any_serial = false;  // else only those of `serials`
    AllowedSerials serials;
    // No node may be called so. At the broker the certificate's name gives the rights (README.md),
    // so these would give away those of others; the first are README.md's.
    std::set<std::string> reserved{"operations", "enroller", "claim"};
    // "tenant/site/node" that may come with another key once more: a box that was replaced.
    std::set<std::string> replaceable;
    std::chrono::seconds lifetime{std::chrono::hours(365 * 24)};
    // The first configuration for a node, a signed envelope; empty: none.
    std::function<std::string(const wire::EnrolName&)> first_desired;
};

class EnrolDesk {
public:
    // The register outlives it.
    EnrolDesk(EnrolRules rules, EnrolRegister& known) : rules_(std::move(rules)), known_(known) {}

    // A refusal is an answer too. Nothing is remembered of what is refused.
    wire::EnrolResponse answer(
        const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
    );

private:
    struct Asked {
        CertificateRequest wanted;
        std::string proof_key;  // fingerprint of the proof's
        bool renewal = false;   // the proof is a key of the node itself
    };
    [[nodiscard]] Result<Asked> examine(
        const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
    ) const;
    [[nodiscard]] Status check_proof(
        const wire::EnrolRequest& request, const Asked& asked, WallTime now
    ) const;
    [[nodiscard]] Status check_serial(const wire::EnrolName& name, const std::string& serial) const;
    [[nodiscard]] Status check_name(const wire::EnrolName& name) const;
    [[nodiscard]] Status check_key(const wire::EnrolName& name, const Asked& asked) const;
    Result<std::string> issue(
        const wire::EnrolName& name, const wire::EnrolRequest& request, WallTime now
    );

    EnrolRules rules_;
    EnrolRegister& known_;
};

}  // namespace cxedge::remote
