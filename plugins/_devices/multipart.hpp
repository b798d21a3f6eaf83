// SPDX-License-Identifier: Apache-2.0
// Multipart bodies (RFC 2046, 7578) as cameras push them or stream them without end: messages with
// pictures between them. Pictures are dropped unread. Pure and total: any bytes, in any pieces.
// Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::devices {

// Of a Content-Type header: `multipart/mixed; boundary="x"` -> "x". Empty: not multipart, or no
// (or a too long) boundary.
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
        // which may be minutes later. A delimiter before that ends it all the same.
        bool by_length = false;
    };
    // Called from feed() and finish() for every part that is no picture.
    using OnPart = std::function<void(MultipartPart part)>;

    MultipartSplitter(std::string_view boundary, Limits limits, OnPart on_part);

    void feed(std::string_view bytes);
    // The body is complete: a last part counts also where its sender forgot the closing delimiter.
    void finish();

    // Dropped since the beginning.
    [[nodiscard]] std::uint64_t pictures() const { return pictures_; }
    [[nodiscard]] std::uint64_t oversized() const { return oversized_; }

private:
    enum class State { preamble, head, body, skip };
    struct Delimiter {
        std::size_t at = 0;   // of the line end before it
        std::size_t end = 0;  // behind it and its "--"
        bool closing = false;
    };

    bool step();
    bool step_preamble();
    bool step_head();
    bool step_body();
    bool step_skip();
    [[nodiscard]] bool find_delimiter(Delimiter& found);
    [[nodiscard]] bool is_delimiter(std::size_t at, Delimiter& found) const;
    void after(const Delimiter& delimiter);
    void read_head(std::string_view head);
    void read_field(std::string_view line);
    void deliver(std::size_t end);
    void begin_skip();
    void begin_again();
    void discard(std::size_t bytes);

    const std::string delimiter_;
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
    std::uint64_t pictures_ = 0;
    std::uint64_t oversized_ = 0;
};

}  // namespace cxedge::devices
