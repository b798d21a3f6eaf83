// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/series_bytes.hpp"

#include <string>
#include <utility>

namespace cxedge::pipeline {

void save_info(const SeriesInfo& info, ByteWriter& bytes) {
    bytes.text(info.key.metric);
    bytes.number(info.key.dims.size());
    for (const Dimension& dim : info.key.dims) {
        bytes.text(dim.key);
        bytes.text(dim.value);
    }
    bytes.number(static_cast<std::uint64_t>(info.kind));
    bytes.text(info.unit);
    bytes.number(info.states.size());
    for (const std::string& state : info.states) {
        bytes.text(state);
    }
    bytes.number(info.counter_bits);
    bytes.number(info.resets_at ? static_cast<std::uint64_t>(info.resets_at->count()) + 1 : 0);
}

bool read_info(ByteReader& bytes, SeriesInfo& info) {
    info = {};
    info.key.metric = bytes.text();
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        std::string key(bytes.text());
        info.key.dims.push_back({std::move(key), std::string(bytes.text())});
    }
    const std::uint64_t kind = bytes.number();
    info.unit = bytes.text();
    for (std::uint64_t left = bytes.number(); left > 0 && bytes.good(); --left) {
        info.states.emplace_back(bytes.text());
    }
    info.counter_bits = static_cast<std::uint8_t>(bytes.number());
    if (const std::uint64_t resets = bytes.number(); resets != 0) {
        info.resets_at = std::chrono::minutes(static_cast<std::int64_t>(resets - 1));
    }
    if (kind > static_cast<std::uint64_t>(Kind::state)) {
        return false;
    }
    info.kind = static_cast<Kind>(kind);
    return bytes.good();
}

}  // namespace cxedge::pipeline
