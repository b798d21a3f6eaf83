// SPDX-License-Identifier: Apache-2.0
#include "agent/store/quarantine.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace cxedge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kSideFiles{"-wal", "-shm", "-journal"};
constexpr std::string_view kMark = ".corrupt-";

// N when `name` is `prefix`N, else 0.
int number_behind(const std::string& prefix, const std::string& name) {
    if (name.compare(0, prefix.size(), prefix) != 0) {
        return 0;
    }
    int number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

// The numbers N of existing `path`.corrupt-N.
std::vector<int> existing(const fs::path& path) {
    const std::string prefix = path.filename().string() + std::string(kMark);
    std::vector<int> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path.parent_path(), ignored)) {
        const int number = number_behind(prefix, entry.path().filename().string());
        if (number > 0) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

std::string numbered(const std::string& path, int number) {
    return path + std::string(kMark) + std::to_string(number);
}

void remove_quarantined(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
    for (const std::string_view suffix : kSideFiles) {
        fs::remove_all(path + std::string(suffix), ignored);
    }
}

}  // namespace

Result<std::string> quarantine(const std::string& path) {
    int number = 1;
    const std::vector<int> taken = existing(path);
    for (const int other : taken) {
        number = other >= number ? other + 1 : number;
    }
    const std::string moved = numbered(path, number);
    std::error_code failure;
    // The database first: should the process die in between, the missing database tells the next
    // start that continuity is lost; a database without its -wal would look well and not be.
    fs::rename(path, moved, failure);
    if (failure) {
        return system_error("moving " + path + " out of the way", failure.value());
    }
    for (const std::string_view suffix : kSideFiles) {
        std::error_code missing;
        fs::rename(path + std::string(suffix), moved + std::string(suffix), missing);
    }
    for (const int other : taken) {
        if (other <= number - kQuarantinedFiles) {
            remove_quarantined(numbered(path, other));
        }
    }
    return moved;
}

}  // namespace cxedge::store
