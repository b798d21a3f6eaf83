// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::ctl {

// The whole file, or standard input for "-". not_found / unavailable: cannot be read; exhausted:
// larger than `most`.
Result<std::string> read_file(const std::string& path, std::size_t most);
// Without the newline: how secrets are kept in files.
Result<std::string> first_line_of(const std::string& path);
// Replaces the file.
Status write_file(const std::string& path, std::string_view text);

}  // namespace cxedge::ctl
