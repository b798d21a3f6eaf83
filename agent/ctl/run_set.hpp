// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::ctl {

// A set of sequence numbers, kept as runs: an unbroken run costs one entry however long. Where a
// lane sends its backlog and what is live at the same time, a bitmap would have to span the
// backlog.
class RunSet {
public:
    struct Run {
        std::uint64_t first = 0;
        std::uint64_t last = 0;  // inclusive
        bool operator==(const Run&) const = default;
    };

    // Requires first <= last.
    void insert(Run run);
    // Requires: runs() > 0.
    void erase_lowest() { last_of_.erase(last_of_.begin()); }
    [[nodiscard]] bool contains(std::uint64_t seq) const { return run_of(seq).has_value(); }
    [[nodiscard]] std::optional<Run> run_of(std::uint64_t seq) const;
    // The lowest member that is not below `seq`.
    [[nodiscard]] std::optional<std::uint64_t> first_from(std::uint64_t seq) const;
    [[nodiscard]] std::size_t runs() const { return last_of_.size(); }
    // The n-th run from below; requires n < runs(). Meant for small n.
    [[nodiscard]] Run at(std::size_t n) const;

    // "1-500 502 510-511"; empty for an empty set.
    [[nodiscard]] std::string to_text() const;
    // Empty: not such a text.
    static std::optional<RunSet> from_text(std::string_view text);
    bool operator==(const RunSet&) const = default;

private:
    std::map<std::uint64_t, std::uint64_t> last_of_;  // first -> last
};

}  // namespace cxedge::ctl
