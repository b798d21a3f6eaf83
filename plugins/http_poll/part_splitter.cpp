// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/part_splitter.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

using devices::lower;
using devices::trimmed;

constexpr std::size_t kMostHead = 8'192;
constexpr std::size_t kMostHeaders = 32;
constexpr std::size_t kMostBoundary = 256;
constexpr std::size_t kMostDashes = 72;
constexpr std::string_view kBehindBoundary = "\r\n \t-";

std::optional<std::size_t> length_of(std::string_view text) {
    std::size_t length = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return whole ? std::optional(length) : std::nullopt;
}

PartHeaders headers_of(std::string_view head) {
    PartHeaders headers;
    while (!head.empty() && headers.size() < kMostHeaders) {
        const std::size_t end = std::min(head.find('\n'), head.size());
        const std::string_view line = trimmed(head.substr(0, end));
        head.remove_prefix(std::min(end + 1, head.size()));
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos) {
            headers.emplace_back(
                lower(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1))
            );
        }
    }
    return headers;
}

bool is_picture(std::string_view content_type) {
    const std::string type = lower(content_type);
    return type.starts_with("image/") || type.starts_with("video/") || type.starts_with("audio/");
}

// Where an empty line ends the head; npos: not yet. `size` is what of it is the head itself.
std::size_t end_of_head(std::string_view text, std::size_t& size) {
    for (std::size_t line = 0; line < text.size();) {
        const std::size_t end = text.find('\n', line);
        if (end == std::string_view::npos) {
            return end;
        }
        if (trimmed(text.substr(line, end - line)).empty()) {
            size = line;
            return end + 1;
        }
        line = end + 1;
    }
    return std::string_view::npos;
}

// A line's end before a boundary belongs to the boundary.
std::string_view without_line_end(std::string_view body) {
    if (body.ends_with('\n')) {
        body.remove_suffix(1);
        if (body.ends_with('\r')) {
            body.remove_suffix(1);
        }
    }
    return body;
}

}  // namespace

std::string_view part_header(const PartHeaders& headers, std::string_view name) {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
        return header.first == name;
    });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

PartSplitter::PartSplitter(std::string_view boundary, std::size_t max_part)
    : boundary_(boundary.substr(std::min(boundary.find_first_not_of('-'), boundary.size()))),
      max_part_(max_part) {}

std::optional<std::string> PartSplitter::boundary_of(std::string_view content_type) {
    if (!lower(trimmed(content_type)).starts_with("multipart/")) {
        return std::nullopt;
    }
    const std::size_t at = lower(content_type).find("boundary=");
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view rest = trimmed(content_type.substr(at + std::string_view("boundary=").size()));
    const bool quoted = rest.starts_with('"');
    rest.remove_prefix(quoted ? 1 : 0);
    const std::string_view name = trimmed(rest.substr(0, rest.find_first_of(quoted ? "\"" : ";,")));
    const bool usable = name.find_first_not_of('-') != std::string_view::npos &&
                        name.size() <= kMostBoundary && name.find('\n') == std::string_view::npos;
    return usable ? std::optional<std::string>(name) : std::nullopt;
}

void PartSplitter::feed(std::string_view bytes, const OnPart& on_part) {
    // In slices: what is passed over is never held.
    constexpr std::size_t kSlice = 16'384;
    while (!bytes.empty()) {
        const std::string_view slice = bytes.substr(0, kSlice);
        buffer_ += slice;
        bytes.remove_prefix(slice.size());
        while (step(on_part)) {
        }
    }
}

bool PartSplitter::step(const OnPart& on_part) {
    switch (state_) {
        case State::between:
            return find_boundary();
        case State::head:
            return read_head();
        case State::body:
            return read_body(on_part);
        case State::passed_over:
            return pass_over();
    }
    return false;
}

