// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/enrol_register.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/core.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::remote {
namespace {

constexpr std::size_t kMaxRegisterBytes = 64UL << 20U;  // ten thousand nodes are 2 MB
constexpr const char* kNoSerial = "-";
constexpr std::size_t kKeysRemembered = 2;

std::string path_of(const wire::EnrolName& name) {
    return name.tenant + "/" + name.site + "/" + name.node;
}

std::string node_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// A serial is free text of a box: what would break the line becomes '_'.
std::string one_word(const std::string& serial) {
    std::string word = serial.empty() ? std::string(kNoSerial) : serial;
    for (char& c : word) {
        const auto byte = static_cast<unsigned char>(c);
        c = byte <= ' ' || byte == 0x7f ? '_' : c;
    }
    return word;
}

}  // namespace

Result<EnrolRegister> EnrolRegister::open(const std::string& path) {
    EnrolRegister opened(path);
    const auto text = load_file(path, kMaxRegisterBytes);
    if (!text && text.error().code == ErrorCode::not_found) {
        return opened;
    }
    if (!text) {
        return text.error();
    }
    std::istringstream lines(*text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (const Status read = opened.read_line(line); !read) {
            return read.error().during(fmt::format("{}:{}", path, number));
        }
    }
    return opened;
}

Status EnrolRegister::read_line(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    EnrolledNode node;
    words >> name >> node.serial;
    for (std::string key; words >> key;) {
        node.keys.push_back(key);
    }
    const bool known = std::count(name.begin(), name.end(), '/') == 2;
    if (!known || node.keys.empty() || node.keys.size() > kKeysRemembered) {
        return corrupt("is no line \"tenant/site/node SERIAL KEY [KEY BEFORE]\"");
    }
    nodes_[name] = std::move(node);
    return {};
}

const EnrolledNode* EnrolRegister::find(const wire::EnrolName& name) const {
    const auto found = nodes_.find(path_of(name));
    return found == nodes_.end() ? nullptr : &found->second;
}

std::string EnrolRegister::owner_of(const std::string& key) const {
    for (const auto& [name, node] : nodes_) {
        if (std::find(node.keys.begin(), node.keys.end(), key) != node.keys.end()) {
            return name;
        }
    }
    return {};
}

std::string EnrolRegister::elsewhere(const wire::EnrolName& name) const {
    const std::string here = path_of(name);
    for (const auto& [path, node] : nodes_) {
        if (path != here && node_of(path) == name.node) {
            return path;
        }
    }
    return {};
}

Status EnrolRegister::remember(const wire::EnrolName& name, EnrolledNode node) {
    node.serial = one_word(node.serial);
    node.keys.resize(std::min(node.keys.size(), kKeysRemembered));
    for (std::string gone = elsewhere(name); !gone.empty(); gone = elsewhere(name)) {
        nodes_.erase(gone);
    }
    nodes_[path_of(name)] = std::move(node);
    std::string text;
    for (const auto& [path, entry] : nodes_) {
        text += path + " " + entry.serial;
        for (const std::string& key : entry.keys) {
            text += " " + key;
        }
        text += "\n";
    }
    return replace_file(path_, text, kPrivateFile);
}

}  // namespace cxedge::remote
