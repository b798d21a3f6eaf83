// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cxedge::devices {

// Cuts a stream of bytes into lines, whatever the pieces in which they come. Holds at most one
// line.
class LineSplitter {
public:
    // Without its line end ("\n" or "\r\n"); `too_long`: skipped, and `line` is empty.
    using TakeLine = std::function<void(std::string_view line, bool too_long)>;

    explicit LineSplitter(std::size_t longest) : longest_(longest) {}

    // Calls `take` once for each line that ends within `bytes`. Views are valid during the call.
    void feed(std::string_view bytes, const TakeLine& take);
    // A line has begun and not ended.
    [[nodiscard]] bool has_partial() const { return skipping_ || !partial_.empty(); }
    // The stream is over: what has begun counts as a line.
    void end(const TakeLine& take);
    // Forgets what has begun.
    void clear();

private:
    void end_line(std::string_view rest, const TakeLine& take);
    void keep(std::string_view bytes);

    std::size_t longest_;
    std::string partial_;
    bool skipping_ = false;
};

}  // namespace cxedge::devices
