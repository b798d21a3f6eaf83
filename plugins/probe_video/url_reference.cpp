// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/url_reference.hpp"

#include <algorithm>
#include <cctype>

#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {
namespace {

// The parts of a URI as RFC 3986 section 3 names them, with their delimiters; no fragment.
struct UrlParts {
    std::string_view scheme;     // "https:"
    std::string_view authority;  // "//host:port"
    std::string_view path;       // "/a/b"
    std::string_view query;      // "?x=1"
};

bool is_scheme_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
}

// Cuts `size` characters off the front.
std::string_view cut(std::string_view& text, std::size_t size) {
    const std::string_view front = text.substr(0, size);
    text.remove_prefix(front.size());
    return front;
}

UrlParts split_url(std::string_view text) {
    UrlParts parts;
    text = text.substr(0, text.find('#'));
    const auto scheme_end = std::find_if_not(text.begin(), text.end(), is_scheme_char);
    if (scheme_end != text.begin() && scheme_end != text.end() && *scheme_end == ':') {
        parts.scheme = cut(text, static_cast<std::size_t>(scheme_end - text.begin()) + 1);
    }
    if (text.starts_with("//")) {
        parts.authority = cut(text, std::min(text.find_first_of("/?", 2), text.size()));
    }
    parts.path = cut(text, std::min(text.find('?'), text.size()));
    parts.query = text;
    return parts;
}

// RFC 3986 section 5.2.4, for paths that begin with '/'.
std::string remove_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const std::string_view segment = cut(path, std::min(path.find('/', 1), path.size()));
        const bool last = path.empty();
        if (segment == "/." || segment == "/..") {
            if (segment == "/..") {
                const std::size_t parent = out.rfind('/');
                out.resize(parent == std::string::npos ? 0 : parent);
            }
            out += last ? "/" : "";
        } else {
            out += segment;
        }
    }
    return out;
}

// RFC 3986 section 5.2.3.
std::string merge_path(const UrlParts& base, std::string_view path) {
    if (path.starts_with('/')) {
        return remove_dot_segments(path);
    }
    const std::string_view folder = base.path.substr(0, base.path.rfind('/') + 1);
    return remove_dot_segments(std::string(folder.empty() ? "/" : folder) + std::string(path));
}

bool is_http(std::string_view scheme) {
    std::string lower(scheme);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return lower == "http:" || lower == "https:";
}

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) {
        return c <= ' ' || c == 0x7f;
    });
}

// RFC 3986 section 5.2.2.
std::string transform_reference(const UrlParts& base, const UrlParts& reference) {
    std::string out(reference.scheme.empty() ? base.scheme : reference.scheme);
    if (!reference.scheme.empty() || !reference.authority.empty()) {
        out += reference.authority;
        return out + remove_dot_segments(reference.path) + std::string(reference.query);
    }
    out += base.authority;
    if (reference.path.empty()) {
        out += base.path;
        return out + std::string(reference.query.empty() ? base.query : reference.query);
    }
    return out + merge_path(base, reference.path) + std::string(reference.query);
}

}  // namespace

std::optional<std::string> resolve_reference(std::string_view base, std::string_view reference) {
    if (base.size() > kLongestUrl || reference.size() > kLongestUrl || !is_plain(reference)) {
        return std::nullopt;
    }
    std::string url = transform_reference(split_url(base), split_url(reference));
    const UrlParts parts = split_url(url);
    const bool good = is_http(parts.scheme) && parts.authority.size() > 2 && is_plain(url) &&
                      (parts.path.empty() || parts.path.front() == '/');
    return good && url.size() <= kLongestUrl ? std::optional(std::move(url)) : std::nullopt;
}

}  // namespace cxedge::plugins::video
