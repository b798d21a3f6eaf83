// SPDX-License-Identifier: Apache-2.0
// JSON pointers (RFC 6901), and `*` for every member of a list or an object.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <utility>

#include "plugins/_devices/json.hpp"
#include "plugins/_devices/mapping.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kMostMatches = 10'000;

using Pointer = std::vector<std::string>;  // "*" as it is: a member of that name cannot be named

bool unescape(std::string_view escaped, std::string& out) {
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        const bool tilde = escaped[i] == '~';
        const char next = i + 1 < escaped.size() ? escaped[i + 1] : '\0';
        if (tilde && next != '0' && next != '1') {
            return false;
        }
        out += tilde ? (next == '0' ? '~' : '/') : escaped[i];
        i += tilde ? 1U : 0U;
    }
    return true;
}

Result<Pointer> parse_pointer(std::string_view text) {
    Pointer pointer;
    while (!text.empty()) {
        if (text[0] != '/') {
            return invalid_argument("is no JSON pointer: it must begin with \"/\"");
        }
        text.remove_prefix(1);
        const std::string_view escaped = text.substr(0, text.find('/'));
        std::string token;
        if (!unescape(escaped, token)) {
            return invalid_argument(
                "is no JSON pointer: \"~\" is written \"~0\", \"/\" in a name \"~1\""
            );
        }
        pointer.push_back(std::move(token));
        text.remove_prefix(escaped.size());
    }
    return pointer;
}

bool is_index(const std::string& token) {
    return !token.empty() && token.find_first_not_of("0123456789") == std::string::npos;
}

const Json* step(const Json& value, const std::string& token) {
    if (value.is_object()) {
        return member(value, token);
    }
    std::size_t index = 0;
    const char* const end = token.data() + token.size();
    if (!value.is_array() || !is_index(token) ||
        std::from_chars(token.data(), end, index).ec != std::errc()) {
        return nullptr;
    }
    return index < value.size() ? &value[index] : nullptr;
}

// Where a pointer, or a beginning of it, has led.
struct JsonMatch {
    const Json* value = nullptr;  // null: nowhere
    std::string where;
    std::vector<std::string> stars;
};

// Every member but those about persons. Names of members do not go into `where`: they may be words
// of the message.
std::vector<JsonMatch> expand_star(const JsonMatch& match) {
    std::vector<JsonMatch> found;
    if (match.value == nullptr || !match.value->is_structured()) {
        return found;
    }
    std::size_t index = 0;
    for (const auto& [key, value] : match.value->items()) {
        const bool list = match.value->is_array();
        const std::string number = std::to_string(index++);
        if ((list || personal_kind(key).empty()) && found.size() < kMostMatches) {
            found.push_back({&value, match.where + "/" + (list ? number : "*"), match.stars});
            found.back().stars.push_back(list ? number : key);
        }
    }
    return found;
}

std::vector<JsonMatch> follow_token(const JsonMatch& match, const std::string& token) {
    if (token != "*") {
        const Json* const next = match.value == nullptr ? nullptr : step(*match.value, token);
        return {{next, match.where + "/" + token, match.stars}};
    }
    std::vector<JsonMatch> found = expand_star(match);
    if (found.empty()) {
        found.push_back({nullptr, match.where + "/*", match.stars});
    }
    return found;
}

std::vector<JsonMatch> follow_all(const std::vector<JsonMatch>& matches, const std::string& token) {
    std::vector<JsonMatch> next;
    for (const JsonMatch& match : matches) {
        std::vector<JsonMatch> found = follow_token(match, token);
        const std::size_t room = std::min(found.size(), kMostMatches - next.size());
        std::move(
            found.begin(),
            found.begin() + static_cast<std::ptrdiff_t>(room),
            std::back_inserter(next)
        );
    }
    return next;
}

std::vector<JsonMatch> resolve(const Pointer& pointer, const JsonMatch& root) {
    std::vector<JsonMatch> matches{root};
    for (const std::string& token : pointer) {
        matches = follow_all(matches, token);
    }
    return matches;
}

// The pointer with the members that `*` stood for elsewhere.
Pointer bound(Pointer pointer, const std::vector<std::string>& stars) {
    std::size_t used = 0;
    for (std::string& token : pointer) {
        if (token == "*" && used < stars.size()) {
            token = stars[used++];
        }
    }
    return pointer;
}

