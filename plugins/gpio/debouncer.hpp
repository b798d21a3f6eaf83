// SPDX-License-Identifier: Apache-2.0
// What a contact means that bounces: a level counts once it has stayed for a while. Pure; time is
// what the caller says. Thread: any.
#pragma once

#include <chrono>
#include <optional>

namespace cxedge::plugins {

struct LevelChange {
    bool active = false;
    std::chrono::nanoseconds at{0};  // since when it is so
};

class Debouncer {
public:
    using Time = std::chrono::nanoseconds;

    Debouncer(Time hold, bool level) : hold_(hold), level_(level), raw_(level) {}

    // An edge came. What it ends may have lasted long enough to count: that is returned.
    std::optional<LevelChange> edge(bool active, Time at);
    // Nothing came until `now`.
    std::optional<LevelChange> settle(Time now);
    // When settle() has something to say; none: nothing is under way.
    [[nodiscard]] std::optional<Time> due() const;
    // The level that counts, and that of the last edge.
    [[nodiscard]] bool level() const { return level_; }
    [[nodiscard]] bool raw() const { return raw_; }

private:
    Time hold_;
    bool level_;
    bool raw_;
    Time raw_since_{0};
};

}  // namespace cxedge::plugins
