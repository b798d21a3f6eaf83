// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cxedge {

// Who this box is: `[node]` of the configuration. Together unique over all boxes of an operator.
struct BoxName {
    std::string tenant;
    std::string site;
    std::string node;
};

}  // namespace cxedge
