// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_lines.hpp"

#include "agent/ctl/json_fields.hpp"
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

void append_estimate(std::string& out, const wire::BatchHeader& header) {
    if (!header.estimated) {
        return;
    }
    out += ",\"estimated\":true,\"t0_ms\":";
    append_json(out, unix_ms(header.t0));
    out += ",\"t0_earliest_ms\":";
    append_json(out, unix_ms(header.t0_earliest));
    out += ",\"t0_latest_ms\":";
    append_json(out, unix_ms(header.t0_latest));
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
    append_estimate(out, batch.header);
    out += batch.header.simulated ? ",\"simulated\":true" : "";
    if (batch.body.replay != 0) {
        out += ",\"replay\":";
        append_json_hex(out, batch.body.replay);
    }
    out += batch.duplicate ? ",\"duplicate\":true" : "";
    out += ",\"time_ms\":";
    return out;
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

}  // namespace

void JsonLines::batch(const ShownBatch& batch) {
    const std::string prefix = prefix_of(batch);
    for (const Sample& taken : batch.body.samples) {
        const SeriesInfo* info = batch.dictionary.find(index_of(taken.series));
        if (info != nullptr) {
            sample(prefix, taken, *info);
        }
    }
    const auto line = [&](const SampleTime& time, const auto& append) {
        out_ += prefix;
        append_json(out_, time.ms);
        append(out_);
        out_ += "}\n";
    };
    for (const Event& event : batch.body.events) {
        line(event.time, [&](std::string& out) { append_event_fields(out, event); });
    }
    for (const auto& gap : batch.body.gaps) {
        line(gap.time, [&](std::string& out) { append_gap_fields(out, gap.what); });
    }
    for (const auto& dead : batch.body.dead) {
        line(dead.time, [&](std::string& out) { append_dead_letter_fields(out, dead.what); });
    }
    for (const ClockStep& step : batch.body.clock_steps) {
        line(step.time, [&](std::string& out) { append_clock_step_fields(out, step); });
    }
}

void JsonLines::sample(const std::string& prefix, const Sample& sample, const SeriesInfo& info) {
    out_ += prefix;
    append_json(out_, sample.time.ms);
    append_series(out_, info);
    append_value_fields(out_, sample, info);
    out_ += "}\n";
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