std::size_t PartSplitter::boundary_at_line(std::size_t from) const {
    for (std::size_t name = buffer_.find(boundary_, from); name != std::string::npos;
         name = buffer_.find(boundary_, name + 1)) {
        std::size_t at = name;
        while (at > 0 && buffer_[at - 1] == '-' && name - at < kMostDashes) {
            --at;
        }
        const std::size_t end = name + boundary_.size();
        const bool begins_line = at == 0 ? line_begin_ : buffer_[at - 1] == '\n';
        const bool is_whole =
            end < buffer_.size() && kBehindBoundary.find(buffer_[end]) != std::string_view::npos;
        if (name - at >= 2 && begins_line && is_whole) {
            return at;
        }
    }
    return std::string::npos;
}

void PartSplitter::consume(std::size_t bytes) {
    if (bytes > 0) {
        line_begin_ = buffer_[bytes - 1] == '\n';
    }
    buffer_.erase(0, bytes);
    seen_ = 0;
}

// What could still become a boundary, with the line's end before it.
void PartSplitter::keep_tail() {
    const std::size_t tail = boundary_.size() + kMostDashes + 3;
    if (buffer_.size() > tail) {
        consume(buffer_.size() - tail);
    }
}

bool PartSplitter::find_boundary() {
    const std::size_t at = boundary_at_line(0);
    if (at == std::string::npos) {
        keep_tail();
        return false;
    }
    const std::size_t end = buffer_.find('\n', at);
    if (end == std::string::npos) {
        consume(at);
        if (buffer_.size() > kMostHead) {  // no line, whatever it is
            ++skipped_.malformed;
            consume(buffer_.size());
            return true;
        }
        return false;
    }
    const std::size_t name_end = buffer_.find(boundary_, at) + boundary_.size();
    const bool is_it = trimmed(std::string_view(buffer_).substr(name_end, end - name_end)).empty();
    consume(end + 1);
    // Else one that only begins like it; or the last one ("--"), after which some go on.
    state_ = is_it ? State::head : State::between;
    return true;
}

bool PartSplitter::read_head() {
    std::size_t size = 0;
    const std::size_t end = end_of_head(buffer_, size);
    if (end == std::string::npos || end > kMostHead) {
        if (buffer_.size() <= kMostHead) {
            return false;
        }
        ++skipped_.malformed;
        state_ = State::between;
        return true;
    }
    headers_ = headers_of(std::string_view(buffer_).substr(0, size));
    consume(end);
    line_begin_ = true;
    begin_body();
    return true;
}

void PartSplitter::begin_body() {
    length_ = length_of(part_header(headers_, "content-length"));
    const bool picture = is_picture(part_header(headers_, "content-type"));
    skipped_.pictures += picture ? 1U : 0U;
    state_ = picture ? State::passed_over : State::body;
}

bool PartSplitter::read_body(const OnPart& on_part) {
    const std::size_t at = boundary_at_line(seen_);
    // A Content-Length that is right is up to a line's end before the boundary. One that is not is
    // worth less than the boundary.
    if (at != std::string::npos) {
        const bool told = length_ && *length_ <= at && at - *length_ <= 2;
        const std::size_t size =
            told ? *length_ : without_line_end(std::string_view(buffer_).substr(0, at)).size();
        deliver(size, at, on_part);
        return true;
    }
    if (length_ && buffer_.size() >= *length_ && *length_ <= max_part_) {
        deliver(*length_, *length_, on_part);
        return true;
    }
    if (buffer_.size() > max_part_) {
        ++skipped_.too_large;
        state_ = State::passed_over;
        return true;
    }
    const std::size_t tail = boundary_.size();
    seen_ = buffer_.size() > tail ? buffer_.size() - tail : 0;
    return false;
}

void PartSplitter::deliver(std::size_t size, std::size_t used, const OnPart& on_part) {
    state_ = State::between;
    if (size > max_part_) {
        ++skipped_.too_large;
    } else {
        on_part(headers_, std::string_view(buffer_).substr(0, size));
    }
    consume(used);
    line_begin_ = true;  // a body that ends where it said
}

bool PartSplitter::pass_over() {
    const std::size_t at = boundary_at_line(0);
    if (at == std::string::npos) {
        keep_tail();
        return false;
    }
    consume(at);
    line_begin_ = true;
    state_ = State::between;
    return true;
}

}  // namespace cxedge::plugins
