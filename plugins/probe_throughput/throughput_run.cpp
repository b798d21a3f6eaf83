// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/throughput_run.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_devices/http_client_url.hpp"
#include "plugins/probe_throughput/http_flow.hpp"
#include "plugins/probe_throughput/ndt7_flow.hpp"

namespace cxedge::plugins::throughput {
namespace {

using probes::ProbeResult;
using std::chrono::milliseconds;

// Ten round trips of the idle line.
constexpr milliseconds kIdle{1'050};
// For replies that are in a full queue when the load ends.
constexpr milliseconds kLastReplies{3'000};
constexpr milliseconds kLookForReplies{20};
// Streams end by themselves so long before the run is ended, and say which step hangs.
constexpr milliseconds kVerdict{100};

double seconds_of(milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string in_words(Way way) {
    return way == Way::down ? "download" : "upload";
}

}  // namespace

ThroughputRun::ThroughputRun(
    const ThroughputSettings& settings,
    std::string address,
    RttProbe* rtt,
    const probes::ProbeContext& context
)
    : settings_(settings), address_(std::move(address)), rtt_(rtt), context_(context) {
    if (settings.download) {
        ahead_.push_back(Way::down);
    }
    if (!settings.upload_url.empty() || is_ndt7(address_)) {
        ahead_.push_back(Way::up);
    }
    for (const Way way : ahead_) {
        measured_.push_back({way, std::nullopt, {}});
    }
}

void ThroughputRun::begin(Done done) {
    done_ = std::move(done);
    pool_.emplace(context_);
    begun_ = context_.clock.steady_now();
    watchdog_ = context_.loop.after(context_.timeout, [this] {
        const bool told = worst_.result != ProbeResult::ok;
        end(told ? worst_ : FlowEnd{ProbeResult::timeout, "transfer", "did not end in time"});
    });
    if (rtt_ == nullptr) {
        timer_ = context_.loop.after(milliseconds(0), [this] { next(); });
        return;
    }
    watch([] { return true; });
    timer_ = context_.loop.after(kIdle, [this] { measured_idle(); });
}

std::string ThroughputRun::rtt_host() const {
    if (!settings_.rtt_target.empty()) {
        return settings_.rtt_target;
    }
    if (const auto plan = ndt7_plan(address_, Way::down)) {
        return plan->host;
    }
    const std::string& url = settings_.download ? address_ : settings_.upload_url;
    const auto origin = devices::http_origin(url);
    return origin ? origin->host : std::string();
}

void ThroughputRun::watch(std::function<bool()> counts) {
    if (rtt_ != nullptr) {
        watch_ = std::make_unique<RttWatch>(*rtt_, rtt_host(), context_);
        watch_->begin(std::move(counts));
    }
}

void ThroughputRun::measured_idle() {
    watch_->end();
    idle_rtt_ = watch_->values();
    next();
}

// ---- Directions

void ThroughputRun::next() {
    if (ahead_.empty() || worst_.result == ProbeResult::capped) {
        end(worst_);
        return;
    }
    load(ahead_.front());
}

LoadRules ThroughputRun::rules() const {
    LoadRules rules;
    rules.max_bytes = settings_.max_bytes();
    rules.max_s = seconds_of(settings_.max_time);
    rules.early_stop = settings_.early_stop;
    rules.rate.warmup_s = seconds_of(settings_.warmup);
    return rules;
}

void ThroughputRun::load(Way way) {
    load_ = std::make_unique<Load>(context_, rules());
    // The specification of ndt7 has one.
    const std::size_t streams = is_ndt7(address_) ? 1 : static_cast<std::size_t>(settings_.streams);
    // What is left over by the division is a stream's rounding, not sent.
    const std::uint64_t share = settings_.max_bytes() / streams;
    watch([this] { return load_ != nullptr && load_->warm() && !load_->over(); });
    load_->begin(
        streams,
        [&](Flow::Events events) {
            events.time_left = [this] {
                return time_left();
            };
            return make_flow(way, share, std::move(events));
        },
        [this](LoadOutcome outcome) { loaded(std::move(outcome)); }
    );
}

std::unique_ptr<Flow> ThroughputRun::make_flow(Way way, std::uint64_t bytes, Flow::Events events) {
    if (auto plan = ndt7_plan(address_, way)) {
        return std::make_unique<Ndt7Flow>(std::move(*plan), settings_, context_, std::move(events));
    }
    if (way == Way::down) {
        return std::make_unique<HttpDownload>(*pool_, request(way, bytes), std::move(events));
    }
    return std::make_unique<HttpUpload>(*pool_, request(way, bytes), std::move(events));
}

probes::FetchRequest ThroughputRun::request(Way way, std::uint64_t bytes) const {
    probes::FetchRequest request;
    request.url = way == Way::down ? address_ : settings_.upload_url;
    request.method = way == Way::down ? "GET" : settings_.upload_method;
    request.send_bytes = way == Way::down ? 0 : bytes;
    request.family = probes::family_of(settings_.family);
    request.ca_file = settings_.ca_file;
    request.tls_verify = settings_.tls_verify;
    request.new_connection = true;
    if (way == Way::up) {
        request.redirects = 0;  // most would be followed without what is to be sent
    }
    return request;
}

milliseconds ThroughputRun::time_left() const {
    const auto gone =
        std::chrono::duration_cast<milliseconds>(context_.clock.steady_now() - begun_);
    return std::max(context_.timeout - gone - kVerdict, milliseconds(1));
}

void ThroughputRun::loaded(LoadOutcome outcome) {
    const Way way = ahead_.front();
    ahead_.pop_front();
    if (worst_.result == ProbeResult::ok && outcome.end.result != ProbeResult::ok) {
        worst_ = outcome.end;
        worst_.detail = in_words(way) + ": " + worst_.detail;
    }
    if (worst_.detail.empty() && !outcome.counted) {
        worst_.detail = in_words(way) + ": too few bytes to tell a rate";
    }
    Measured& measured = measured_[measured_.size() - 1 - ahead_.size()];
    measured.outcome = std::move(outcome);
    if (watch_ != nullptr) {
        watch_->end();
    }
    wait_until_ = context_.clock.steady_now() + kLastReplies;
    timer_ = context_.loop.after(milliseconds(0), [this] { await_replies(); });
}

// The load is over, and nobody is in it any more.
void ThroughputRun::await_replies() {
    load_.reset();
    const bool all = watch_ == nullptr || watch_->idle();
    if (!all && context_.clock.steady_now() < wait_until_) {
        timer_ = context_.loop.after(kLookForReplies, [this] { await_replies(); });
        return;
    }
    keep_values();
    next();
}

void ThroughputRun::keep_values() {
    if (watch_ != nullptr) {
        measured_[measured_.size() - 1 - ahead_.size()].rtt = watch_->values();
        rtt_problem_ = watch_->problem();
        watch_.reset();
    }
}

void ThroughputRun::end(FlowEnd how) {
    timer_.cancel();
    watchdog_.cancel();
    load_.reset();
    watch_.reset();
    probes::Finding finding;
    finding.result = how.result;
    finding.step = std::move(how.step);
    finding.detail = std::move(how.detail);
    if (const auto idle = median(idle_rtt_)) {
        finding.facts.emplace_back(
            "idle round trip", std::to_string(static_cast<int>(*idle * 1e6)) + " us"
        );
    }
    if (!rtt_problem_.empty()) {
        finding.facts.emplace_back("round trip under load", rtt_problem_);
    }
    for (const Measured& measured : measured_) {
        add_figures(measured, idle_rtt_, rtt_ != nullptr, finding);
    }
    const Done done = std::exchange(done_, nullptr);
    done(std::move(finding));
}

}  // namespace cxedge::plugins::throughput
