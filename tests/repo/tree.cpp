// SPDX-License-Identifier: Apache-2.0
#include "tests/repo/tree.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

namespace cxedge::test {
namespace {

namespace fs = std::filesystem;

const std::string& root() {
    static const std::string path = fs::canonical(CXEDGE_SOURCE_DIR).string();
    return path;
}

void add(std::vector<TreeFile>& files, const std::string& path) {
    std::error_code gone;
    const std::uintmax_t bytes = fs::file_size(root() + "/" + path, gone);
    if (!gone) {
        files.push_back({path, bytes});
    }
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string out;
    std::array<char, 4096> part{};
    for (std::size_t got = 1; pipe && got > 0;) {
        got = std::fread(part.data(), 1, part.size(), pipe.get());
        out.append(part.data(), got);
    }
    return out;
}

std::vector<TreeFile> from_git() {
    const std::string names = output_of(
        "git -C '" + root() + "' ls-files -z --cached --others --exclude-standard 2>/dev/null"
    );
    std::vector<TreeFile> files;
    for (std::size_t begin = 0; begin < names.size();) {
        const std::size_t end = names.find('\0', begin);
        add(files, names.substr(begin, end - begin));
        begin = end + 1;
    }
    return files;
}

std::vector<TreeFile> from_disk() {
    std::vector<TreeFile> files;
    auto it = fs::recursive_directory_iterator(root());
    for (; it != fs::recursive_directory_iterator(); ++it) {
        const std::string path = fs::relative(it->path(), root()).string();
        if (path == "build" || path == ".git") {
            it.disable_recursion_pending();
        } else if (it->is_regular_file()) {
            add(files, path);
        }
    }
    return files;
}

}  // namespace

const std::vector<TreeFile>& tree() {
    static const std::vector<TreeFile> files = [] {
        std::vector<TreeFile> found = exists(".git") ? from_git() : std::vector<TreeFile>();
        return found.empty() ? from_disk() : found;
    }();
    return files;
}

std::string text_of(const std::string& path) {
    std::ifstream file(root() + "/" + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file(root() + "/" + path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

bool exists(const std::string& path) {
    return fs::exists(root() + "/" + path);
}

bool is_header(std::string_view path) {
    return path.ends_with(".hpp");
}

bool is_source(std::string_view path) {
    return path.ends_with(".cpp") || is_header(path);
}

bool has_part(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

std::string report(const Complaints& complaints) {
    std::string out;
    for (const std::string& complaint : complaints) {
        out += "\n  " + complaint;
    }
    return out;
}

Complaints check_lines(
    const std::function<bool(const std::string&)>& wanted, const LineCheck& check
) {
    Complaints complaints;
    for (const TreeFile& file : tree()) {
        if (!wanted(file.path)) {
            continue;
        }
        int number = 0;
        for (const std::string& line : lines_of(file.path)) {
            ++number;
            const std::string wrong = check(line);
            if (!wrong.empty()) {
                complaints.push_back(file.path + ":" + std::to_string(number) + ": " + wrong);
            }
        }
    }
    return complaints;
}

std::string included(const std::string& line) {
    constexpr std::string_view kInclude = "#include ";
    if (line.rfind(kInclude, 0) != 0) {
        return {};
    }
    const std::size_t end = line.find_first_of(">\"", kInclude.size() + 1);
    return end == std::string::npos ? std::string()
                                    : line.substr(kInclude.size(), end + 1 - kInclude.size());
}

}  // namespace cxedge::test
