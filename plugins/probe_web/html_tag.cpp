// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/html_tag.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace cxedge::plugins {
namespace {

constexpr std::string_view kHtmlBlanks = " \t\n\f\r";
// Of a tag: further ones are read and forgotten, for each is compared with all before it.
constexpr std::size_t kMostAttributes = 64;

char lower_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_text(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_letter);
    return out;
}

bool is_letter(char c) {
    const char low = lower_letter(c);
    return low >= 'a' && low <= 'z';
}

// What "&NAME;" stands for; 0: nothing that is found in URLs.
char character_of(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
    for (const auto& [known, character] : kNamed) {
        if (name == known) {
            return character;
        }
    }
    const bool hex = name.starts_with("#x") || name.starts_with("#X");
    name.remove_prefix(std::min<std::size_t>(name.size(), hex ? 2 : 1));
    int code = 0;
    std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
    constexpr int kFirstPrinted = 0x20;
    constexpr int kLastPrinted = 0x7E;
    return code >= kFirstPrinted && code <= kLastPrinted ? static_cast<char>(code) : '\0';
}

std::string without_references(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        constexpr std::size_t kLongestName = 8;
        const std::size_t end = text.substr(0, kLongestName).find(';');
        const char character = text.front() == '&' && end != std::string_view::npos
                                   ? character_of(text.substr(1, end - 1))
                                   : '\0';
        out += character != '\0' ? character : text.front();
        text.remove_prefix(character != '\0' ? end + 1 : 1);
    }
    return out;
}

// Walks over the text of a tag; `out()`: it ends before the tag does.
class TagReader {
public:
    explicit TagReader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool out() const { return at_ >= text_.size(); }
    [[nodiscard]] char peek() const { return text_[at_]; }
    [[nodiscard]] std::size_t at() const { return at_; }
    void step(std::size_t count = 1) { at_ += count; }
    void skip(std::string_view any_of) {
        at_ = std::min(text_.find_first_not_of(any_of, at_), text_.size());
    }
    std::string_view until(std::string_view any_of) {
        const std::size_t end = std::min(text_.find_first_of(any_of, at_), text_.size());
        const std::string_view taken = text_.substr(at_, end - at_);
        at_ = end;
        return taken;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string_view take_value(TagReader& reader) {
    reader.step();  // '='
    reader.skip(kHtmlBlanks);
    if (reader.out()) {
        return {};
    }
    const char quote = reader.peek();
    if (quote != '"' && quote != '\'') {
        return reader.until(" \t\n\f\r>");
    }
    reader.step();
    const std::string_view value = reader.until({&quote, 1});
    reader.step();
    return value;
}

void take_attribute(TagReader& reader, HtmlTag& tag) {
    const std::size_t begin = reader.at();
    std::string name = lower_text(reader.until(" \t\n\f\r/>="));
    if (reader.at() == begin) {
        reader.step();  // a '=' where a name should be
        return;
    }
    reader.skip(kHtmlBlanks);
    std::string value;
    if (!reader.out() && reader.peek() == '=') {
        value = without_references(take_value(reader));
    }
    // The first one of a name counts.
    if (tag.attributes.size() < kMostAttributes && tag.attribute(name).empty()) {
        tag.attributes.emplace_back(std::move(name), std::move(value));
    }
}

// "<!doctype ...>", "<?xml ...>", "</ ...>": until the next '>'.
std::optional<HtmlTag> stepped_over(std::string_view text) {
    const std::size_t end = text.find('>');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    HtmlTag tag;
    tag.length = end + 1;
    return tag;
}

}  // namespace

std::string_view HtmlTag::attribute(std::string_view key) const {
    for (const auto& [known, value] : attributes) {
        if (known == key) {
            return value;
        }
    }
    return {};
}

std::optional<HtmlTag> parse_html_tag(std::string_view text) {
    HtmlTag tag;
    TagReader reader(text);
    reader.step();
    tag.closing = !reader.out() && reader.peek() == '/';
    reader.step(tag.closing ? 1 : 0);
    if (reader.out()) {
        return std::nullopt;
    }
    if (!is_letter(reader.peek())) {
        const bool markup = tag.closing || reader.peek() == '!' || reader.peek() == '?';
        return markup ? stepped_over(text) : HtmlTag();  // "a < b"
    }
    tag.name = lower_text(reader.until(" \t\n\f\r/>"));
    reader.skip(" \t\n\f\r/");
    while (!reader.out() && reader.peek() != '>') {
        take_attribute(reader, tag);
        reader.skip(" \t\n\f\r/");
    }
    if (reader.out()) {
        return std::nullopt;
    }
    tag.length = reader.at() + 1;
    return tag;
}

}  // namespace cxedge::plugins
