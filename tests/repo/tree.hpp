// SPDX-License-Identifier: Apache-2.0
// The repository as text, for tests of its conventions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::test {

struct TreeFile {
    std::string path;  // relative to the root
    std::uintmax_t bytes = 0;
};

// Files that belong to the repository: what git tracks or would add; without git, all but build/.
const std::vector<TreeFile>& tree();
std::vector<std::string> lines_of(const std::string& path);
std::string text_of(const std::string& path);
bool exists(const std::string& path);

bool is_source(std::string_view path);  // .cpp, .hpp
bool is_header(std::string_view path);
bool has_part(std::string_view text, std::string_view part);
// "agent/base/x.hpp" -> "agent/base/".
std::string folder_of(const std::string& path);

// Readable list of complaints; each is "path:line: what".
using Complaints = std::vector<std::string>;
std::string report(const Complaints& complaints);

using LineCheck = std::function<std::string(const std::string& line)>;
// Applies `check` to each line of the files chosen by `wanted`; a text is a complaint.
Complaints check_lines(
    const std::function<bool(const std::string&)>& wanted, const LineCheck& check
);

// The file named by an #include line, with its quotes or brackets; else empty.
std::string included(const std::string& line);

}  // namespace cxedge::test
