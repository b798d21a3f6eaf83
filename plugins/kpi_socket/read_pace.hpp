// SPDX-License-Identifier: Apache-2.0
// When to read a client again. A turn of the loop costs more than the line that it brings, so lines
// of a client that does not wait for its answers are collected for a moment; one that does wait is
// answered at once. Which of the two it is shows when more than one line has come during a pause.
// Pure. Thread: one.
#pragma once

#include <algorithm>
#include <cstddef>

namespace cxedge::plugins {

class ReadPace {
public:
    // After a read that brought `lines`: true, pause before the next one; false, read when there is
    // something.
    bool pauses_after(std::size_t lines) {
        const bool paused = paused_;
        paused_ = false;
        if (paused && lines > 1) {
            patience_ = kFirst;
            paused_ = true;
        } else if (paused) {
            patience_ = std::min(2 * patience_, kLast);
            reads_ = 0;
        } else if (++reads_ >= patience_) {
            paused_ = true;
        }
        return paused_;
    }

private:
    // Reads until the first try, and between tries that found a client waiting.
    static constexpr std::size_t kFirst = 64;
    static constexpr std::size_t kLast = 4096;

    std::size_t patience_ = kFirst;
    std::size_t reads_ = 0;
    bool paused_ = false;
};

}  // namespace cxedge::plugins
