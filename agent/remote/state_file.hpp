// SPDX-License-Identifier: Apache-2.0
// A small file that is either the old one or the new one, whole, whenever the power goes. Not in
// the spool's database, because it has to be read before the spool is opened: it decides how.
// Thread: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::remote {

// Written beside it, flushed, renamed over it, the directory flushed. Mode 0600.
Status replace_file(const std::string& path, std::string_view bytes);
// not_found: there is none. exhausted: larger than `most`. unavailable: cannot be read.
Result<std::string> read_whole(const std::string& path, std::size_t most);

}  // namespace cxedge::remote