Leaf json_leaf(const JsonMatch& match) {
    Leaf leaf;
    leaf.where = match.where.empty() ? "/" : match.where;
    leaf.stars = match.stars;
    leaf.there = match.value != nullptr;
    if (!leaf.there) {
        return leaf;
    }
    leaf.number = number_of(match.value);
    if (match.value->is_string()) {
        leaf.text = trimmed(match.value->get_ref<const std::string&>());
    } else if (match.value->is_number() || match.value->is_boolean()) {
        leaf.text = match.value->dump();
    } else if (match.value->is_structured() && !match.value->empty()) {
        leaf.text = "?";  // something, but no number
    }
    return leaf;
}

// What `*` stands for is told if it is an index; other names may be words of the message.
constexpr std::size_t kIndexDigits = 5;

class JsonMessage final : public MappedMessage {
public:
    JsonMessage(Json root, const std::vector<Pointer>& places, const Pointer& each)
        : root_(std::move(root)), places_(places) {
        for (const JsonMatch& match : resolve(each, {&root_, {}, {}})) {
            add_items(match, !each.empty());
        }
    }

    [[nodiscard]] std::size_t items() const override { return items_.size(); }

    [[nodiscard]] std::vector<Leaf> find(std::size_t item, std::size_t place) const override {
        std::vector<Leaf> leaves;
        for (const JsonMatch& match : resolve(places_[place], items_[item])) {
            leaves.push_back(json_leaf(match));
        }
        return leaves;
    }

    // "/doors/*" beside "/doors/*/in" is the member's name, unless it holds a text itself.
    [[nodiscard]] Leaf beside(std::size_t item, std::size_t place, const Leaf& leaf)
        const override {
        const Pointer& pointer = places_[place];
        const Pointer own = bound(pointer, leaf.stars);
        Leaf found = json_leaf(resolve(own, items_[item]).front());
        found.where = items_[item].where;
        for (std::size_t i = 0; i < pointer.size(); ++i) {
            found.where +=
                "/" + (is_index(own[i]) && own[i].size() <= kIndexDigits ? own[i] : pointer[i]);
        }
        if (found.text == "?" && !pointer.empty() && pointer.back() == "*") {
            found.text = own.back();
        }
        found.text = found.text == "?" ? std::string() : found.text;
        return found;
    }

    void note_private_fields(Report& report) const override { note_private(root_, report); }

    [[nodiscard]] const std::vector<JsonMatch>& missing() const { return missing_; }

private:
    void add_items(const JsonMatch& match, bool each) {
        const bool list = match.value != nullptr && match.value->is_array();
        if (match.value == nullptr) {
            missing_.push_back(match);
        } else if (each && list) {
            for (JsonMatch& item : expand_star(match)) {
                item.stars.clear();
                items_.push_back(std::move(item));
            }
        } else {
            items_.push_back({match.value, match.where, {}});
        }
    }

    const Json root_;
    const std::vector<Pointer>& places_;
    std::vector<JsonMatch> items_;
    std::vector<JsonMatch> missing_;
};

class JsonPlaces final : public PlaceLanguage {
public:
    Result<std::size_t> add(const std::string& place) override {
        Result<Pointer> pointer = parse_pointer(place);
        if (!pointer) {
            return pointer.error();
        }
        only_root_ = only_root_ && pointer->empty();
        places_.push_back(std::move(*pointer));
        return places_.size() - 1;
    }

    Status set_each(const std::string& place) override {
        Result<Pointer> pointer = parse_pointer(place);
        if (!pointer) {
            return pointer.error();
        }
        each_ = std::move(*pointer);
        return {};
    }

    [[nodiscard]] std::string_view personal(const std::string& place) const override {
        Pointer pointer = parse_pointer(place).value();
        while (!pointer.empty() && (pointer.back() == "*" || is_index(pointer.back()))) {
            pointer.pop_back();
        }
        return pointer.empty() ? std::string_view() : personal_kind(pointer.back());
    }

    Result<std::unique_ptr<MappedMessage>> read(const Message& message, Report& report) override {
        Result<Json> parsed = parse_json(message.body);
        const std::string_view body = trimmed(message.body);
        if (!parsed && only_root_ && each_.empty() && !body.empty() &&
            body.find_first_of("{[\"") != 0) {
            parsed = Json(std::string(body));  // a bare word, as in MQTT
        }
        if (!parsed) {
            return parsed.error();
        }
        auto mapped = std::make_unique<JsonMessage>(std::move(*parsed), places_, each_);
        for (const JsonMatch& match : mapped->missing()) {
            add_bad(report, match.where, "is missing");
        }
        return std::unique_ptr<MappedMessage>(std::move(mapped));
    }

private:
    std::vector<Pointer> places_;
    Pointer each_;
    bool only_root_ = true;
};

}  // namespace

std::unique_ptr<PlaceLanguage> make_json_places() {
    return std::make_unique<JsonPlaces>();
}

}  // namespace cxedge::devices
