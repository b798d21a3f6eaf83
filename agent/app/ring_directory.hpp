// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/app/options.hpp"
#include "agent/base/result.hpp"

namespace cxedge::app {

// The directory on tmpfs that belongs to a state directory: for what must survive the process and
// must not wear flash. In the given runtime directory, else in /run/cxedge, else in /dev/shm; named
// after an id that lies in the state directory, so that another state directory at the same path
// never meets a stranger's data. Directories whose state directory is gone are removed.
// unavailable: none of these can be made; the message says why.
Result<std::string> make_ring_directory(const Places& places);
// Writes the id again where somebody emptied the state directory under the running daemon; else the
// next start would take its own data for a stranger's.
void keep_ring_id(const Places& places, const std::string& ring_directory);

}  // namespace cxedge::app
