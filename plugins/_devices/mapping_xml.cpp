// SPDX-License-Identifier: Apache-2.0
// XPath 1.0, as pugixml has it: names with their prefix as written, no namespaces.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/mapping.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"
#include "plugins/_devices/xml.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kMostXmlItems = 10'000;

struct XmlPlace {
    std::string text;
    std::unique_ptr<pugi::xpath_query> query;
};

Result<XmlPlace> compile_xpath(const std::string& text) {
    if (trimmed(text).empty()) {
        return invalid_argument("is no XPath: it is empty");
    }
    try {
        return XmlPlace{text, std::make_unique<pugi::xpath_query>(text.c_str())};
    } catch (const pugi::xpath_exception& wrong) {
        return invalid_argument(
            fmt::format("is no XPath: {} at character {}", wrong.what(), wrong.result().offset + 1)
        );
    }
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

// What an XPath names: its last step, and the texts it compares with.
struct XPathNames {
    std::string last;
    std::vector<std::string> literals;
};

// A quoted text, from its first quote on; moves past it.
std::string take_literal(std::string_view& rest) {
    const char quote = rest.front();
    rest.remove_prefix(1);
    const std::string_view literal = rest.substr(0, rest.find(quote));
    rest.remove_prefix(std::min(literal.size() + 1, rest.size()));
    return std::string(literal);
}

std::string_view take_name(std::string_view& rest) {
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_name_char);
    const std::string_view name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(name.size());
    return name;
}

int bracket_of(char c) {
    return c == '[' ? 1 : c == ']' ? -1 : 0;
}

XPathNames names_of(std::string_view rest) {
    XPathNames names;
    int brackets = 0;
    while (!rest.empty()) {
        const char c = rest.front();
        if (c == '\'' || c == '"') {
            names.literals.push_back(take_literal(rest));
        } else if (is_name_char(c)) {
            const std::string_view name = take_name(rest);
            const bool step = brackets == 0 && !rest.starts_with('(');
            names.last = step ? std::string(name) : names.last;
        } else {
            brackets += bracket_of(c);
            rest.remove_prefix(1);
        }
    }
    return names;
}

Leaf xml_leaf(const pugi::xpath_node& found) {
    Leaf leaf;
    leaf.there = true;
    if (const pugi::xml_attribute attribute = found.attribute()) {
        leaf.find_where = [found] {
            return path_of(found.parent()) + "/@" + found.attribute().name();
        };
        leaf.text = trimmed(attribute.value());
        leaf.personal = !personal_kind(attribute.name()).empty();
    } else {
        const bool element = found.node().type() == pugi::node_element;
        const pugi::xml_node holder = element ? found.node() : found.parent();
        leaf.find_where = [holder] {
            return path_of(holder);
        };
        leaf.text = element ? text_of(holder) : std::string(trimmed(found.node().value()));
        leaf.personal = !personal_kind(local_name(holder)).empty();
    }
    leaf.number = parse_number(leaf.text);
    return leaf;
}

// A place may also be computed: "count(//person)", "string(@in)", "@in > 3".
Leaf computed(const XmlPlace& place, const pugi::xpath_node& item) {
    Leaf leaf;
    leaf.where = place.text;
    leaf.there = true;
    if (place.query->return_type() == pugi::xpath_type_number) {
        const double number = place.query->evaluate_number(item);
        leaf.there = std::isfinite(number);
        leaf.number = leaf.there ? std::optional(number) : std::nullopt;
        leaf.text = leaf.there ? fmt::format("{}", number) : "";
    } else {
        leaf.text = trimmed(place.query->evaluate_string(item));
        leaf.number = parse_number(leaf.text);
    }
    return leaf;
}

class XmlMessage final : public MappedMessage {
public:
    XmlMessage(
        std::unique_ptr<pugi::xml_document> document,
        const std::vector<XmlPlace>& places,
        const std::optional<XmlPlace>& each
    )
        : document_(std::move(document)), places_(places) {
        if (!each) {
            items_.emplace_back(document_->document_element());
            return;
        }
        for (const pugi::xpath_node& node : each->query->evaluate_node_set(*document_)) {
            if (!node.node().empty() && items_.size() < kMostXmlItems) {
                items_.push_back(node);
            }
        }
    }

    [[nodiscard]] std::size_t items() const override { return items_.size(); }

    [[nodiscard]] std::vector<Leaf> find(std::size_t item, std::size_t place) const override {
        const XmlPlace& wanted = places_[place];
        if (wanted.query->return_type() != pugi::xpath_type_node_set) {
            return {computed(wanted, items_[item])};
        }
        std::vector<Leaf> leaves;
        for (const pugi::xpath_node& node : wanted.query->evaluate_node_set(items_[item])) {
            leaves.push_back(xml_leaf(node));
        }
        if (leaves.empty()) {
            leaves.emplace_back();
            leaves.back().where = wanted.text;
        }
        return leaves;
    }

    void note_private_fields(Report& report) const override { note_private(*document_, report); }

private:
    std::unique_ptr<pugi::xml_document> document_;
    const std::vector<XmlPlace>& places_;
    std::vector<pugi::xpath_node> items_;
};

class XmlPlaces final : public PlaceLanguage {
public:
    Result<std::size_t> add(const std::string& place) override {
        Result<XmlPlace> compiled = compile_xpath(place);
        if (!compiled) {
            return compiled.error();
        }
        places_.push_back(std::move(*compiled));
        return places_.size() - 1;
    }

    Status set_each(const std::string& place) override {
        Result<XmlPlace> compiled = compile_xpath(place);
        if (!compiled) {
            return compiled.error();
        }
        if (compiled->query->return_type() != pugi::xpath_type_node_set) {
            return invalid_argument("is an XPath that gives no elements");
        }
        each_ = std::move(*compiled);
        return {};
    }

    [[nodiscard]] std::string_view personal(const std::string& place) const override {
        if (place.starts_with("count(")) {
            return {};  // how many there are says nothing of who
        }
        const XPathNames names = names_of(place);
        std::string_view kind = personal_kind(names.last);
        for (const std::string& literal : names.literals) {
            kind = kind.empty() ? personal_kind(literal) : kind;
        }
        return kind;
    }

    Result<std::unique_ptr<MappedMessage>> read(const Message& message, Report& report) override {
        auto document = parse_xml(message.body);
        if (!document) {
            return document.error();
        }
        auto mapped = std::make_unique<XmlMessage>(std::move(*document), places_, each_);
        if (mapped->items() == 0) {
            add_bad(report, each_->text, "is missing");
        }
        return std::unique_ptr<MappedMessage>(std::move(mapped));
    }

private:
    std::vector<XmlPlace> places_;
    std::optional<XmlPlace> each_;
};

}  // namespace

std::unique_ptr<PlaceLanguage> make_xml_places() {
    return std::make_unique<XmlPlaces>();
}

}  // namespace cxedge::devices
