// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_push/push_tally.hpp"

#include <fmt/core.h>

#include "plugins/_devices/http_listen_address.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kReportEvery{10};
constexpr std::chrono::hours kTellAgain{1};

const char* reason_of(int status) {
    switch (status) {
        case 401:
            return "wrong or missing credentials";
        case 404:
            return "no route has this path";
        case 405:
            return "only POST and PUT are taken";
        case 408:
            return "too slow";
        case 413:
            return "larger than max_body_kib";
        case 415:
            return "a content encoding that is not understood";
        case 429:
            return "more requests or connections than one address may have";
        default:
            return "not HTTP as it should be";
    }
}

const char* from_of(std::string_view peer) {
    switch (devices::nearness(peer)) {
        case devices::Nearness::box:
            return "the box itself";
        case devices::Nearness::network:
            return "the local network";
        case devices::Nearness::elsewhere:
            return "another network";
        case devices::Nearness::unknown:
            break;
    }
    return "unknown";
}

}  // namespace

PushTally::PushTally(Host& host)
    : host_(host), timer_(host.loop().every(kReportEvery, [this] { flush(); })) {}

void PushTally::refused(int status, std::string_view peer) {
    answered(status);
    const char* const from = from_of(peer);
    const SteadyTime now = host_.clock().steady_now();
    const auto [told, is_new] = told_.try_emplace({status, from}, now);
    if (is_new || now - told->second >= kTellAgain) {
        told->second = now;
        tell(status, from, peer);
    }
}

// The address stays in the local log, for whoever looks for the device.
void PushTally::tell(int status, const char* from, std::string_view peer) {
    Event event;
    event.name = "device.refused";
    event.severity = Severity::warning;
    event.subject = std::string(host_.source_name());
    event.text = fmt::format("A push from {} was refused: {}.", from, reason_of(status));
    event.attrs = {{"status", std::to_string(status)}, {"from", from}};
    host_.log(
        log::Level::warn,
        fmt::format(
            "{} to {}: {}; further ones are only counted (http_push.requests)",
            status,
            peer.empty() ? "somebody" : peer,
            reason_of(status)
        )
    );
    host_.emit_event(std::move(event));
}

std::optional<SeriesId> PushTally::series_of(int status) {
    if (const auto known = series_.find(status); known != series_.end()) {
        return known->second;
    }
    const std::string source(host_.source_name());
    const SeriesInfo info{
        {"http_push.requests", {{"source", source}, {"status", std::to_string(status)}}},
        Kind::delta,
        "{request}",
        {},
        0};
    const Result<SeriesId> id = host_.declare(info);
    return id ? std::optional(series_.emplace(status, *id).first->second) : std::nullopt;
}

void PushTally::flush() {
    for (auto& [status, count] : counts_) {
        if (count == 0) {
            continue;
        }
        if (const std::optional<SeriesId> series = series_of(status)) {
            static_cast<void>(host_.emit(*series, static_cast<double>(count)));
            count = 0;
        }  // else the host has said why
    }
}

}  // namespace cxedge::plugins
