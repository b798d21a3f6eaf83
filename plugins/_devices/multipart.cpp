// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/multipart.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kLongestBoundary = 200;  // RFC 2046 says 70
constexpr std::size_t kLongestHead = 8'192;
constexpr std::string_view kDashes = "--";
constexpr std::size_t kDelimiterExtra = 8;  // line ends and dashes around a delimiter, and more

// The value that begins at the front, quoted or not; `rest` keeps what comes behind the next ';'.
std::string take_header_value(std::string_view& rest) {
    const bool quoted = !rest.empty() && rest.front() == '"';
    const std::size_t end = std::min(rest.find(quoted ? '"' : ';', quoted ? 1 : 0), rest.size());
    const std::size_t first = quoted ? 1 : 0;
    std::string value(trimmed(rest.substr(first, end - std::min(end, first))));
    rest.remove_prefix(std::min(rest.find(';', end), rest.size()));
    return value;
}

// `name` of `a; name=value; other="quoted"`; empty: none.
std::string header_parameter(std::string_view header, std::string_view name) {
    header.remove_prefix(std::min(header.find(';'), header.size()));
    while (!header.empty()) {
        header.remove_prefix(1);
        const std::size_t equals = header.find('=');
        if (equals == std::string_view::npos) {
            break;
        }
        const std::string key = lower(trimmed(header.substr(0, equals)));
        header.remove_prefix(equals + 1);
        header.remove_prefix(std::min(header.find_first_not_of(" \t"), header.size()));
        std::string value = take_header_value(header);
        if (key == name) {
            return value;
        }
    }
    return {};
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
// before it, and some do: as "--" + it contains it, both are found.
std::string delimiter_of(std::string_view boundary) {
    return begins_with(boundary, kDashes) ? std::string(boundary)
                                          : std::string(kDashes) + std::string(boundary);
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    if (!begins_with(lower(trimmed(content_type)), "multipart/")) {
        return std::nullopt;
    }
    std::string boundary = header_parameter(content_type, "boundary");
    const bool usable = !boundary.empty() && boundary.size() <= kLongestBoundary;
    return usable ? std::optional(std::move(boundary)) : std::nullopt;
}

MultipartSplitter::MultipartSplitter(std::string_view boundary, Limits limits, OnPart on_part)
    : delimiter_(delimiter_of(boundary)), limits_(limits), on_part_(std::move(on_part)) {}

void MultipartSplitter::feed(std::string_view bytes) {
    buffer_.append(bytes);
    while (step()) {
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
            return step_body();
        case State::skip:
            break;
    }
    return step_skip();
}

void MultipartSplitter::discard(std::size_t bytes) {
    buffer_.erase(0, bytes);
    scanned_ = 0;
}

// The line end before the delimiter is at `at`.
bool MultipartSplitter::is_delimiter(std::size_t at, Delimiter& found) const {
    std::size_t name = at + 1;
    // "----x" where "--x" was announced.
    const std::string_view line = std::string_view(buffer_).substr(name);
    if (begins_with(line, kDashes) && begins_with(line.substr(kDashes.size()), delimiter_)) {
        name += kDashes.size();
    }
    const std::string_view here = std::string_view(buffer_).substr(name);
    if (!begins_with(here, delimiter_) || here.size() < delimiter_.size() + 1) {
        return false;
    }
    const std::string_view behind = here.substr(delimiter_.size());
    found = {at, name + delimiter_.size(), begins_with(behind, kDashes)};
    found.end += found.closing ? kDashes.size() : 0;
    return found.closing || ends_delimiter(behind.front());
}

// From scanned_ on, which it moves; what may still become one is left.
bool MultipartSplitter::find_delimiter(Delimiter& found) {
    const std::size_t longest = delimiter_.size() + kDelimiterExtra;
    std::size_t open = buffer_.size();
    for (std::size_t at = buffer_.find('\n', scanned_); at != std::string::npos;
         at = buffer_.find('\n', at + 1)) {
        if (is_delimiter(at, found)) {
            return true;
        }
        if (at + longest > buffer_.size()) {
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

// Of a part that is dropped.
bool MultipartSplitter::step_skip() {
    if (length_ && limits_.by_length) {
        // Its bytes are not looked at: they may look like anything.
        const std::size_t here = std::min(*length_, buffer_.size());
        discard(here);
        *length_ -= here;
        if (*length_ > 0) {
            return false;
        }
        begin_again();
        return true;
    }
    return step_preamble();
}

void MultipartSplitter::begin_skip() {
    state_ = State::skip;
    pictures_ += is_picture_ ? 1U : 0U;
    oversized_ += is_picture_ ? 0U : 1U;
}

// The head ends with an empty line; the line end of the delimiter comes first, so that an empty
// head is one, too.
bool MultipartSplitter::step_head() {
    const std::size_t first = buffer_.find('\n');
    const std::size_t bare = buffer_.find("\n\n", first);
    const std::size_t full = buffer_.find("\n\r\n", first);
    const std::size_t end = std::min(bare, full);
    if (end > kLongestHead) {  // also: there is none yet
        if (buffer_.size() <= kLongestHead) {
            return false;
        }
        begin_skip();
        return true;
    }
    read_head(std::string_view(buffer_).substr(0, end));
    discard(end + (full == end ? 2 : 1));  // the body keeps the line end before it
    if (!is_picture_ && length_.value_or(0) <= limits_.part) {
        state_ = State::body;
        return true;
    }
    discard(limits_.by_length && length_ ? 1 : 0);
    begin_skip();
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
        std::size_t length = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
        length_ = read.ec == std::errc{} ? std::optional(length) : std::nullopt;
    }
}

// Its bytes are buffer_[1, end), without the line end before the delimiter.
void MultipartSplitter::deliver(std::size_t end) {
    if (is_picture_itself(std::string_view(buffer_).substr(1, end - 1))) {
        ++pictures_;
        return;
    }
    if (end - 1 > limits_.part) {
        ++oversized_;
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
    if (buffer_.size() > limits_.part + delimiter_.size() + kDelimiterExtra) {
        length_.reset();
        begin_skip();
        return true;
    }
    return false;
}

}  // namespace cxedge::devices
