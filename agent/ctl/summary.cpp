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
        {"gaps", lane.gaps},
        {"gap_samples", lane.in_gaps.samples},
        {"gap_events", lane.in_gaps.events},
        {"dead_letters", lane.dead_letters},
        {"dead_samples", lane.in_dead_letters.samples},
        {"dead_events", lane.in_dead_letters.events},
        {"unreadable_samples", lane.unreadable.samples},
        {"unreadable_events", lane.unreadable.events},
    };
}

Json bytes_per_sample(const Totals& totals) {
    if (totals.samples == 0) {
        return nullptr;
    }
    return static_cast<double>(totals.sample_payload_bytes) / static_cast<double>(totals.samples);
}

}  // namespace

std::string summary_json(const Totals& totals, const Lanes& lanes, double seconds) {
    Json each = Json::array();
    std::uint64_t gaps = 0;
    std::uint64_t dead_letters = 0;
    for (const auto& [key, account] : lanes) {
        each.push_back(lane_json(key, account.totals()));
        gaps += account.totals().gaps;
        dead_letters += account.totals().dead_letters;
    }
    const Json summary = {
        {"samples", totals.samples},
        {"events", totals.events},
        {"batches", totals.batches},
        {"duplicate_batches", totals.duplicate_batches},
        {"gaps", gaps},
        {"dead_letters", dead_letters},
        {"payload_bytes", totals.payload_bytes},
        {"bytes_per_sample", bytes_per_sample(totals)},
        {"dictionary_bytes", totals.dictionary_bytes},
        {"errors", totals.errors},
        {"waiting_batches", totals.waiting_batches},
        {"seconds", seconds},
        {"lanes", std::move(each)},
    };
    return summary.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cxedge::ctl
