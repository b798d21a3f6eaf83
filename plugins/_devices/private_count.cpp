// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/private_count.hpp"

namespace cxedge::devices {

void PrivateCount::add(const std::map<std::string, std::uint64_t>& fields) {
    for (const auto& [kind, dropped] : fields) {
        auto found = series_.find(kind);
        if (found == series_.end()) {
            const SeriesInfo info{
                {"privacy.dropped_fields",
                 {{"source", std::string(host_.source_name())}, {"field", kind}}},
                Kind::delta,
                {},
                {},
                0};
            const Result<SeriesId> id = host_.declare(info);
            if (!id) {
                continue;  // the host has said so
            }
            found = series_.emplace(kind, *id).first;
        }
        static_cast<void>(host_.emit(found->second, static_cast<double>(dropped)));
    }
}

}  // namespace cxedge::devices
