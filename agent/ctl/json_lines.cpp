// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_lines.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "agent/base/ids.hpp"
#include "agent/ctl/json_text.hpp"

namespace cxedge::ctl {
namespace {

void append_origin(std::string& out, const Origin& origin) {
    out += R"({"topic":)";
    append_json(out, origin.topic);
    out += ",\"tenant\":";
    append_json(out, origin.tenant);
    out += ",\"site\":";
    append_json(out, origin.site);
    out += ",\"node\":";
    append_json(out, origin.node);
}

// What all lines of a batch begin with.
std::string prefix_of(const ShownBatch& batch) {
    std::string out;
    append_origin(out, batch.origin);
    out += ",\"epoch\":";
    append_json_hex(out, batch.header.epoch);
    out += ",\"lane\":";
    append_json(out, std::uint64_t{static_cast<std::uint8_t>(batch.header.lane)});
    out += ",\"seq\":";
    append_json(out, batch.header.seq);
    out += batch.header.backfill ? ",\"backfill\":true" : ",\"backfill\":false";
    out += batch.header.estimated ? ",\"estimated\":true" : "";
    out += batch.header.simulated ? ",\"simulated\":true" : "";
    out += batch.duplicate ? ",\"duplicate\":true" : "";
    out += ",\"time_ms\":";
    return out;
}

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

void append_series(std::string& out, const SeriesInfo& info) {
    out += ",\"metric\":";
    append_json(out, info.key.metric);
    out += ",\"unit\":";
    append_json(out, info.unit);
    out += ",\"dims\":";
    append_dimensions(out, info.key.dims);
    out += ",\"kind\":";
    append_json(out, to_string(info.kind));
}

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

const std::string* state_text(double value, const std::vector<std::string>& states) {
    const bool in_range = value >= 0 && value < static_cast<double>(states.size());
    if (!in_range || value != std::floor(value)) {
        return nullptr;
    }
    return &states[static_cast<std::size_t>(value)];
}

void JsonLines::batch(const ShownBatch& batch) {
    const std::string prefix = prefix_of(batch);
    for (const Sample& taken : batch.body.samples) {
        const SeriesInfo* info = batch.dictionary.find(index_of(taken.series));
        if (info != nullptr) {
            sample(prefix, taken, *info);
        }
    }
    for (const Event& happened : batch.body.events) {
        event(prefix, happened);
    }
    for (const auto& declared : batch.body.gaps) {
        gap(prefix, declared);
    }
    for (const auto& declared : batch.body.dead) {
        dead_letter(prefix, declared);
    }
    for (const ClockStep& step : batch.body.clock_steps) {
        clock_step(prefix, step);
    }
}

void JsonLines::sample(const std::string& prefix, const Sample& sample, const SeriesInfo& info) {
    out_ += prefix;
    append_json(out_, sample.time.ms);
    append_series(out_, info);
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
        append_histogram(out_, *histogram);
    } else if (const auto* value = std::get_if<double>(&sample.value)) {
        out_ += ",\"value\":";
        append_json(out_, *value);
        if (info.kind == Kind::state) {
            append_state(out_, *value, info.states);
        }
    } else {
        out_ += ",\"value\":null,\"lost\":true";
    }
    out_ += "}\n";
}

void JsonLines::event(const std::string& prefix, const Event& event) {
    out_ += prefix;
    append_json(out_, event.time.ms);
    out_ += ",\"event\":";
    append_json(out_, event.name);
    out_ += ",\"severity\":";
    append_json(out_, to_string(event.severity));
    out_ += ",\"state\":";
    append_json(out_, to_string(event.state));
    out_ += ",\"id\":";
    append_json(out_, to_hex(event.id));
    out_ += ",\"subject\":";
    append_json(out_, event.subject);
    out_ += ",\"text\":";
    append_json(out_, event.text);
    out_ += ",\"attrs\":";
    append_dimensions(out_, event.attrs);
    out_ += "}\n";
}

void JsonLines::gap(const std::string& prefix, const wire::Declared<Gap>& gap) {
    out_ += prefix;
    append_json(out_, gap.time.ms);
    out_ += ",\"gap\":{\"epoch\":";
    append_json_hex(out_, gap.what.epoch);
    append_field(out_, ",\"lane\":", static_cast<std::uint64_t>(gap.what.lane));
    append_field(out_, ",\"first_seq\":", gap.what.first_seq);
    append_field(out_, ",\"last_seq\":", gap.what.last_seq);
    append_field(out_, ",\"samples\":", gap.what.samples);
    append_field(out_, ",\"events\":", gap.what.events);
    out_ += ",\"cause\":";
    append_json(out_, to_string(gap.what.cause));
    out_ += "}}\n";
}

void JsonLines::dead_letter(const std::string& prefix, const wire::Declared<DeadLetter>& dead) {
    out_ += prefix;
    append_json(out_, dead.time.ms);
    out_ += ",\"dead_letter\":{\"epoch\":";
    append_json_hex(out_, dead.what.epoch);
    append_field(out_, ",\"lane\":", static_cast<std::uint64_t>(dead.what.lane));
    append_field(out_, ",\"seq\":", dead.what.seq);
    append_field(out_, ",\"samples\":", dead.what.samples);
    append_field(out_, ",\"events\":", dead.what.events);
    append_field(out_, ",\"reason\":", std::uint64_t{dead.what.reason});
    append_field(out_, ",\"attempts\":", std::uint64_t{dead.what.attempts});
    out_ += "}}\n";
}

void JsonLines::clock_step(const std::string& prefix, const ClockStep& step) {
    out_ += prefix;
    append_json(out_, step.time.ms);
    out_ += ",\"clock_step\":{\"before_ms\":";
    append_json(out_, step.before_ms);
    out_ += ",\"after_ms\":";
    append_json(out_, step.after_ms);
    out_ += "}}\n";
}

void JsonLines::node_state(const Origin& origin, const wire::NodeState& state) {
    append_origin(out_, origin);
    out_ += state.online ? ",\"online\":true" : ",\"online\":false";
    out_ += ",\"boot\":";
    append_json(out_, std::uint64_t{state.boot});
    out_ += ",\"session\":";
    append_json_hex(out_, state.session);
    out_ += ",\"version\":";
    append_json(out_, state.version);
    out_ += ",\"time_ms\":";
    append_json(out_, unix_ms(state.at));
    out_ += "}\n";
}

void JsonLines::definition(const Origin& origin, std::uint32_t id, const SeriesInfo& info) {
    append_origin(out_, origin);
    out_ += ",\"series\":";
    append_json(out_, std::uint64_t{id});
    append_series(out_, info);
    out_ += ",\"states\":[";
    for (const std::string& state : info.states) {
        out_ += out_.back() == '[' ? "" : ",";
        append_json(out_, state);
    }
    out_ += "]}\n";
}

}  // namespace cxedge::ctl
