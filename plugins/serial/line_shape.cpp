// SPDX-License-Identifier: Apache-2.0
#include "plugins/serial/line_shape.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kLongestShape = 60;

char shape_of(char c) {
    if (c >= 'a' && c <= 'z') {
        return 'a';
    }
    if (c >= 'A' && c <= 'Z') {
        return 'A';
    }
    if (c >= '0' && c <= '9') {
        return '9';
    }
    return c >= ' ' && c <= '~' ? c : '?';
}

}  // namespace

std::string shape_of(std::string_view line) {
    std::string shape;
    for (const char c : line.substr(0, kLongestShape)) {
        shape += shape_of(c);
    }
    return shape;
}

}  // namespace cxedge::plugins
