// SPDX-License-Identifier: Apache-2.0
#include "agent/app/identity.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/durable_file.hpp"

namespace cxedge::app {
namespace {

// A file that somebody replaces is noticed within the hour; an end comes in weeks.
constexpr std::chrono::hours kLookAgain{1};
constexpr std::size_t kMaxCertificateBytes = 256U << 10U;

}  // namespace

Identity::Identity(Parts parts) : parts_(std::move(parts)) {
    if (parts_.enrol) {
        broker_ = uplink::make_mosquitto_broker();
        keeper_ = std::make_unique<remote::CredentialKeeper>(
            *parts_.enrol, remote::CredentialKeeper::Parts{*broker_, parts_.clock, parts_.tell}
        );
    }
}

void Identity::turn(uplink::Uplink& uplink) {
    if (keeper_) {
        const uplink::UplinkStatus now = uplink.status();
        keeper_->run_once({now.connection == uplink::Connection::online, now.connects});
        if (keeper_->generation() != generation_) {
            generation_ = keeper_->generation();
            uplink.use_credential(keeper_->credential());
            look_again_ = {};
        }
    }
    watch_expiry();
    publish();
}

void Identity::watch_expiry() {
    const SteadyTime now = parts_.clock.steady_now();
    if (now < look_again_) {
        return;
    }
    look_again_ = now + kLookAgain;
    if (keeper_) {
        not_after_ = keeper_->not_after();
    } else {
        look_into_file();
    }
    if (not_after_) {
        tell_expiry(*not_after_ - parts_.clock.wall_now() < remote::kExpirySoon);
    }
}

void Identity::look_into_file() {
    not_after_.reset();
    if (parts_.certificate_file.empty()) {
        return;
    }
    const auto pem = load_file(parts_.certificate_file, kMaxCertificateBytes);
    const auto certificate =
        pem ? remote::parse_certificate(*pem, "") : Result<remote::Certificate>(pem.error());
    if (certificate) {
        not_after_ = certificate->not_after;
    }
}

// Raised once and cleared once; after a restart again, under the same id.
void Identity::tell_expiry(bool soon) {
    if (soon == told_soon_) {
        return;
    }
    told_soon_ = soon;
    Event event;
    event.name = "credential.expiring";
    event.id = derived_event_id("credential.expiring " + parts_.node);
    event.severity = Severity::major;
    event.state = soon ? EventState::raise : EventState::clear;
    event.subject = parts_.node;
    event.text = "the client certificate ends at " + iso8601(*not_after_);
    if (soon && keeper_ && !keeper_->problem().empty()) {
        event.text += "; no new one yet: " + keeper_->problem();
    }
    parts_.tell(std::move(event));
}

void Identity::publish() {
    IdentityStatus now;
    now.valid_until = not_after_ ? iso8601(*not_after_) : "";
    if (keeper_ && !keeper_->problem().empty()) {
        now.problem = (keeper_->credential().empty() ? "not enrolled: " : "not renewed: ") +
                      keeper_->problem();
    } else if (told_soon_) {
        now.problem = "ends at " + now.valid_until + "; get a new one";
    }
    const std::lock_guard lock(mutex_);
    status_ = std::move(now);
}

IdentityStatus Identity::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace cxedge::app
