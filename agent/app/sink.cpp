// SPDX-License-Identifier: Apache-2.0
#include "agent/app/sink.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/app/new_batch.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

// In memory, on behalf of a state directory that cannot be used: small, and lost with a reboot.
constexpr std::uint64_t kDegradedBytes = 16U << 20U;

Event spool_event(std::string name, Severity severity, std::string text) {
    Event event;
    event.name = std::move(name);
    event.severity = severity;
    event.subject = "spool";
    event.text = std::move(text);
    return event;
}

store::SpoolOptions spool_options(const SinkPlaces& places, const config::SpoolConfig& config) {
    store::SpoolOptions options;
    options.directory = places.state_dir;
    options.ring_file = places.ring_file;
    options.max_bytes = static_cast<std::uint64_t>(config.max_mib) << 20U;
    options.commit_interval = config.commit;
    options.max_age = {config.max_age_events, config.max_age_live, config.max_age_bulk};
    options.drop_live_when_full = config.drop_when_full;
    return options;
}

uplink::UplinkStatus with_counts_of(
    const uplink::UplinkStatus& before, uplink::UplinkStatus present
) {
    using uplink::UplinkStatus;
    for (std::uint64_t UplinkStatus::*count :
         {&UplinkStatus::connects,
          &UplinkStatus::batches_sent,
          &UplinkStatus::batches_accepted,
          &UplinkStatus::batches_delivered,
          &UplinkStatus::samples_delivered,
          &UplinkStatus::events_delivered,
          &UplinkStatus::bytes_sent,
          &UplinkStatus::batches_refused,
          &UplinkStatus::batches_resent,
          &UplinkStatus::batches_buried}) {
        present.*count += before.*count;
    }
    return present;
}

}  // namespace

void DeclaredCounts::count(const Declaration& declaration) {
    for (const Gap& gap : declaration.gaps) {
        if (gap.cause != GapCause::split) {
            const auto cause = static_cast<std::size_t>(gap.cause);
            ++gaps.at(cause);
            samples_lost.at(cause) += gap.samples;
        }
    }
    for (const DeadLetter& dead : declaration.dead) {
        ++dead_letters;
        samples_dead += dead.samples;
    }
}

Result<std::unique_ptr<Sink>> Sink::open(
    const SinkPlaces& places,
    const config::SpoolConfig& config,
    const Clock& clock,
    std::vector<Event>& events
) {
    auto sink = std::unique_ptr<Sink>(new Sink());
    store::SpoolOptions options = spool_options(places, config);
    options.declare = [&clock, counts = &sink->declared_](const Declaration& declaration) {
        counts->count(declaration);
        return declaration_batch(declaration, clock);
    };
    auto spool = store::Spool::open(options, clock);
    if (!spool && spool.error().code == ErrorCode::invalid_argument) {
        return spool.error();  // another cxedged works there: two would take each other's numbers
    }
    if (!spool) {
        const std::string why = spool.error().message;
        options.directory = places.fallback_dir;
        options.max_bytes = std::min(options.max_bytes, kDegradedBytes);
        sink->fallback_why_ =
            fmt::format("{}; buffering in {} instead, lost at reboot", why, options.directory);
        log::error("store", sink->fallback_why_);
        events.push_back(spool_event("storage.degraded", Severity::major, why));
        spool = store::Spool::open(options, clock);
        if (!spool) {
            return spool.error().during("opening the spool");
        }
    }
    for (const std::string& repair : (*spool)->report().repairs) {
        log::warn("store", repair);
        events.push_back(spool_event("storage.repaired", Severity::minor, repair));
    }
    sink->spool_ = std::move(*spool);
    return sink;
}

void Sink::start(
    uplink::UplinkOptions options,
    const Clock& clock,
    telemetry::WatchdogFeed* watchdog,
    std::unique_ptr<Identity> identity
) {
    auto uplink = std::make_unique<UplinkThread>(
        std::move(options), *spool_, clock, watchdog, std::move(identity)
    );
    const std::lock_guard lock(uplink_mutex_);
    uplink_ = std::move(uplink);
}

void Sink::leave() {
    if (!uplink_) {
        return;
    }
    uplink_->stop();
    const std::lock_guard lock(uplink_mutex_);
    left_ = with_counts_of(left_, uplink_->status());
    uplink_.reset();
}

void Sink::retain(std::string topic, std::string payload) {
    uplink_->retain(std::move(topic), std::move(payload));
}

void Sink::answer(const uplink::MessageProperties& asked, std::string payload) {
    uplink_->answer(asked, std::move(payload));
}

void Sink::drain(SteadyTime deadline) {
    if (uplink_) {
        uplink_->drain(deadline);
    }
}

void Sink::ask_to_stop() {
    if (uplink_) {
        uplink_->ask_to_stop();
    }
}

void Sink::stop() {
    if (uplink_) {
        uplink_->stop();
    }
}

uplink::UplinkStatus Sink::status() const {
    const std::lock_guard lock(uplink_mutex_);
    return uplink_ ? with_counts_of(left_, uplink_->status()) : left_;
}

uplink::UplinkStatus Sink::status_since_start() const {
    const std::lock_guard lock(uplink_mutex_);
    return uplink_ ? uplink_->status() : uplink::UplinkStatus();
}

void Sink::ask(const wire::Request& request) {
    uplink_->ask(request);
}

IdentityStatus Sink::identity() const {
    const std::lock_guard lock(uplink_mutex_);
    return uplink_ ? uplink_->identity() : IdentityStatus();
}

std::uint64_t Sink::samples_waiting() const {
    std::uint64_t samples = 0;
    for (const Lane lane : kLanes) {
        samples += spool_->status(lane).samples;
    }
    return samples;
}

}  // namespace cxedge::app
