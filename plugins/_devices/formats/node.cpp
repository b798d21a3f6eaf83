// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/node.hpp"

#include <utility>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

std::string_view plain_name(std::string_view name) {
    return name.starts_with('@') ? name.substr(1) : name;
}

bool is_same_name(std::string_view found, std::string_view wanted) {
    found = plain_name(found);
    return found.size() == wanted.size() && lower(found) == lower(wanted);
}

std::string_view without_prefix(std::string_view name) {
    const std::size_t colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

Node::Node(const Json& value, std::string path, std::string name)
    : json_(&value), path_(std::move(path)), name_(std::move(name)) {}

Node::Node(const pugi::xml_node& element) : element_(element), name_(local_name(element)) {}

Node Node::of(const Json& root) {
    return {root, {}, {}};
}

Node Node::of(const pugi::xml_node& root) {
    return Node(root);
}

Node Node::operator[](std::string_view name) const {
    if (json_ != nullptr) {
        return json_->is_object() ? member_of_json(name) : Node();
    }
    return element_ && !attribute_ ? member_of_element(name) : Node();
}

Node Node::member_of_json(std::string_view name) const {
    if (const Json* const exact = member(*json_, name)) {
        return {*exact, path_ + "/" + std::string(name), std::string(name)};
    }
    for (const auto& [key, value] : json_->items()) {
        if (is_same_name(key, name)) {
            return {value, path_ + "/" + key, key};
        }
    }
    return {};
}

Node Node::member_of_element(std::string_view name) const {
    for (const pugi::xml_node& each : element_.children()) {
        if (each.type() == pugi::node_element && is_same_name(local_name(each), name)) {
            return Node(each);
        }
    }
    for (const pugi::xml_attribute& each : element_.attributes()) {
        if (is_same_name(without_prefix(each.name()), name)) {
            Node found(element_);
            found.attribute_ = each;
            found.name_ = without_prefix(each.name());
            return found;
        }
    }
    return {};
}

std::vector<Node> Node::items() const {
    if (json_ == nullptr || !json_->is_array()) {
        return *this ? std::vector<Node>{*this} : std::vector<Node>{};
    }
    std::vector<Node> found;
    for (const Json& item : *json_) {
        found.push_back({item, path_ + "/" + std::to_string(found.size()), {}});
    }
    return found;
}

std::vector<Node> Node::all(std::string_view name) const {
    if (json_ != nullptr) {
        const Node list = (*this)[name];
        return list.is_empty() ? std::vector<Node>{} : list.items();
    }
    std::vector<Node> found;
    for (const Node& each : children()) {
        if (is_same_name(each.name_, name)) {
            found.push_back(each);
        }
    }
    return found;
}

std::vector<Node> Node::all(std::string_view name, std::string_view item) const {
    std::vector<Node> found;
    for (const Node& each : all(name)) {
        const std::vector<Node> inner = each.all(item);
        found.insert(found.end(), inner.begin(), inner.end());
        if (inner.empty() && !each.is_empty()) {
            found.push_back(each);
        }
    }
    return found;
}

std::vector<Node> Node::children() const {
    if (json_ != nullptr && json_->is_array()) {
        return items();
    }
    std::vector<Node> found;
    if (json_ != nullptr && json_->is_object()) {
        for (const auto& [key, value] : json_->items()) {
            found.push_back({value, path_ + "/" + key, key});
        }
    }
    for (const pugi::xml_node& each : element_.children()) {
        if (!attribute_ && each.type() == pugi::node_element) {
            found.push_back(Node(each));
        }
    }
    return found;
}

std::vector<Node> Node::nameless_children() const {
    if (json_ == nullptr || !json_->is_object()) {
        return children();
    }
    std::vector<Node> found;
    for (const auto& [key, value] : json_->items()) {
        found.push_back({value, path_ + "/*", key});
    }
    return found;
}

Node Node::find(std::string_view name) const {
    std::vector<Node> open{*this};
    for (std::size_t next = 0; next < open.size(); ++next) {
        const Node at = open[next];  // the list grows
        if (Node found = at[name]) {
            return found;
        }
        for (Node& each : at.nameless_children()) {
            open.push_back(std::move(each));
        }
    }
    return {};
}

std::string Node::text() const {
    if (json_ != nullptr) {
        return std::string(trimmed(text_of(json_)));
    }
    return attribute_ ? std::string(trimmed(attribute_.value())) : text_of(element_);
}

std::optional<double> Node::number() const {
    return json_ != nullptr ? number_of(json_) : parse_number(text());
}

std::optional<std::int64_t> Node::count() const {
    if (json_ != nullptr) {
        return count_of(json_);
    }
    const Json value = text();
    return count_of(&value);
}

std::optional<DeviceTime> Node::time() const {
    if (json_ != nullptr && json_->is_number()) {
        const std::optional<double> value = number_of(json_);
        return value ? epoch_time(*value) : std::nullopt;
    }
    return parse_time(text());
}

bool Node::is_empty() const {
    if (json_ != nullptr) {
        return json_->is_null() || (json_->is_structured() && json_->empty()) ||
               (json_->is_string() && text().empty());
    }
    return *this && text().empty() && children().empty();
}

std::string Node::where() const {
    if (json_ != nullptr) {
        return path_.empty() ? "/" : path_;
    }
    const std::string path = path_of(element_);
    return attribute_ ? path + "/@" + name_ : path;
}

std::string Node::where(std::string_view member_name) const {
    const Node member = (*this)[member_name];
    const std::string own = json_ != nullptr ? path_ : path_of(element_);
    return member ? member.where() : own + "/" + std::string(member_name);
}

Result<NodeMessage> NodeMessage::parse(std::string_view body) {
    const Result<PlainText> plain = PlainText::of(body);
    if (!plain) {
        return plain.error();
    }
    body = trimmed(plain->text());
    NodeMessage message;
    if (body.starts_with('<')) {
        Result<std::unique_ptr<pugi::xml_document>> xml = parse_xml(body);
        if (!xml) {
            return xml.error();
        }
        message.xml_ = std::move(*xml);
        return message;
    }
    Result<Json> json = parse_json(body);
    if (!json) {
        return invalid_argument("is neither JSON nor XML");
    }
    message.json_ = std::move(*json);
    return message;
}

Node NodeMessage::root() const {
    return xml_ ? Node::of(xml_->document_element()) : Node::of(json_);
}

void NodeMessage::note_private_fields(Report& report) const {
    if (xml_) {
        note_private(*xml_, report);
    } else {
        note_private(json_, report);
    }
}

}  // namespace cxedge::devices
