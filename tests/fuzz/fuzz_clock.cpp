// SPDX-License-Identifier: Apache-2.0
// What `chronyc -c tracking` prints, of any version, or of something else by that name.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/clock/chrony_tracking.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto tracking = cxedge::plugins::parse_chrony_tracking(text);
    if (tracking && (!std::isfinite(tracking->offset_s) || !std::isfinite(tracking->bound_s()) ||
                     tracking->bound_s() < std::abs(tracking->offset_s))) {
        std::abort();
    }
    return 0;
}
