// SPDX-License-Identifier: Apache-2.0
// The clip that Debian's package opencv-doc brings.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cxedge::test {

// Path of vtest.avi (PETS09-S2L1), or empty. CXEDGE_VTEST overrides where it is.
inline std::string vtest_clip() {
    // Read before any thread is started.
    const char* named = std::getenv("CXEDGE_VTEST");  // NOLINT(concurrency-mt-unsafe)
    const std::string path =
        named != nullptr ? named : "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
    return std::filesystem::exists(path) ? path : std::string();
}

inline constexpr const char* kNoClip =
    "skipped: vtest.avi is not here (package opencv-doc, or CXEDGE_VTEST=PATH; gunzip it if it "
    "is named .gz)";

}  // namespace cxedge::test
