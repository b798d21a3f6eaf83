// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/dash_xml.hpp"

#include <algorithm>
#include <charconv>

namespace cxedge::plugins::video {
namespace {

using pugi::xml_node;

std::string_view dash_name(const xml_node& node) {
    const std::string_view name = node.name();
    return name.substr(name.find(':') + 1);  // npos + 1 is 0
}

}  // namespace

xml_node child_named(const xml_node& node, std::string_view name) {
    return node.find_child([&](const xml_node& each) { return dash_name(each) == name; });
}

std::vector<xml_node> children_named(
    const xml_node& node, std::string_view name, std::size_t most
) {
    std::vector<xml_node> found;
    for (const xml_node& each : node.children()) {
        if (dash_name(each) == name && found.size() < most) {
            found.push_back(each);
        }
    }
    return found;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good = !text.empty() && error == std::errc{} && end == text.data() + text.size();
    return good ? std::optional(value) : std::nullopt;
}

Inherited::Inherited(const xml_node& representation, std::string_view element) {
    xml_node level = representation;
    for (xml_node& each : levels_) {
        each = child_named(level, element);
        level = level.parent();
    }
}

bool Inherited::exists() const {
    return std::any_of(levels_.begin(), levels_.end(), [](const xml_node& each) {
        return !each.empty();
    });
}

const char* Inherited::attribute(const char* name) const {
    for (const xml_node& each : levels_) {
        if (!each.attribute(name).empty()) {
            return each.attribute(name).value();
        }
    }
    return "";
}

std::uint64_t Inherited::number(const char* name, std::uint64_t otherwise) const {
    return whole_number(attribute(name)).value_or(otherwise);
}

xml_node Inherited::child(std::string_view name) const {
    for (const xml_node& each : levels_) {
        if (const xml_node found = child_named(each, name); found) {
            return found;
        }
    }
    return {};
}

std::vector<xml_node> Inherited::children(std::string_view name) const {
    for (const xml_node& each : levels_) {
        std::vector<xml_node> found = children_named(each, name, kMostDashSegments);
        if (!found.empty()) {
            return found;
        }
    }
    return {};
}

}  // namespace cxedge::plugins::video
