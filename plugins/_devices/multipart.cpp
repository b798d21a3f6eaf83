// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/multipart.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kLongestBoundary = 200;  // RFC 2046 says 70
constexpr std::size_t kLongestHead = 8'192;
constexpr std::string_view kDashes = "--";
constexpr std::size_t kMostDashes = kLongestBoundary + kDashes.size();
// What is dropped is never held as a whole, and small parts are cheap to take off the front.
constexpr std::size_t kSlice = 4'096;

// The value that begins at the front, quoted or not; `rest` keeps what comes behind the next ';'.
std::string take_header_value(std::string_view& rest) {
    const bool quoted = !rest.empty() && rest.front() == '"';
    const std::size_t end = std::min(rest.find(quoted ? '"' : ';', quoted ? 1 : 0), rest.size());
    const std::size_t first = quoted ? 1 : 0;
    std::string value(trimmed(rest.substr(first, end - std::min(end, first))));
    rest.remove_prefix(std::min(rest.find(';', end), rest.size()));
    return value;
}

// `name` of `a; name=value; other="quoted"`, also with its semicolon forgotten; empty: none.
std::string header_parameter(std::string_view header, std::string_view name) {
    for (std::size_t equals = header.find('='); equals != std::string_view::npos;
         equals = header.find('=')) {
        std::string_view key = trimmed(header.substr(0, equals));
        key.remove_prefix(key.find_last_of("; \t") + 1);
        header.remove_prefix(equals + 1);
        header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
        std::string value = take_header_value(header);
        if (lower(key) == name) {
            return value;
        }
    }
    return {};
}

std::optional<std::size_t> length_of(std::string_view text) {
    std::size_t length = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole ? std::optional(length) : std::nullopt;
}

bool begins_with(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

// Pictures, and what moves or sounds: nothing of it is read.
bool is_recording(std::string_view content_type) {
    return begins_with(content_type, "image/") || begins_with(content_type, "video/") ||
           begins_with(content_type, "audio/");
}

bool is_picture_name(const std::string& file) {
    const std::string name = lower(file);
    constexpr std::array<std::string_view, 6> kEndings{
        ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"};
    return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
        return name.ends_with(ending);
    });
}

// JPEG and PNG say what they are, whatever the head of their part says.
bool is_picture_itself(std::string_view bytes) {
    return begins_with(bytes, "\xFF\xD8\xFF") || begins_with(bytes, "\x89PNG");
}

bool ends_delimiter(char c) {
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

// A device whose boundary begins with "--" means the delimiter, as a rule; RFC 2046 puts two more
// before it, and some do.
std::string_view without_dashes(std::string_view boundary) {
    return boundary.substr(std::min(boundary.find_first_not_of('-'), boundary.size()));
}

// Where the line end of the empty line is that ends the head; npos: it has not come. The text
// begins behind the delimiter, in its line.
std::size_t end_of_head(std::string_view text) {
    std::size_t end = text.find('\n');
    while (end != std::string_view::npos) {
        const std::size_t line = end + 1;
        end = text.find('\n', line);
        if (end != std::string_view::npos && trimmed(text.substr(line, end - line)).empty()) {
            break;
        }
    }
    return end;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    if (!begins_with(lower(trimmed(content_type)), "multipart/")) {
        return std::nullopt;
    }
    std::string boundary = header_parameter(content_type, "boundary");
    const bool usable = !without_dashes(boundary).empty() && boundary.size() <= kLongestBoundary;
    return usable ? std::optional(std::move(boundary)) : std::nullopt;
}

MultipartSplitter::MultipartSplitter(std::string_view boundary, Limits limits, OnPart on_part)
    : name_(without_dashes(boundary)),
      longest_(1 + kMostDashes + name_.size() + kDashes.size() + 1),
      limits_(limits),
      on_part_(std::move(on_part)) {}

void MultipartSplitter::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view slice = bytes.substr(0, kSlice);
        buffer_.append(slice);
        bytes.remove_prefix(slice.size());
        while (step()) {
        }
    }
}

void MultipartSplitter::finish() {
    if (state_ == State::body && buffer_.size() > 1) {
        std::size_t end = buffer_.find_last_not_of("\r\n") + 1;
        end = length_ && *length_ < buffer_.size() ? *length_ + 1 : end;
        deliver(std::max<std::size_t>(end, 1));
    }
    buffer_.clear();
    begin_again();
}

// Where a delimiter may follow at once, though its line end was counted before.
void MultipartSplitter::begin_again() {
    buffer_.insert(0, "\n");
    scanned_ = 0;
    state_ = State::preamble;
}

