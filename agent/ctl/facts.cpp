// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/facts.hpp"

#include <cmath>
#include <variant>

#include "agent/ctl/json_fields.hpp"

namespace cxedge::ctl {
namespace {

template <class Append>
std::string detail_of(const Append& append) {
    std::string fields;
    append(fields);
    return as_object(std::move(fields));
}

}  // namespace

std::string as_object(std::string fields) {
    if (fields.empty()) {
        return "{}";
    }
    fields.front() = '{';
    fields += '}';
    return fields;
}

std::vector<Fact> facts_of(const wire::DecodedBody& body) {
    std::vector<Fact> facts;
    const auto add =
        [&](std::string_view type, const SampleTime& time, std::string_view name, const auto& append
        ) {
            facts.push_back({type, time.ms, std::string(name), detail_of(append)});
        };
    for (const Event& event : body.events) {
        add("event", event.time, event.name, [&](std::string& out) {
            append_event_fields(out, event);
        });
    }
    for (const auto& gap : body.gaps) {
        add("gap", gap.time, to_string(gap.what.cause), [&](std::string& out) {
            append_gap_fields(out, gap.what);
        });
    }
    for (const auto& dead : body.dead) {
        add("dead_letter", dead.time, "", [&](std::string& out) {
            append_dead_letter_fields(out, dead.what);
        });
    }
    for (const ClockStep& step : body.clock_steps) {
        add("clock_step", step.time, "", [&](std::string& out) {
            append_clock_step_fields(out, step);
        });
    }
    return facts;
}

FlatValue flat_value(const Sample& sample, const SeriesInfo& info) {
    FlatValue flat;
    const auto* value = std::get_if<double>(&sample.value);
    if (value != nullptr && std::isfinite(*value)) {
        flat.finite = true;
        flat.number = *value;
        if (info.kind != Kind::state) {
            return flat;
        }
    }
    std::string fields;
    append_value_fields(fields, sample, info);
    flat.detail = as_object(std::move(fields));
    return flat;
}

}  // namespace cxedge::ctl
