// SPDX-License-Identifier: Apache-2.0
#include "agent/config/node_name.hpp"

#include <array>

#include <unistd.h>

namespace cxedge::config {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    const bool known = ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0';
    return known ? std::string(name.data()) : std::string("node");
}

}  // namespace

std::string node_name(const NodeConfig& node) {
    return node.id.empty() ? host_name() : node.id;
}

}  // namespace cxedge::config
