// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/wall_clock.hpp"

#include <filesystem>
#include <fstream>

#include <glob.h>

namespace cxedge::test {

std::string faketime_library() {
    glob_t found{};
    ::glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, nullptr, &found);
    std::string path = found.gl_pathc > 0 ? found.gl_pathv[0] : "";
    ::globfree(&found);
    return path;
}

void WallClock::set(std::int64_t wrong_by_s) const {
    const std::string next = dir_.file("next");
    std::ofstream(next) << (wrong_by_s < 0 ? "" : "+") << wrong_by_s << "\n";
    std::filesystem::rename(next, dir_.file("faketime"));
}

std::vector<std::string> WallClock::starter() const {
    return {
        "env",
        "LD_PRELOAD=" + faketime_library(),
        "FAKETIME_TIMESTAMP_FILE=" + dir_.file("faketime"),
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "DONT_FAKE_MONOTONIC=1"};
}

}  // namespace cxedge::test
