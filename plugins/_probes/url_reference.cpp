// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/url_reference.hpp"

#include <algorithm>

namespace cxedge::probes {
namespace {

// RFC 3986 section 3; what is not there is nothing, which is not the same as empty.
struct UrlParts {
    std::optional<std::string> scheme;
    std::optional<std::string> authority;
    std::string path;
    std::optional<std::string> query;
};

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_of_scheme(char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

std::string lower_scheme(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

// As browsers do (WHATWG URL 4.4): no blanks around, no line ends and tabs within.
std::string cleaned(std::string_view text) {
    const auto blank = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20U;
    };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    std::string out;
    for (const char c : text) {
        constexpr char kDigits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        if (byte <= 0x20U || byte >= 0x7FU || c == '"' || c == '<' || c == '>') {
            out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
        } else {
            out += c;
        }
    }
    return out;
}

std::optional<std::string> take_scheme(std::string_view& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !is_alpha(text.front()) ||
        !std::all_of(
            text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_of_scheme
        )) {
        return std::nullopt;
    }
    std::string scheme = lower_scheme(text.substr(0, colon));
    text.remove_prefix(colon + 1);
    return scheme;
}

UrlParts parts_of(std::string_view text) {
    UrlParts parts;
    text = text.substr(0, text.find('#'));
    parts.scheme = take_scheme(text);
    if (text.starts_with("//")) {
        const std::size_t end = std::min(text.find_first_of("/?", 2), text.size());
        parts.authority = text.substr(2, end - 2);
        text.remove_prefix(end);
    }
    if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
        parts.query = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    parts.path = text;
    return parts;
}

// RFC 3986 section 5.2.4.
std::string without_dots(std::string_view path) {
    std::string out;
    const auto drop_last = [&] {
        const std::size_t slash = out.rfind('/');
        out.resize(slash == std::string::npos ? 0 : slash);
    };
    while (!path.empty()) {
        if (path.starts_with("../")) {
            path.remove_prefix(3);
        } else if (path.starts_with("./") || path.starts_with("/./")) {
            path.remove_prefix(2);
        } else if (path == "/.") {
            path = "/";
        } else if (path.starts_with("/../")) {
            path.remove_prefix(3);
            drop_last();
        } else if (path == "/..") {
            path = "/";
            drop_last();
        } else if (path == "." || path == "..") {
            path = {};
        } else {
            const std::size_t end = std::min(path.find('/', 1), path.size());
            out += path.substr(0, end);
            path.remove_prefix(end);
        }
    }
    return out;
}

// RFC 3986 section 5.2.3.
std::string merged(const UrlParts& base, const std::string& path) {
    if (base.authority && base.path.empty()) {
        return "/" + path;
    }
    const std::size_t slash = base.path.rfind('/');
    return (slash == std::string::npos ? "" : base.path.substr(0, slash + 1)) + path;
}

// RFC 3986 section 5.2.2; `base` has a scheme.
UrlParts target_of(const UrlParts& base, UrlParts reference) {
    if (reference.scheme) {
        reference.path = without_dots(reference.path);
        return reference;
    }
    reference.scheme = base.scheme;
    if (reference.authority) {
        reference.path = without_dots(reference.path);
        return reference;
    }
    reference.authority = base.authority;
    if (reference.path.empty()) {
        reference.path = base.path;
        reference.query = reference.query ? reference.query : base.query;
    } else if (reference.path.starts_with('/')) {
        reference.path = without_dots(reference.path);
    } else {
        reference.path = without_dots(merged(base, reference.path));
    }
    return reference;
}

}  // namespace

std::optional<std::string> resolve_reference(std::string_view base, std::string_view reference) {
    if (base.size() > kLongestUrl || reference.size() > 4 * kLongestUrl) {
        return std::nullopt;
    }
    const UrlParts from = parts_of(cleaned(base));
    if (!from.scheme) {
        return std::nullopt;
    }
    const UrlParts target = target_of(from, parts_of(cleaned(reference)));
    if (!target.authority || target.authority->empty()) {
        return std::nullopt;
    }
    std::string url = *target.scheme + "://" + *target.authority + target.path;
    if (target.query) {
        url += "?" + *target.query;
    }
    return url.size() <= kLongestUrl ? std::optional(std::move(url)) : std::nullopt;
}

}  // namespace cxedge::probes
