// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/html_scan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cxedge::plugins {
namespace {

constexpr std::string_view kCommentBegin = "<!--";
constexpr std::string_view kCommentEnd = "-->";

// Elements whose content is text (WHATWG HTML 13.1.2, 13.2.6.2); noscript is one where scripts run,
// as in a browser.
bool is_raw(std::string_view name) {
    static constexpr std::array<std::string_view, 9> kRaw{
        "script", "style", "textarea", "title", "noscript", "iframe", "noembed", "noframes", "xmp"};
    return std::find(kRaw.begin(), kRaw.end(), name) != kRaw.end();
}

// Of link: "shortcut icon", "stylesheet"; "alternate stylesheet" is not loaded.
bool is_loaded(std::string_view rel) {
    std::string low(rel);
    for (char& c : low) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const bool alternate = low.find("alternate") != std::string::npos;
    return !alternate &&
           (low.find("stylesheet") != std::string::npos || low == "icon" || low == "shortcut icon");
}

char small(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void HtmlScan::feed(std::string_view bytes) {
    rest_ += bytes;
    while (step()) {
    }
    rest_.erase(0, at_);
    at_ = 0;
}

std::vector<PageReference> HtmlScan::take() {
    return std::exchange(found_, {});
}

bool HtmlScan::step() {
    switch (within_) {
        case Within::text:
            return step_text();
        case Within::comment:
            return step_comment();
        case Within::raw:
            return step_raw();
    }
    return false;
}

// Everything but the last bytes, which may be the beginning of what ends this.
void HtmlScan::drop_but(std::size_t count) {
    at_ = std::max(at_, rest_.size() - std::min(count, rest_.size()));
}

bool HtmlScan::step_text() {
    at_ = std::min(rest_.find('<', at_), rest_.size());
    const std::string_view text = std::string_view(rest_).substr(at_);
    if (text.size() < kCommentBegin.size()) {
        return false;
    }
    if (text.starts_with(kCommentBegin)) {
        within_ = Within::comment;
        at_ += 2;  // "<!-->" is a whole one
        return true;
    }
    const auto tag = parse_html_tag(text.substr(0, kLongestTag));
    if (!tag && text.size() < kLongestTag) {
        return false;
    }
    at_ += tag ? tag->length : kLongestTag;
    if (tag) {
        take_tag(*tag);
    }
    return true;
}

bool HtmlScan::step_comment() {
    const std::size_t end = rest_.find(kCommentEnd, at_);
    if (end == std::string::npos) {
        drop_but(kCommentEnd.size() - 1);
        return false;
    }
    at_ = end + kCommentEnd.size();
    within_ = Within::text;
    return true;
}

bool HtmlScan::step_raw() {
    const std::string closing = "</" + raw_;
    const auto same = [](char a, char b) {
        return small(a) == b;
    };
    const auto found = std::search(
        rest_.begin() + static_cast<std::ptrdiff_t>(at_),
        rest_.end(),
        closing.begin(),
        closing.end(),
        same
    );
    if (found == rest_.end()) {
        drop_but(closing.size() - 1);
        return false;
    }
    at_ = static_cast<std::size_t>(found - rest_.begin());
    const std::size_t after = at_ + closing.size();
    if (after == rest_.size()) {
        return false;
    }
    const bool whole = std::string_view(" \t\n\f\r/>").find(rest_[after]) != std::string_view::npos;
    within_ = whole ? Within::text : Within::raw;
    at_ = whole ? at_ : after;
    return true;
}

void HtmlScan::take_tag(const HtmlTag& tag) {
    if (tag.closing || tag.name.empty()) {
        return;
    }
    std::string_view reference;
    if (tag.name == "img" || tag.name == "script") {
        reference = tag.attribute("src");
    } else if (tag.name == "link" && is_loaded(tag.attribute("rel"))) {
        reference = tag.attribute("href");
    } else if (tag.name == "base" && base_.empty()) {
        base_ = tag.attribute("href");
    }
    if (!reference.empty()) {
        found_.push_back({std::string(reference), base_});
    }
    if (is_raw(tag.name)) {
        within_ = Within::raw;
        raw_ = tag.name;
    }
}

}  // namespace cxedge::plugins
