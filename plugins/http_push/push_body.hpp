// SPDX-License-Identifier: Apache-2.0
// From the body of a push to what it says: one message, or several in a multipart body. Thread: the
// loop's.
#pragma once

#include <vector>

#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::plugins {

// invalid_argument: nothing in it can be read.
Result<std::vector<devices::Report>> read_push(
    devices::PayloadReader& reader, const devices::HttpRequest& request
);

}  // namespace cxedge::plugins
