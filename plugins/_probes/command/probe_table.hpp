// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"

namespace cxedge::probes {

// What `cxctl probe run` knows: one a probe plugin, in order of name.
struct ProbeType {
    std::string name;     // "icmp"
    std::string summary;  // one line of what it does
    std::unique_ptr<ProbeSource> (*make)() = nullptr;
    std::vector<SettingHelp> (*help)() = nullptr;
};

// Written by CMake from the plugin folders.
const std::vector<ProbeType>& probe_table();

}  // namespace cxedge::probes
