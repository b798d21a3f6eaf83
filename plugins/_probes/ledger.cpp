// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/ledger.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/core.h>
#include <sys/file.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/shared_file.hpp"

namespace cxedge::probes {
namespace {

constexpr std::string_view kFirstLine = "cxedge probes 1";
constexpr std::size_t kLargestFile = 1U << 20U;

// The last word of `line`, which is cut off; nothing: not a number.
bool cut_number(std::string_view& line, std::uint64_t& out) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) {
        return false;
    }
    const std::string_view word = line.substr(space + 1);
    line = line.substr(0, space);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    return error == std::errc() && end == word.data() + word.size() && !word.empty();
}

Result<UniqueFd> locked(const std::string& directory) {
    auto fd = open_shared(directory, "lock");
    if (!fd) {
        return fd;
    }
    // Held for one small write at most.
    while (::flock(fd->get(), LOCK_EX) != 0) {
        if (errno != EINTR) {
            return system_error("lock in " + directory, errno);
        }
    }
    return fd;
}

}  // namespace

BudgetUse total_of(const Spent& spent) {
    BudgetUse total;
    for (const auto& [test, use] : spent) {
        total.bytes += use.bytes;
        total.packets += use.packets;
    }
    return total;
}

std::string to_text(const Spent& spent) {
    std::string out = std::string(kFirstLine) + "\n";
    for (const auto& [test, use] : spent) {
        out += fmt::format("{} {} {}\n", test, use.bytes, use.packets);
    }
    return out;
}

Result<Spent> parse_spent(std::string_view text) {
    Spent out;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (number == 1 && line == kFirstLine) {
            continue;
        }
        BudgetUse use;
        const bool fine = number > 1 && cut_number(line, use.packets) &&
                          cut_number(line, use.bytes) && !line.empty();
        if (!fine) {
            return corrupt(fmt::format("line {} is not \"TEST BYTES PACKETS\"", number));
        }
        out[std::string(line)] = use;
    }
    return out;
}

Ledger::Ledger(std::string directory, std::string interface)
    : directory_(std::move(directory)), interface_(interface_word(std::move(interface))) {}

std::string Ledger::file_of(const std::string& month) const {
    return directory_ + "/spent-" + interface_ + "-" + month;
}

Result<Spent> Ledger::read(const std::string& month) const {
    if (directory_.empty()) {
        const auto found = memory_.find(month);
        return found != memory_.end() ? found->second : Spent();
    }
    const auto text = load_file(file_of(month), kLargestFile);
    if (!text) {
        return text.error().code == ErrorCode::not_found ? Result<Spent>(Spent())
                                                         : Result<Spent>(text.error());
    }
    auto spent = parse_spent(*text);
    return spent ? std::move(spent) : Result<Spent>(spent.error().during(file_of(month)));
}

Status Ledger::change(const std::string& month, const std::function<void(Spent&)>& change) {
    if (directory_.empty()) {
        change(memory_[month]);
        return {};
    }
    const auto lock = locked(directory_);
    if (!lock) {
        return lock.error();
    }
    auto spent = read(month);
    if (!spent) {
        return spent.error();
    }
    change(*spent);
    return replace_file(file_of(month), to_text(*spent), kPrivateFile);
}

}  // namespace cxedge::probes
