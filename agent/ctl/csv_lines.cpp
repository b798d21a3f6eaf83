// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/csv_lines.hpp"

#include <fmt/core.h>

#include "agent/ctl/facts.hpp"
#include "agent/ctl/json_fields.hpp"
#include "agent/ctl/json_text.hpp"

namespace cxedge::ctl {
namespace {

// Tenant, site and node need no quotes: valid_topic_name().
std::string place_of(const ShownBatch& batch) {
    return fmt::format(
        ",{},{},{},{:016x},{},{},",
        batch.origin.tenant,
        batch.origin.site,
        batch.origin.node,
        batch.header.epoch,
        static_cast<unsigned>(batch.header.lane),
        batch.header.seq
    );
}

std::string dims_text(const std::vector<Dimension>& dims) {
    std::string text;
    if (!dims.empty()) {
        append_dimensions(text, dims);
    }
    return text;
}

void append_sample(std::string& out, const Sample& sample, const SeriesInfo& info) {
    append_csv_cell(out, info.key.metric);
    out += ',';
    append_csv_cell(out, dims_text(info.key.dims));
    out += ',';
    append_csv_cell(out, info.unit);
    out += ',';
    out += to_string(info.kind);
    out += ',';
    const FlatValue value = flat_value(sample, info);
    if (value.finite) {
        append_json(out, value.number);
    }
    out += ',';
    append_csv_cell(out, value.detail);
    out += '\n';
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        out += c == '"' ? "\"\"" : std::string_view(&c, 1);
    }
    out += '"';
}

void CsvLines::batch(const ShownBatch& batch) {
    const std::string place = place_of(batch);
    for (const Sample& sample : batch.body.samples) {
        const SeriesInfo* info = batch.dictionary.find(index_of(sample.series));
        if (info != nullptr) {
            out_ += std::to_string(sample.time.ms) + place +
                    (batch.body.replay == 0 ? "sample," : "replay,");
            append_sample(out_, sample, *info);
        }
    }
    for (const Fact& fact : facts_of(batch.body)) {
        out_ += std::to_string(fact.time_ms) + place;
        out_ += fact.type;
        out_ += ',';
        append_csv_cell(out_, fact.name);
        out_ += ",,,,,";
        append_csv_cell(out_, fact.detail);
        out_ += '\n';
    }
}

}  // namespace cxedge::ctl
