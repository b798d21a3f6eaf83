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

// queue.db.corrupt-
std::string prefix_of(const std::string& path, Aside why) {
    return path + (why == Aside::newer ? ".newer-" : ".corrupt-");
}

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

// The numbers N of existing files `prefix`N.
std::vector<int> existing(const fs::path& prefix) {
    std::vector<int> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(prefix.parent_path(), ignored)) {
        const int number =
            number_behind(prefix.filename().string(), entry.path().filename().string());
        if (number > 0) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

void remove_quarantined(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
    for (const std::string_view suffix : kSideFiles) {
        fs::remove_all(path + std::string(suffix), ignored);
    }
}

}  // namespace

Result<std::string> quarantine(const std::string& path, Aside why) {
    int number = 1;
    const std::string prefix = prefix_of(path, why);
    const std::vector<int> taken = existing(prefix);
    for (const int other : taken) {
        number = other >= number ? other + 1 : number;
    }
    const std::string moved = prefix + std::to_string(number);
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
            remove_quarantined(prefix + std::to_string(other));
        }
    }
    return moved;
}

}  // namespace cxedge::store
