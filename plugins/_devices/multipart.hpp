// SPDX-License-Identifier: Apache-2.0
// Multipart bodies (RFC 2046, 7578) as devices push them or stream them without end: messages with
// pictures between them, \n for \r\n, a wrong Content-Length, as many dashes as they like. Pictures
// are dropped unread. Pure and total: any bytes, in any pieces.
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cxedge::devices {

// Of a Content-Type header: `multipart/mixed; boundary="x"` -> "x". Empty: not multipart, or no
// boundary, one that is too long or nothing but dashes.
std::optional<std::string> multipart_boundary(std::string_view content_type);

struct MultipartPart {
    std::string content_type;  // lower case, without parameters; empty: not told
    std::string name;          // of form-data
    std::string body;
};

class MultipartSplitter {
public:
    struct Limits {
        std::size_t part = 1U << 20U;  // a longer one is dropped
        // Of a stream: a part ends when its Content-Length has come, not only when the next begins,
        // which may be minutes later. A delimiter before that ends it all the same: lengths are
        // often wrong, and one that is too large must not swallow what comes behind.
        bool by_length = false;
    };
    // What was dropped since it was asked for last.
    struct Skipped {
        std::uint64_t pictures = 0;  // also video and sound, whatever their size
        std::uint64_t oversized = 0;
        std::uint64_t malformed = 0;  // a head without end
        bool operator==(const Skipped&) const = default;
    };
    // Called from feed() and finish() for every part that is no picture.
    using OnPart = std::function<void(MultipartPart part)>;

    MultipartSplitter(std::string_view boundary, Limits limits, OnPart on_part);

    // Holds a part, a head and a few KiB at most, however much comes at once.
    void feed(std::string_view bytes);
    // The body is complete: a last part counts also where its sender forgot the closing delimiter.
    void finish();

    [[nodiscard]] Skipped take_skipped() { return std::exchange(skipped_, {}); }
    [[nodiscard]] std::size_t held() const { return buffer_.size(); }

private:
    enum class State {
        preamble,  // and whatever else is dropped until a delimiter comes
        head,
        body,
    };
    struct Delimiter {
        std::size_t at = 0;   // of the line end before it
        std::size_t end = 0;  // behind it and its "--"
        bool closing = false;
    };

    bool step();
    bool step_preamble();
    bool step_head();
    bool step_body();
    [[nodiscard]] bool find_delimiter(Delimiter& found);
    [[nodiscard]] bool is_delimiter(std::size_t at, Delimiter& found) const;
    void after(const Delimiter& delimiter);
    void read_head(std::string_view head);
    void read_field(std::string_view line);
    void deliver(std::size_t end);
    void begin_again();
    void discard(std::size_t bytes);

    const std::string name_;     // the boundary without its dashes: devices do not agree on them
    const std::size_t longest_;  // delimiter, with the line end before it
    const Limits limits_;
    const OnPart on_part_;
    State state_ = State::preamble;
    // What is not used up. Begins with the line end before what comes, so that a delimiter at its
    // very beginning is one.
    std::string buffer_ = "\n";
    std::size_t scanned_ = 0;  // no delimiter begins before it
    MultipartPart part_;
    std::optional<std::size_t> length_;
    bool is_picture_ = false;
    Skipped skipped_;
};

}  // namespace cxedge::devices
