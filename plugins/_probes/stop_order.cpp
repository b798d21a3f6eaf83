// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stop_order.hpp"

#include <charconv>

#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kLargestFile = 64;

std::string file_in(const std::string& directory) {
    return directory + "/stop";
}

}  // namespace

Status order_stop(const std::string& directory, std::optional<WallTime> until) {
    if (Status made = make_private_directory(directory); !made) {
        return made;
    }
    const std::string text = until ? std::to_string(unix_ms(*until)) : "forever";
    return replace_file(file_in(directory), text, kPrivateFile);
}

Status withdraw_stop(const std::string& directory) {
    return remove_file(file_in(directory));
}

bool is_stopped(const std::string& directory, WallTime now, std::string* problem) {
    const auto text = load_file(file_in(directory), kLargestFile);
    const bool unreadable = !text && text.error().code != ErrorCode::not_found;
    if (problem != nullptr) {
        *problem = unreadable ? "stop order: " + text.error().message : std::string();
    }
    if (!text) {
        return unreadable;
    }
    std::int64_t until = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), until);
    return error != std::errc() || unix_ms(now) < until;
}

}  // namespace cxedge::probes
