// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/private_count.hpp"

namespace cxedge::devices {

void PrivateCount::add(const PrivateFields& fields) {
    for (const auto& [kind, dropped] : fields) {
        if (const std::optional<SeriesId> series = series_of(kind)) {
            static_cast<void>(host_.emit(*series, static_cast<double>(dropped)));
        }
    }
}

std::optional<SeriesId> PrivateCount::series_of(const std::string& kind) {
    if (const auto found = series_.find(kind); found != series_.end()) {
        return found->second;
    }
    const SeriesInfo info{
        {"privacy.dropped_fields", {{"source", std::string(host_.source_name())}, {"field", kind}}},
        Kind::delta,
        {},
        {},
        0};
    const Result<SeriesId> id = host_.declare(info);
    if (!id) {
        return std::nullopt;  // the host has said so
    }
    series_.emplace(kind, *id);
    return *id;
}

}  // namespace cxedge::devices
