// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_fields.hpp"

#include <cmath>
#include <variant>

#include "agent/base/ids.hpp"
#include "agent/ctl/json_text.hpp"

namespace cxedge::ctl {
namespace {

void append_bucket(std::string& out, double above, double up_to, std::uint64_t count) {
    out += out.back() == '[' ? "[" : ",[";
    append_json(out, above);
    out += ',';
    append_json(out, up_to);
    out += ',';
    append_json(out, count);
    out += ']';
}

// From the lowest value to the highest; zeros as [0,0,n].
void append_buckets(std::string& out, const Histogram& histogram) {
    out += ",\"buckets\":[";
    const auto& negative = histogram.negative();
    // From behind, which a range-based loop cannot do without std::views.
    // NOLINTNEXTLINE(modernize-loop-convert)
    for (auto it = negative.rbegin(); it != negative.rend(); ++it) {
        const double near = Histogram::bucket_bound(it->first);
        const double far = Histogram::bucket_bound(it->first + 1);
        append_bucket(out, -far, -near, it->second);
    }
    if (histogram.zeros() > 0) {
        append_bucket(out, 0, 0, histogram.zeros());
    }
    for (const auto& [index, count] : histogram.positive()) {
        const double above = Histogram::bucket_bound(index);
        append_bucket(out, above, Histogram::bucket_bound(index + 1), count);
    }
    out += ']';
}

void append_number_or_null(std::string& out, const char* key, double value, bool known) {
    out += key;
    if (known) {
        append_json(out, value);
    } else {
        out += "null";
    }
}

void append_field(std::string& out, const char* key, std::uint64_t value) {
    out += key;
    append_json(out, value);
}

void append_histogram(std::string& out, const Histogram& histogram) {
    const bool any = histogram.count() > 0;
    out += ",\"count\":";
    append_json(out, histogram.count());
    out += ",\"sum\":";
    append_json(out, histogram.sum());
    append_number_or_null(out, ",\"min\":", histogram.min(), any);
    append_number_or_null(out, ",\"max\":", histogram.max(), any);
    append_number_or_null(out, ",\"p50\":", histogram.quantile(0.5), any);
    append_number_or_null(out, ",\"p95\":", histogram.quantile(0.95), any);
    append_number_or_null(out, ",\"p99\":", histogram.quantile(0.99), any);
    append_buckets(out, histogram);
}

void append_state(std::string& out, double value, const std::vector<std::string>& states) {
    out += ",\"state\":";
    const std::string* text = state_text(value, states);
    if (text == nullptr) {
        out += "null";
    } else {
        append_json(out, *text);
    }
}

}  // namespace

void append_dimensions(std::string& out, const std::vector<Dimension>& dims) {
    out += '{';
    for (const Dimension& dim : dims) {
        out += out.back() == '{' ? "" : ",";
        append_json(out, dim.key);
        out += ':';
        append_json(out, dim.value);
    }
    out += '}';
}

const std::string* state_text(double value, const std::vector<std::string>& states) {
    const bool in_range = value >= 0 && value < static_cast<double>(states.size());
    if (!in_range || value != std::floor(value)) {
        return nullptr;
    }
    return &states[static_cast<std::size_t>(value)];
}

void append_value_fields(std::string& out, const Sample& sample, const SeriesInfo& info) {
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
        append_histogram(out, *histogram);
    } else if (const auto* value = std::get_if<double>(&sample.value)) {
        out += ",\"value\":";
        append_json(out, *value);
        if (info.kind == Kind::state) {
            append_state(out, *value, info.states);
        }
    } else {
        out += ",\"value\":null,\"lost\":true";
    }
}

void append_event_fields(std::string& out, const Event& event) {
    out += ",\"event\":";
    append_json(out, event.name);
    out += ",\"severity\":";
    append_json(out, to_string(event.severity));
    out += ",\"state\":";
    append_json(out, to_string(event.state));
    out += ",\"id\":";
    append_json(out, to_hex(event.id));
    out += ",\"subject\":";
    append_json(out, event.subject);
    out += ",\"text\":";
    append_json(out, event.text);
    out += ",\"attrs\":";
    append_dimensions(out, event.attrs);
}

void append_gap_fields(std::string& out, const Gap& gap) {
    out += ",\"gap\":{\"epoch\":";
    append_json_hex(out, gap.epoch);
    append_field(out, ",\"lane\":", static_cast<std::uint64_t>(gap.lane));
    append_field(out, ",\"first_seq\":", gap.first_seq);
    append_field(out, ",\"last_seq\":", gap.last_seq);
    append_field(out, ",\"samples\":", gap.samples);
    append_field(out, ",\"events\":", gap.events);
    out += ",\"cause\":";
    append_json(out, to_string(gap.cause));
    out += '}';
}

void append_dead_letter_fields(std::string& out, const DeadLetter& dead) {
    out += ",\"dead_letter\":{\"epoch\":";
    append_json_hex(out, dead.epoch);
    append_field(out, ",\"lane\":", static_cast<std::uint64_t>(dead.lane));
    append_field(out, ",\"seq\":", dead.seq);
    append_field(out, ",\"samples\":", dead.samples);
    append_field(out, ",\"events\":", dead.events);
    append_field(out, ",\"reason\":", std::uint64_t{dead.reason});
    append_field(out, ",\"attempts\":", std::uint64_t{dead.attempts});
    out += '}';
}

void append_clock_step_fields(std::string& out, const ClockStep& step) {
    out += ",\"clock_step\":{\"before_ms\":";
    append_json(out, step.before_ms);
    out += ",\"after_ms\":";
    append_json(out, step.after_ms);
    out += '}';
}

}  // namespace cxedge::ctl
