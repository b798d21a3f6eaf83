// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/catch.hpp"
#include "tests/support/rtsp_server.hpp"

namespace cxedge::test {

// False: it cannot run here, and the test says why.
inline bool runs(const RtspServer& server) {
    if (!server.problem().empty()) {
        WARN("skipped: " << server.problem());
    }
    return server.problem().empty();
}

}  // namespace cxedge::test
