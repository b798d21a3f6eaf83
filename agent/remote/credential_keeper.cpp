// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/credential_keeper.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/base/log.hpp"

namespace cxedge::remote {
namespace {

using std::chrono::milliseconds;

// An enroller that starts a minute after the box must not be waited for an hour.
constexpr milliseconds kShortestWait{5000};
constexpr milliseconds kLongestWait{3600000};
// A broker that restarts refuses too: only the third time it is the credential.
constexpr int kRefusalsToBelieve = 3;
// The uplink tries every second or so in the beginning; longer says that something is wrong.
constexpr std::chrono::seconds kSettleTime{60};
// Two thirds of its life; the last third is for what can go wrong (RFC 9773 section 4.2 suggests
// the same where nobody says when).
constexpr int kLastPart = 3;

std::uint64_t keeper_seed(std::uint64_t seed) {
    return seed != 0 ? seed : random_u64();
}

std::string random_nonce() {
    const EventId id = random_event_id();
    return {id.begin(), id.end()};
}

// The file is there and the broker does not like what is in it.
bool is_refusal(const uplink::Loss& loss) {
    return loss.reached == uplink::Reached::server;
}

}  // namespace

CredentialKeeper::CredentialKeeper(CredentialOptions options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      files_(options_.directory),
      exchange_(parts_.broker, parts_.clock),
      probe_(parts_.broker),
      backoff_(kShortestWait, kLongestWait, keeper_seed(options_.seed)),
      next_(parts_.clock.steady_now()) {
    load();
}

// Also what a process before left half done.
void CredentialKeeper::load() {
    auto present = CredentialFiles::load(files_.node());
    const bool damaged = !present && present.error().code == ErrorCode::corrupt;
    if (damaged) {
        log::error("identity", present.error().message);
        if (CredentialFiles::load(files_.previous()) && files_.fall_back()) {
            present = CredentialFiles::load(files_.node());
        }
    }
    if (present) {
        present_ = std::move(*present);
        ++generation_;
    }
    if (CredentialFiles::load(files_.candidate())) {
        phase_ = Phase::trying;
    } else if (CredentialFiles::load(files_.previous())) {
        phase_ = Phase::settling;
        settle_until_ = parts_.clock.steady_now() + kSettleTime;
    }
}

bool CredentialKeeper::busy() const {
    return phase_ == Phase::asking || probe_.pending();
}

std::string CredentialKeeper::credential() const {
    return present_ ? files_.node() : std::string();
}

std::optional<WallTime> CredentialKeeper::not_after() const {
    return present_ ? std::optional(present_->certificate.not_after) : std::nullopt;
}

void CredentialKeeper::run_once(const UplinkSight& uplink) {
    switch (phase_) {
        case Phase::resting:
            rest(uplink);
            return;
        case Phase::asking:
            on_answer();
            return;
        case Phase::trying:
            step_trial(uplink);
            return;
        case Phase::settling:
            settle(uplink);
            return;
        case Phase::trying_previous:
            step_previous();
            return;
    }
}

void CredentialKeeper::rest(const UplinkSight& /*uplink*/) {
    if (parts_.clock.steady_now() >= next_ && (!present_ || renewal_due())) {
        ask();
    }
}

bool CredentialKeeper::renewal_due() const {
    const Certificate& has = present_->certificate;
    const auto left = has.not_after - parts_.clock.wall_now();
    return left < (has.not_after - has.not_before) / kLastPart;
}

// A box whose clock is not yet set looks to itself like one from before its certificate.
bool CredentialKeeper::is_valid() const {
    return present_ && parts_.clock.wall_now() < present_->certificate.not_after;
}

// ---- asking ----

// With what it has; a box that was off until its certificate ended begins like a new one, but with
// the key that the enroller knows.
void CredentialKeeper::ask() {
    const bool by_claim = !is_valid();
    const std::string& file = by_claim ? options_.claim_file : files_.node();
    const auto proof = CredentialFiles::load(file);
    if (!proof) {
        wait(proof.error().message);
        return;
    }
    auto key = key_to_ask_with(by_claim);
    if (!key) {
        wait(key.error().message);
        return;
    }
    key_ = std::move(*key);
    const auto request = make_request(*proof);
    if (!request) {
        wait(request.error().message);
        return;
    }
    phase_ = Phase::asking;
    exchange_.begin(connection_with(file), options_.name, *request);
}

Result<std::string> CredentialKeeper::key_to_ask_with(bool by_claim) {
    if (by_claim && present_) {
        return private_key_of(present_->pem);
    }
    return files_.next_key();
}

Result<wire::EnrolRequest> CredentialKeeper::make_request(const Credential& proof) {
    auto csr = make_certificate_request(key_, options_.name.node);
    if (!csr) {
        return csr.error();
    }
    wire::EnrolRequest request;
    request.nonce = random_nonce();
    request.serial = options_.serial;
    request.csr = std::move(*csr);
    request.proof_certificate = certificates_of(proof.pem);
    auto signature = sign_with_key(proof.pem, enrol_proof_bytes(options_.name, request));
    if (!signature) {
        return signature.error();
    }
    request.proof = std::move(*signature);
    return request;
}

uplink::BrokerOptions CredentialKeeper::connection_with(const std::string& file) const {
    uplink::BrokerOptions options = options_.broker;
    uplink::point_at(options, options_.endpoints.at(endpoint_));
    options.client_id += "-identity";  // the uplink's own would throw the uplink out
    options.certificate_file = file;
    options.key_file = file;
    return options;
}

void CredentialKeeper::on_answer() {
    const auto outcome = exchange_.step();
    if (outcome == EnrolExchange::Outcome::pending) {
        return;
    }
    phase_ = Phase::resting;
    if (outcome != EnrolExchange::Outcome::answered) {
        wait(exchange_.why());
        next_endpoint();
        return;
    }
    const wire::EnrolResponse& response = exchange_.response();
    const Status taken = response.refused.empty() ? take_certificate(response)
                                                  : Status(unavailable(response.refused));
    if (!taken) {
        wait("the enroller answered: " + taken.error().message);
        return;
    }
    refusals_ = 0;
    next_ = parts_.clock.steady_now();
    phase_ = Phase::trying;
}

Status CredentialKeeper::take_certificate(const wire::EnrolResponse& response) {
    const auto certificate = parse_certificate(response.certificate, key_);
    if (!certificate) {
        return certificate.error();
    }
    if (!certificate->fits_key || certificate->subject != options_.name.node) {
        return corrupt(fmt::format(
            "its certificate is for {}, or for another key; ignored", certificate->subject
        ));
    }
    // First, so that a kill in between does not lose it: the request would have to be made again.
    if (!response.desired.empty()) {
        if (Status kept = files_.keep_first_desired(response.desired); !kept) {
            return kept;
        }
    }
    return files_.keep_candidate(response.certificate, key_);
}

// ---- trying what was received ----

void CredentialKeeper::try_candidate() {
    probe_.begin(connection_with(files_.candidate()));
}

void CredentialKeeper::step_trial(const UplinkSight& uplink) {
    if (!probe_.pending()) {
        if (parts_.clock.steady_now() < next_) {
            return;
        }
        try_candidate();
    }
    switch (probe_.step()) {
        case uplink::FailbackProbe::Outcome::pending:
            return;
        case uplink::FailbackProbe::Outcome::works:
            adopt(uplink);
            return;
        case uplink::FailbackProbe::Outcome::fails:
        case uplink::FailbackProbe::Outcome::idle:
            candidate_failed();
            return;
    }
}

void CredentialKeeper::candidate_failed() {
    refusals_ = is_refusal(parts_.broker.last_loss()) ? refusals_ + 1 : 0;
    next_endpoint();
    if (refusals_ < kRefusalsToBelieve) {
        next_ = parts_.clock.steady_now() + kShortestWait;
        problem_ = "a new certificate is here, but no broker answers to try it with";
        return;
    }
    if (const Status dropped = files_.drop_candidate(); !dropped) {
        log::error("identity", dropped.error().message);
    }
    phase_ = Phase::resting;
    wait("the broker refuses the new certificate; have it trust the enroller's CA");
}

void CredentialKeeper::adopt(const UplinkSight& uplink) {
    const bool renewed = present_.has_value();
    if (const Status adopted = files_.adopt(); !adopted) {
        wait(adopted.error().message);
        return;
    }
    auto loaded = CredentialFiles::load(files_.node());
    if (!loaded) {
        wait(loaded.error().message);
        return;
    }
    present_ = std::move(*loaded);
    ++generation_;
    problem_.clear();
    told_.clear();
    backoff_.reset();
    connects_at_swap_ = uplink.connects;
    settle_until_ = parts_.clock.steady_now() + kSettleTime;
    phase_ = renewed ? Phase::settling : Phase::resting;
    tell(
        renewed ? "credential.renewed" : "credential.enrolled",
        Severity::info,
        "certificate valid until " + iso8601(present_->certificate.not_after)
    );
}

// ---- the uplink's turn ----

void CredentialKeeper::settle(const UplinkSight& uplink) {
    if (uplink.online && uplink.connects > connects_at_swap_) {
        if (const Status gone = files_.forget_previous(); !gone) {
            log::error("identity", gone.error().message);
        }
        phase_ = Phase::resting;
        return;
    }
    if (parts_.clock.steady_now() >= settle_until_) {
        probe_.begin(connection_with(files_.previous()));
        phase_ = Phase::trying_previous;
    }
}

// Only if the old one works where the new one did not, it is the credential and not the network.
void CredentialKeeper::step_previous() {
    const auto outcome = probe_.step();
    if (outcome == uplink::FailbackProbe::Outcome::pending) {
        return;
    }
    settle_until_ = parts_.clock.steady_now() + kSettleTime;
    phase_ = Phase::settling;
    if (outcome != uplink::FailbackProbe::Outcome::works || !files_.fall_back()) {
        next_endpoint();
        return;
    }
    auto loaded = CredentialFiles::load(files_.node());
    if (loaded) {
        present_ = std::move(*loaded);
    }
    ++generation_;
    phase_ = Phase::resting;
    wait("the broker takes the new certificate no more: back to the one before");
}

// ---- telling ----

void CredentialKeeper::wait(const std::string& why) {
    const milliseconds pause = backoff_.next();
    next_ = parts_.clock.steady_now() + pause;
    problem_ = why;
    log::warn(
        "identity", fmt::format("{}: {}", present_ ? "no new certificate" : "not enrolled", why)
    );
    if (present_ && told_ != why) {
        told_ = why;
        tell("credential.refused", Severity::warning, why);
    }
}

void CredentialKeeper::next_endpoint() {
    endpoint_ = (endpoint_ + 1) % options_.endpoints.size();
}

void CredentialKeeper::tell(const char* name, Severity severity, std::string text) {
    log::info("identity", text);
    Event event;
    event.name = name;
    event.severity = severity;
    event.subject = options_.name.node;
    event.text = std::move(text);
    parts_.tell(std::move(event));
}

}  // namespace cxedge::remote