bool MultipartSplitter::step() {
    switch (state_) {
        case State::preamble:
            return step_preamble();
        case State::head:
            return step_head();
        case State::body:
            break;
    }
    return step_body();
}

void MultipartSplitter::discard(std::size_t bytes) {
    buffer_.erase(0, bytes);
    scanned_ = 0;
}

// The line end before the delimiter is at `at`.
bool MultipartSplitter::is_delimiter(std::size_t at, Delimiter& found) const {
    const std::string_view line = std::string_view(buffer_).substr(at + 1);
    const std::size_t dashes = std::min(line.find_first_not_of('-'), line.size());
    const bool has_dashes = dashes >= kDashes.size() && dashes <= kMostDashes;
    if (!has_dashes || !begins_with(line.substr(dashes), name_)) {
        return false;
    }
    const std::string_view behind = line.substr(dashes + name_.size());
    if (behind.empty()) {
        return false;
    }
    found = {at, at + 1 + dashes + name_.size(), begins_with(behind, kDashes)};
    found.end += found.closing ? kDashes.size() : 0;
    return found.closing || ends_delimiter(behind.front());
}

// From scanned_ on, which it moves; what may still become one is left.
bool MultipartSplitter::find_delimiter(Delimiter& found) {
    std::size_t open = buffer_.size();
    for (std::size_t at = buffer_.find('\n', scanned_); at != std::string::npos;
         at = buffer_.find('\n', at + 1)) {
        if (is_delimiter(at, found)) {
            return true;
        }
        if (at + longest_ > buffer_.size()) {
            open = std::min(open, at);
        }
    }
    scanned_ = open;
    return false;
}

void MultipartSplitter::after(const Delimiter& delimiter) {
    discard(delimiter.end);
    state_ = delimiter.closing ? State::preamble : State::head;
    part_ = {};
    length_.reset();
    is_picture_ = false;
}

bool MultipartSplitter::step_preamble() {
    Delimiter found;
    if (!find_delimiter(found)) {
        discard(scanned_);
        return false;
    }
    after(found);
    return true;
}

bool MultipartSplitter::step_head() {
    const std::size_t end = end_of_head(buffer_);
    if (end > kLongestHead) {  // also: there is none yet
        if (buffer_.size() <= kLongestHead) {
            return false;
        }
        ++skipped_.malformed;
        state_ = State::preamble;
        return true;
    }
    read_head(std::string_view(buffer_).substr(0, end));
    discard(end);  // the body keeps the line end before it
    skipped_.pictures += is_picture_ ? 1U : 0U;
    state_ = is_picture_ ? State::preamble : State::body;
    return true;
}

void MultipartSplitter::read_head(std::string_view head) {
    while (!head.empty()) {
        const std::size_t end = std::min(head.find('\n'), head.size());
        read_field(head.substr(0, end));
        head.remove_prefix(std::min(end + 1, head.size()));
    }
}

void MultipartSplitter::read_field(std::string_view line) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string name = lower(trimmed(line.substr(0, colon)));
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (name == "content-type") {
        part_.content_type = lower(trimmed(value.substr(0, value.find(';'))));
        is_picture_ = is_picture_ || is_recording(part_.content_type);
    } else if (name == "content-disposition") {
        part_.name = header_parameter(value, "name");
        is_picture_ = is_picture_ || is_picture_name(header_parameter(value, "filename"));
    } else if (name == "content-length") {
        length_ = length_of(value);
    }
}

// Its bytes are buffer_[1, end), without the line end before the delimiter.
void MultipartSplitter::deliver(std::size_t end) {
    if (is_picture_itself(std::string_view(buffer_).substr(1, end - 1))) {
        ++skipped_.pictures;
        return;
    }
    if (end - 1 > limits_.part) {
        ++skipped_.oversized;
        return;
    }
    part_.body = buffer_.substr(1, end - 1);
    on_part_(std::exchange(part_, {}));
}

bool MultipartSplitter::step_body() {
    Delimiter found;
    if (find_delimiter(found)) {
        const bool has_return = found.at > 1 && buffer_[found.at - 1] == '\r';
        deliver(std::max<std::size_t>(found.at - (has_return ? 1 : 0), 1));
        after(found);
        return true;
    }
    if (limits_.by_length && length_ && buffer_.size() > *length_) {
        deliver(*length_ + 1);
        discard(*length_ + 1);
        begin_again();
        return true;
    }
    if (buffer_.size() > limits_.part + longest_) {  // even if a delimiter has begun
        deliver(buffer_.size());
        state_ = State::preamble;
        return true;
    }
    return false;
}

}  // namespace cxedge::devices
