// SPDX-License-Identifier: Apache-2.0
// The box's client certificate in the running agent: enrols and renews it where the box has a claim
// certificate, and warns before it ends wherever it came from. Thread: the uplink's, but status().
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/model/event.hpp"
#include "agent/remote/credential_keeper.hpp"
#include "agent/uplink/uplink.hpp"

namespace cxedge::app {

struct IdentityStatus {
    std::string valid_until;  // ISO 8601; empty: there is no certificate
    std::string problem;      // empty: well
};

class Identity {
public:
    struct Parts {
        std::string node;
        std::string certificate_file;  // as configured; empty: that of `enrol`, or none
        std::optional<remote::CredentialOptions> enrol;
        const Clock& clock;
        std::function<void(Event)> tell;  // thread: any
    };
    explicit Identity(Parts parts);
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;
    ~Identity() = default;

    // The uplink waits for use_credential() until there is one.
    [[nodiscard]] bool enrols() const { return keeper_ != nullptr; }
    // After each turn of the uplink. A new credential is handed to it.
    void turn(uplink::Uplink& uplink);
    // True while turns should be short.
    [[nodiscard]] bool busy() const { return keeper_ && keeper_->busy(); }

    // Thread: any.
    [[nodiscard]] IdentityStatus status() const;

private:
    void watch_expiry();
    void look_into_file();
    void tell_expiry(bool soon);
    void publish();

    const Parts parts_;
    std::unique_ptr<uplink::Broker> broker_;  // these two: only where the box enrols
    std::unique_ptr<remote::CredentialKeeper> keeper_;
    unsigned generation_ = 0;  // handed to the uplink
    std::optional<WallTime> not_after_;
    bool told_soon_ = false;
    SteadyTime look_again_{};
    mutable std::mutex mutex_;
    IdentityStatus status_;
};

}  // namespace cxedge::app
