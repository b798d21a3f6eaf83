// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/xml.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr int kMaxXmlNesting = 64;
constexpr double kLargestXmlCount = 9'007'199'254'740'992.0;  // 2^53

class DepthWalker final : public pugi::xml_tree_walker {
public:
    bool for_each(pugi::xml_node& node) override {
        static_cast<void>(node);
        return depth() < kMaxXmlNesting;
    }
};

class PrivateWalker final : public pugi::xml_tree_walker {
public:
    explicit PrivateWalker(Report& report) : report_(report) {}
    bool for_each(pugi::xml_node& node) override {
        if (node.type() != pugi::node_element) {
            return true;
        }
        note(local_name(node), !text_of(node).empty());
        for (const pugi::xml_attribute& each : node.attributes()) {
            note(each.name(), *each.value() != '\0');
        }
        return true;
    }

private:
    void note(std::string_view name, bool holds_something) {
        count_personal(name, holds_something ? 1 : 0, report_.private_fields);
    }
    Report& report_;
};

class FindWalker final : public pugi::xml_tree_walker {
public:
    explicit FindWalker(std::string_view name) : name_(name) {}
    bool for_each(pugi::xml_node& node) override {
        if (node.type() == pugi::node_element && local_name(node) == name_) {
            found = node;
        }
        return !found;
    }
    pugi::xml_node found;

private:
    std::string_view name_;
};

constexpr int kMostSiblings = 1000;

// "[2]": among siblings of the same name, from 1; empty: the only one, as far as one can see.
std::string index_among_siblings(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    int before = 0;
    int steps = 0;
    for (auto each = node.previous_sibling(); each; each = each.previous_sibling()) {
        if (++steps > kMostSiblings) {
            return "[many]";
        }
        before += name == each.name() ? 1 : 0;
    }
    bool only = before == 0;
    steps = 0;
    for (auto each = node.next_sibling(); only && each; each = each.next_sibling()) {
        only = name != each.name();
        if (++steps > kMostSiblings) {
            break;
        }
    }
    return only ? std::string() : "[" + std::to_string(before + 1) + "]";
}

}  // namespace

Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view body) {
    const Result<PlainText> plain = PlainText::of(body);
    if (!plain) {
        return plain.error();
    }
    const std::string_view text = plain->text();
    auto document = std::make_unique<pugi::xml_document>();
    const pugi::xml_parse_result parsed =
        document->load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_auto);
    if (!parsed || !document->document_element()) {
        return invalid_argument("is not XML");
    }
    DepthWalker walker;
    if (!document->traverse(walker)) {
        return invalid_argument("XML is nested too deep");
    }
    return document;
}

std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    const std::size_t colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
    return node.find_child([&](const pugi::xml_node& each) { return local_name(each) == name; });
}

pugi::xml_node descendant(const pugi::xml_node& node, std::string_view name) {
    if (node.type() == pugi::node_element && local_name(node) == name) {
        return node;
    }
    FindWalker walker(name);
    pugi::xml_node from = node;
    from.traverse(walker);
    return walker.found;
}

std::string text_of(const pugi::xml_node& node) {
    return std::string(trimmed(node.child_value()));
}

std::string attribute(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_attribute& each : node.attributes()) {
        if (std::string_view(each.name()) == name) {
            return each.value();
        }
    }
    return {};
}

std::optional<double> number_of(const pugi::xml_node& node) {
    return parse_number(node.child_value());
}

std::optional<std::int64_t> count_of(const pugi::xml_node& node) {
    const std::optional<double> number = number_of(node);
    const bool whole =
        number && *number >= 0 && *number <= kLargestXmlCount && *number == std::floor(*number);
    return whole ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::string path_of(const pugi::xml_node& node) {
    std::string path;
    for (pugi::xml_node each = node; each && each.type() == pugi::node_element;
         each = each.parent()) {
        path.insert(0, "/" + std::string(local_name(each)) + index_among_siblings(each));
    }
    return path;
}

void note_private(const pugi::xml_node& message, Report& report) {
    PrivateWalker walker(report);
    pugi::xml_node from = message;
    from.traverse(walker);
}

}  // namespace cxedge::devices
