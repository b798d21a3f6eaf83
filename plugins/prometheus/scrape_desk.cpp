// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/scrape_desk.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

// The text formats that exposition.hpp reads, the one that says where it ends first.
constexpr const char* kAccept =
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.7,*/*;q=0.1";

devices::DeviceState state_of(const std::string& device, bool up) {
    devices::DeviceState state;
    state.device = device;
    state.up = up;
    return state;
}

}  // namespace

ScrapeDesk::ScrapeDesk(
    const Shared& shared, devices::HttpClient& client, const ScrapeTarget& target
)
    : shared_(shared),
      target_(target),
      device_(target.name()),
      series_(shared.host, shared.rules, device_, shared.budget),
      cycle_(
          shared.host,
          client,
          target.interval,
          target.url,
          {[this] { return call(); },
           [this](const Result<devices::HttpReply>& reply) {
               if (reply) {
                   take(*reply);
               } else {
                   failed(reply.error().message);
               }
           },
           [this] {
               shared_.count(ScrapeOutcome::skipped);
           }}
      ) {}

devices::HttpCall ScrapeDesk::call() const {
    devices::HttpCall call;
    const devices::HttpAccess& access = target_;
    call.access = access;
    call.url = target_.url;
    auto& headers = call.access.headers;
    const bool says_accept = std::any_of(headers.begin(), headers.end(), [](const auto& header) {
        return devices::lower(header.first) == "accept";
    });
    if (!says_accept) {
        headers.emplace_back("Accept", kAccept);
    }
    return call;
}

void ScrapeDesk::take(const devices::HttpReply& reply) {
    const std::string type = devices::bare_content_type(reply.content_type);
    if (type == "text/html" || type == "application/vnd.google.protobuf") {
        failed(device_ + ": what it sends is not Prometheus text (is the path right?)");
        return;
    }
    series_.begin_scrape();
    taken_ = 0;
    refused_values_ = 0;
    bad_values_ = 0;
    Exposition exposition(type == "application/openmetrics-text");
    const ExpositionSummary summary =
        exposition.read(reply.body, [this](const ExposedSample& sample) { take_sample(sample); });
    if (summary.samples == 0 && (summary.bad_lines > 0 || summary.truncated)) {
        failed(device_ + ": what it sends is not Prometheus text (is the path right?)");
        return;
    }
    told(summary);
}

void ScrapeDesk::take_sample(const ExposedSample& sample) {
    ScrapedSeries::Series* const series = series_.find(sample);
    if (series == nullptr) {
        return;
    }
    if (const Status emitted = emit(*series, sample); emitted) {
        ++taken_;
    } else {
        ++refused_values_;
    }
}

Status ScrapeDesk::emit(ScrapedSeries::Series& series, const ExposedSample& sample) {
    if (!std::isfinite(sample.value)) {
        // Of a level: there is none now. A count is never no number.
        bad_values_ += series.kind == Kind::gauge ? 0U : 1U;
        return series.kind == Kind::gauge ? shared_.host.emit_lost(series.id) : Status();
    }
    if (!sample.time_ms || !shared_.rules.timestamps) {
        return shared_.host.emit(series.id, sample.value);
    }
    if (series.time_ms == sample.time_ms) {
        return {};  // what an earlier scrape said
    }
    series.time_ms = sample.time_ms;
    const Occasion occasion =
        shared_.clock.occasion(device_, {devices::DeviceTime{*sample.time_ms, false}, {}, {}});
    return occasion.time ? shared_.host.emit_at(series.id, sample.value, *occasion.time)
                         : shared_.host.emit(series.id, sample.value);
}

void ScrapeDesk::told(const ExpositionSummary& summary) {
    shared_.clock.end_of_message();
    const ScrapedSeries::Tally& tally = series_.tally();
    devices::Report report;
    report.devices.push_back(state_of(device_, true));
    report.private_fields = tally.private_labels;
    const auto bad = [&](std::uint64_t times, const std::string& where, const char* what) {
        report.bad_elements.insert(
            report.bad_elements.end(), static_cast<std::size_t>(times), {device_ + where, what}
        );
    };
    bad(summary.bad_lines, fmt::format(" line {}", summary.first_bad_line), "is not a sample");
    bad(summary.truncated ? 1 : 0, "", "the exposition ends too early");
    bad(tally.ambiguous, "", "samples differ in nothing but personal labels");
    bad(bad_values_, "", "a count is not a number");
    static_cast<void>(shared_.intake.take(report));  // holds no reading that could be refused
    tell_refused();
    shared_.count_samples(taken_, tally.refused + tally.over + refused_values_);
    shared_.problem(
        device_, refused_values_ > 0 ? device_ + ": the box refuses what it says" : std::string()
    );
    shared_.count(ScrapeOutcome::ok);
}

void ScrapeDesk::tell_refused() {
    const ScrapedSeries::Tally& tally = series_.tally();
    if (!tally.refused_names.empty()) {
        event_once(
            refused_said_,
            "prometheus.refused",
            fmt::format(
                "The agent refuses {} samples: declare their metrics with a [[rule]] that gives a "
                "unit, or drop them: {}.",
                tally.refused,
                fmt::join(tally.refused_names, ", ")
            )
        );
    }
    if (tally.over > 0) {
        event_once(
            over_said_,
            "prometheus.too_many_series",
            fmt::format(
                "{} samples are left out: there are more than {} series (max_series).",
                tally.over,
                shared_.rules.max_series
            )
        );
    }
}

void ScrapeDesk::event_once(bool& said, const char* name, const std::string& text) {
    if (std::exchange(said, true)) {
        return;
    }
    shared_.host.log(log::Level::warn, device_ + ": " + text);
    Event event;
    event.name = name;
    event.severity = Severity::warning;
    event.subject = device_;
    event.text = text;
    event.attrs = {{"source", std::string(shared_.host.source_name())}};
    shared_.host.emit_event(std::move(event));
}

void ScrapeDesk::failed(const std::string& why) {
    devices::Report report;
    report.devices.push_back(state_of(device_, false));
    static_cast<void>(shared_.intake.take(report));
    series_.for_each_due([this](SeriesId id) {
        static_cast<void>(shared_.host.emit_lost(id));  // refused, it is a gap all the same
    });
    shared_.problem(device_, why);
    shared_.count(ScrapeOutcome::failed);
}

}  // namespace cxedge::plugins
