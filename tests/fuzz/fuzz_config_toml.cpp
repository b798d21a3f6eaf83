// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file: parsing, merging, writing and showing must hold their
// promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Text and half of it, so that merging sees two trees.
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    cxedge::SettingsProblems problems;
    const cxedge::SettingsNode whole =
        cxedge::config::parse_toml(text, "fuzz.toml", "site", problems);
    const cxedge::SettingsNode half =
        cxedge::config::parse_toml(text.substr(0, size / 2), "half.toml", "profile", problems);
    const cxedge::SettingsNode merged = cxedge::config::merge(half, whole);
    (void)cxedge::config::show(merged, true);

    // What is written reads back to the same text.
    const std::string written = cxedge::config::to_toml(merged);
    cxedge::SettingsProblems second;
    const cxedge::SettingsNode again =
        cxedge::config::parse_toml(written, "again.toml", "site", second);
    if (!second.empty() || cxedge::config::to_toml(again) != written) {
        std::abort();
    }
    return 0;
}
