// SPDX-License-Identifier: Apache-2.0
// Takes a multipart stream without end apart (RFC 2046, 5.1, as devices write it): parts with and
// without Content-Length, with a wrong one, with \n for \r\n. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::plugins {

// Name in lower case and value, in the order of the part.
using PartHeaders = std::vector<std::pair<std::string, std::string>>;
// Of the first of that (lower-case) name; empty: none.
std::string_view part_header(const PartHeaders& headers, std::string_view name);

class PartSplitter {
public:
    using OnPart = std::function<void(const PartHeaders& headers, std::string_view body)>;
    // What was passed over since it was asked for last.
    struct Skipped {
        std::uint64_t pictures = 0;  // image/*, video/*, audio/*: never kept, whatever their size
        std::uint64_t too_large = 0;
        std::uint64_t malformed = 0;  // head without end
    };

    PartSplitter(std::string_view boundary, std::size_t max_part);

    // Of a Content-Type header; empty: not multipart, or none is named.
    static std::optional<std::string> boundary_of(std::string_view content_type);

    // Calls back for each part that is complete now: by its Content-Length, or because the next
    // begins. Holds at most `max_part` and a head.
    void feed(std::string_view bytes, const OnPart& on_part);
    [[nodiscard]] Skipped take_skipped() { return std::exchange(skipped_, {}); }
    [[nodiscard]] std::size_t held() const { return buffer_.size(); }

private:
    enum class State {
        between,  // before a boundary
        head,
        body,
        passed_over,  // a body of which nothing is kept
    };

    // Each: true if it got on, false if it needs more bytes.
    bool step(const OnPart& on_part);
    bool find_boundary();
    bool read_head();
    bool read_body(const OnPart& on_part);
    bool pass_over();
    void begin_body();
    void deliver(std::size_t size, std::size_t used, const OnPart& on_part);
    void keep_tail();
    void consume(std::size_t bytes);
    [[nodiscard]] std::size_t boundary_at_line(std::size_t from) const;

    // Without its dashes: how many of them go before it devices do not agree on.
    std::string boundary_;
    std::size_t max_part_;
    State state_ = State::between;
    std::string buffer_;
    std::size_t seen_ = 0;    // of the buffer: holds no boundary
    bool line_begin_ = true;  // the buffer begins where a line does
    PartHeaders headers_;
    std::optional<std::size_t> length_;
    Skipped skipped_;
};

}  // namespace cxedge::plugins
