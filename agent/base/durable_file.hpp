// SPDX-License-Identifier: Apache-2.0
// Small files that must be whole after a power cut: written beside, fsync(2), renamed. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "agent/base/result.hpp"

namespace cxedge {

// The file has either its old or its new content, whatever happens meanwhile; it belongs to whom
// its directory belongs. unavailable: says where.
Status replace_file(const std::string& path, std::string_view bytes, mode_t mode);
// rename(2) that lasts: what `from` holds is at `to`.
Status move_file(const std::string& from, const std::string& to);
// No such file is fine.
Status remove_file(const std::string& path);
// not_found: there is none; exhausted: larger than `most`.
Result<std::string> load_file(const std::string& path, std::size_t most);
// A directory of its owner's own (0700), that of its parent; one that exists is left as it is.
Status make_private_directory(const std::string& path);

}  // namespace cxedge
