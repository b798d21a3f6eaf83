// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/run_set.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace cxedge::ctl {
namespace {

// Takes a number off the front of `text`; empty when there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return number;
}

std::optional<RunSet::Run> take_run(std::string_view& text) {
    const auto first = take_number(text);
    if (!first || text.empty() || text.front() != '-') {
        return first ? std::optional(RunSet::Run{*first, *first}) : std::nullopt;
    }
    text.remove_prefix(1);
    const auto last = take_number(text);
    const bool forward = last && *last >= *first;
    return forward ? std::optional(RunSet::Run{*first, *last}) : std::nullopt;
}

}  // namespace

void RunSet::insert(Run run) {
    auto at = last_of_.upper_bound(run.first);
    if (at != last_of_.begin()) {
        const auto before = std::prev(at);
        // Touches or overlaps. run.first > before->first >= 0, so there is a number before it.
        if (before->second >= run.first || before->second == run.first - 1) {
            at = before;
            run.first = before->first;
        }
    }
    while (at != last_of_.end() && (at->first <= run.last || at->first - 1 == run.last)) {
        run.last = std::max(run.last, at->second);
        at = last_of_.erase(at);
    }
    last_of_.emplace_hint(at, run.first, run.last);
}

std::optional<RunSet::Run> RunSet::run_of(std::uint64_t seq) const {
    const auto next = last_of_.upper_bound(seq);
    if (next == last_of_.begin()) {
        return std::nullopt;
    }
    const auto& [first, last] = *std::prev(next);
    return seq <= last ? std::optional(Run{first, last}) : std::nullopt;
}

std::optional<std::uint64_t> RunSet::first_from(std::uint64_t seq) const {
    if (contains(seq)) {
        return seq;
    }
    const auto next = last_of_.upper_bound(seq);
    return next == last_of_.end() ? std::nullopt : std::optional(next->first);
}

RunSet::Run RunSet::at(std::size_t n) const {
    const auto entry = std::next(last_of_.begin(), static_cast<std::ptrdiff_t>(n));
    return {entry->first, entry->second};
}

std::string RunSet::to_text() const {
    std::string text;
    for (const auto& [first, last] : last_of_) {
        text += (text.empty() ? "" : " ") + std::to_string(first);
        text += first == last ? "" : "-" + std::to_string(last);
    }
    return text;
}

std::optional<RunSet> RunSet::from_text(std::string_view text) {
    RunSet set;
    while (!text.empty()) {
        const auto run = take_run(text);
        if (!run || (!text.empty() && text.front() != ' ')) {
            return std::nullopt;
        }
        set.insert(*run);
        text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    }
    return set;
}

}  // namespace cxedge::ctl
