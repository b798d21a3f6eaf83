// SPDX-License-Identifier: Apache-2.0
// One element of a message that a vendor sends as JSON or as XML with the same names: the format is
// written once. Include in .cpp files only. Pure; a Node must not outlive its message. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/json.hpp"
#include "plugins/_devices/report.hpp"
#include "plugins/_devices/xml.hpp"

namespace cxedge::devices {

class Node {
public:
    Node() = default;  // nothing
    static Node of(const Json& root);
    static Node of(const pugi::xml_node& root);

    explicit operator bool() const {
        return json_ != nullptr || !element_.empty() || !attribute_.empty();
    }
    // Member, child element or attribute; capital or small letters are the same, as are "@name" and
    // "name". Nothing has no members.
    Node operator[](std::string_view name) const;
    // Items of the list of that name; an element that is there once is a list of one.
    [[nodiscard]] std::vector<Node> all(std::string_view name) const;
    // As above, also of a list whose items have an element of their own in it, as XML mostly has
    // them: <logics><logic>. An empty item is none.
    [[nodiscard]] std::vector<Node> all(std::string_view name, std::string_view item) const;
    // Itself as a list.
    [[nodiscard]] std::vector<Node> items() const;
    // First of that name anywhere below.
    [[nodiscard]] Node find(std::string_view name) const;
    // Children of an XML element, in order; members of a JSON object.
    [[nodiscard]] std::vector<Node> children() const;

    // Of an XML element without prefix, of a JSON member; empty: the root of JSON, an item.
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::optional<double> number() const;
    [[nodiscard]] std::optional<std::int64_t> count() const;
    [[nodiscard]] std::optional<DeviceTime> time() const;
    // It is there and holds nothing: null, "", <x/>, [], {}.
    [[nodiscard]] bool is_empty() const;
    // For BadElement::where; with a name: of a member that may be missing.
    [[nodiscard]] std::string where() const;
    [[nodiscard]] std::string where(std::string_view member_name) const;

private:
    Node(const Json& value, std::string path, std::string name);
    // children(), whose names, which nobody looked for, do not go into where().
    [[nodiscard]] std::vector<Node> nameless_children() const;
    explicit Node(const pugi::xml_node& element);
    [[nodiscard]] Node member_of_json(std::string_view name) const;
    [[nodiscard]] Node member_of_element(std::string_view name) const;

    const Json* json_ = nullptr;
    pugi::xml_node element_;
    pugi::xml_attribute attribute_;  // of element_
    std::string path_;               // JSON only
    std::string name_;
};

// A message that is JSON or XML, by its first character.
// NOLINTNEXTLINE(bugprone-exception-escape): Json's move is noexcept by its word, not by its code.
class NodeMessage {
public:
    // invalid_argument: neither.
    static Result<NodeMessage> parse(std::string_view body);
    [[nodiscard]] Node root() const;
    [[nodiscard]] bool is_xml() const { return xml_ != nullptr; }
    void note_private_fields(Report& report) const;

private:
    Json json_;
    std::unique_ptr<pugi::xml_document> xml_;
};

}  // namespace cxedge::devices
