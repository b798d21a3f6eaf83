// SPDX-License-Identifier: Apache-2.0
// Reading XML of devices (pugixml): no entities of its own, no external files, names without their
// namespace prefix. Include in .cpp files only. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "agent/base/result.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

// invalid_argument: not XML 1.0, or nested deeper than 64.
Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view body);

// "ns:count" -> "count".
std::string_view local_name(const pugi::xml_node& node);
// First child of that local name; an empty node: none. Chains: child(child(x, "a"), "b").
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
// First descendant (or itself) of that local name, in document order.
pugi::xml_node descendant(const pugi::xml_node& node, std::string_view name);
// Text of the element, trimmed; empty: none.
std::string text_of(const pugi::xml_node& node);
std::string attribute(const pugi::xml_node& node, std::string_view name);
std::optional<double> number_of(const pugi::xml_node& node);
std::optional<std::int64_t> count_of(const pugi::xml_node& node);
// "/a/b[2]/c": for BadElement::where. "/a/b[many]": it stands after more than 1,000 siblings.
std::string path_of(const pugi::xml_node& node);

// Counts the personal elements and attributes of the message that hold something.
void note_private(const pugi::xml_node& message, Report& report);

}  // namespace cxedge::devices
