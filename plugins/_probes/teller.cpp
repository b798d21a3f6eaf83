// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/teller.hpp"

#include <algorithm>

namespace cxedge::probes {
namespace {

// What is kept for the next process while the alarm is raised.
constexpr std::string_view kSpent = "budget spent";

void add_dim(SeriesInfo& info, std::string_view key, std::string_view value) {
    info.key.dims.push_back({std::string(key), std::string(value)});
}

}  // namespace

Teller::Teller(Host& host, const std::vector<std::pair<std::string, std::string>>& dims)
    : host_(host), test_(host.source_name()) {
    for (const auto& [key, value] : dims) {
        dims_.push_back({key, value});
    }
    if (host.kept() == kSpent) {
        spent_ = alarm_id();
    }
}

// The same over restarts, so that the next process clears what this one raised.
EventId Teller::alarm_id() const {
    const BoxName& box = host_.box();
    return derived_event_id(
        "probe.budget.spent/" + box.tenant + "/" + box.site + "/" + box.node + "/" + test_
    );
}

std::optional<SeriesId> Teller::series(SeriesInfo info) {
    info.key.dims.insert(info.key.dims.end(), dims_.begin(), dims_.end());
    std::sort(info.key.dims.begin(), info.key.dims.end());
    const auto [found, added] = known_.try_emplace(info.key);
    if (added) {
        if (const Result<SeriesId> id = host_.declare(info)) {
            found->second = *id;
        } else {
            const std::string name = to_string(info.key);
            host_.log(log::Level::warn, name + " is left out: " + id.error().message);
        }
    }
    return found->second;
}

// What storage refuses of a test is lost, and declared by the agent.
void Teller::emit(SeriesInfo info, const std::vector<double>& values) {
    const std::optional<SeriesId> id = series(std::move(info));
    if (!id) {
        return;
    }
    if (values.empty()) {
        (void)host_.emit_lost(*id);
    }
    for (const double value : values) {
        (void)host_.emit(*id, value);
    }
}

void Teller::tell_result(const Target& target, ProbeResult result) {
    SeriesInfo info = of_test("probe.result", Kind::state, "1");
    info.states = result_words();
    add_dim(info, "target", target.name);
    emit(std::move(info), {static_cast<double>(result)});
}

void Teller::found(const Target& target, const Finding& finding) {
    tell_result(target, finding.result);
    for (const Figure& figure : finding.figures) {
        SeriesInfo info = figure.info;
        add_dim(info, "target", target.name);
        emit(std::move(info), figure.values);
    }
    for (Event event : finding.events) {
        event.subject = event.subject.empty() ? target.name : event.subject;
        host_.emit_event(std::move(event));
    }
}

void Teller::not_run(const Target& target, ProbeResult why) {
    tell_result(target, why);
}

SeriesInfo Teller::of_test(std::string_view metric, Kind kind, std::string_view unit) const {
    SeriesInfo info;
    info.key.metric = metric;
    info.kind = kind;
    info.unit = unit;
    add_dim(info, "test", test_);
    return info;
}

void Teller::skipped(std::string_view reason, std::uint64_t cycles) {
    SeriesInfo info = of_test("probe.skipped", Kind::delta, "{run}");
    add_dim(info, "reason", reason);
    emit(std::move(info), {static_cast<double>(cycles)});
}

void Teller::began(std::chrono::milliseconds behind_slot) {
    emit(
        of_test("probe.start_delay", Kind::histogram, "s"),
        {static_cast<double>(behind_slot.count()) / 1000}
    );
}

void Teller::minute(std::chrono::seconds last_run_age, std::string_view interface, BudgetUse used) {
    emit(
        of_test("probe.last_run_age", Kind::gauge, "s"), {static_cast<double>(last_run_age.count())}
    );
    SeriesInfo data = of_test("net.data.used", Kind::delta, "By");
    add_dim(data, "purpose", "test");
    add_dim(data, "ifname", interface.empty() ? "any" : interface);
    emit(std::move(data), {static_cast<double>(used.bytes)});
}

void Teller::budget_is_spent(bool spent) {
    if (spent == spent_.has_value()) {
        return;
    }
    Event event;
    event.name = "probe.budget.spent";
    event.severity = Severity::warning;
    event.subject = test_;
    if (spent) {
        spent_ = alarm_id();
        host_.keep(kSpent);
        event.text = "the budget of the month is spent: " + test_ + " does not run until the next";
    } else {
        event.state = EventState::clear;
        event.text = test_ + " runs again";
    }
    event.id = *spent_;
    if (!spent) {
        spent_.reset();
        host_.keep("");
    }
    host_.emit_event(std::move(event));
}

}  // namespace cxedge::probes
