// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpio/debouncer.hpp"

namespace cxedge::plugins {

std::optional<LevelChange> Debouncer::edge(bool active, Time at) {
    const std::optional<LevelChange> before = settle(at);
    // The same level once more: the kernel dropped the edge between, so it bounced.
    raw_ = active;
    raw_since_ = at;
    return before ? before : settle(at);
}

std::optional<LevelChange> Debouncer::settle(Time now) {
    if (raw_ == level_ || now - raw_since_ < hold_) {
        return std::nullopt;
    }
    level_ = raw_;
    return LevelChange{level_, raw_since_};
}

std::optional<Debouncer::Time> Debouncer::due() const {
    return raw_ == level_ ? std::nullopt : std::optional(raw_since_ + hold_);
}

}  // namespace cxedge::plugins
