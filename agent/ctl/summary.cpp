// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/summary.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace cxedge::ctl {
namespace {

using Json = nlohmann::ordered_json;

Json lane_json(const LaneKey& key, const LaneTotals& lane) {
    return {
        {"tenant", key.tenant},
        {"site", key.site},
        {"node", key.node},
        {"epoch", fmt::format("{:016x}", key.epoch)},
        {"lane", key.lane},
        {"samples", lane.samples},
        {"events", lane.events},
        {"batches", lane.batches},
        {"duplicate_batches", lane.duplicate_batches},
        {"first_seq", lane.first_seq},
        {"last_seq", lane.last_seq},
    };
}

Json bytes_per_sample(const Totals& totals) {
    if (totals.samples == 0) {
        return nullptr;
    }
    return static_cast<double>(totals.sample_payload_bytes) / static_cast<double>(totals.samples);
}

}  // namespace

std::string summary_json(const Totals& totals, double seconds) {
    Json lanes = Json::array();
    for (const auto& [key, lane] : totals.lanes) {
        lanes.push_back(lane_json(key, lane));
    }
    const Json summary = {
        {"samples", totals.samples},
        {"events", totals.events},
        {"batches", totals.batches},
        {"duplicate_batches", totals.duplicate_batches},
        {"payload_bytes", totals.payload_bytes},
        {"bytes_per_sample", bytes_per_sample(totals)},
        {"dictionary_bytes", totals.dictionary_bytes},
        {"errors", totals.errors},
        {"waiting_batches", totals.waiting_batches},
        {"seconds", seconds},
        {"lanes", std::move(lanes)},
    };
    return summary.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cxedge::ctl
