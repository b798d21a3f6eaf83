// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats.hpp"

#include <algorithm>

namespace cxedge::devices {

const std::vector<Format>& formats() {
    static const std::vector<Format> table{};
    return table;
}

const Format* find_format(std::string_view name) {
    const auto found = std::find_if(formats().begin(), formats().end(), [&](const Format& format) {
        return format.name == name;
    });
    return found == formats().end() ? nullptr : &*found;
}

}  // namespace cxedge::devices
