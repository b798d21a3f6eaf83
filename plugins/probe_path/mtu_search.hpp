// SPDX-License-Identifier: Apache-2.0
// The largest packet that reaches a target whole, by what routers say (RFC 1191, RFC 8201) and,
// where they say nothing, by what arrives (RFC 4821, RFC 8899). Sizes are those of IP packets in
// bytes. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>

namespace cxedge::plugins {

class MtuSearch {
public:
    // `largest`: that the interface takes.
    MtuSearch(bool v6, int largest);

    // The size to try next; nothing: the search is over.
    [[nodiscard]] std::optional<int> next() const;
    void arrived(int size);
    // `told`: the size that the router says would pass; 0: it does not say.
    void too_big(int size, int told);
    // Was sent often enough and nobody said anything.
    void silent(int size);

    // Nothing: the target answers no size at all, or the search is not over.
    [[nodiscard]] std::optional<int> found() const;
    // Larger packets vanish without a word: TCP connections that need them hang.
    [[nodiscard]] bool black_hole() const { return found().has_value() && black_hole_; }

private:
    void shrink(int high);

    int floor_;
    int base_;      // reaches every host
    int low_ = 0;   // has arrived
    int high_;      // more does not
    int hint_ = 0;  // is tried first
    bool black_hole_ = false;
    bool dead_ = false;
};

}  // namespace cxedge::plugins
