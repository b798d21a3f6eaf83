// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/reflector_tally.hpp"

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kTellCountsEvery{10};
constexpr std::chrono::minutes kTellHmacAgain{1};

const char* reason_of(std::size_t what) {
    static constexpr std::array<const char*, kReflections> kReasons{
        "", "network", "rate", "malformed", "hmac", "loop", "unsent"};
    return kReasons[what];
}

}  // namespace

ReflectorTally::ReflectorTally(Host& host)
    : host_(host), timer_(host.loop().every(kTellCountsEvery, [this] { flush(); })) {}

void ReflectorTally::add(Reflection what, const std::string& from) {
    ++counts_[static_cast<std::size_t>(what)];
    if (what == Reflection::hmac) {
        ++untold_;
        tell_bad_hmac(from);
    }
}

void ReflectorTally::tell_bad_hmac(const std::string& from) {
    const SteadyTime now = host_.clock().steady_now();
    if (told_ && now - *told_ < kTellHmacAgain) {
        return;
    }
    told_ = now;
    Event event;
    event.name = "stamp.bad_hmac";
    event.severity = Severity::warning;
    event.subject = std::string(host_.source_name());
    event.text = fmt::format(
        "{} test packet(s) were not signed with the key of key_file and got no answer.", untold_
    );
    event.attrs = {{"count", std::to_string(untold_)}};
    untold_ = 0;
    host_.log(log::Level::warn, fmt::format("{} The last came from {}.", event.text, from));
    host_.emit_event(std::move(event));
}

std::optional<SeriesId> ReflectorTally::series_of(std::size_t what) {
    if (series_[what]) {
        return series_[what];
    }
    SeriesInfo info;
    info.key.metric = what == 0 ? "stamp.reflected" : "stamp.refused";
    info.key.dims = {{"source", std::string(host_.source_name())}};
    if (what != 0) {
        info.key.dims.push_back({"reason", reason_of(what)});
    }
    info.kind = Kind::delta;
    info.unit = "{packet}";
    if (const Result<SeriesId> id = host_.declare(info)) {
        series_[what] = *id;
    }  // else the host has said why
    return series_[what];
}

void ReflectorTally::flush() {
    for (std::size_t what = 0; what < kReflections; ++what) {
        const std::optional<SeriesId> series =
            counts_[what] != 0 || what == 0 ? series_of(what) : std::nullopt;
        if (series && host_.emit(*series, static_cast<double>(counts_[what]))) {
            counts_[what] = 0;
        }
    }
}

}  // namespace cxedge::plugins
