// SPDX-License-Identifier: Apache-2.0
// Reading the XML of manifests, for dash_manifest.cpp alone. Names go without their prefix.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <pugixml.hpp>

namespace cxedge::plugins::video {

// A manifest is fetched by who watches for minutes: not for every segment of a day.
inline constexpr std::size_t kMostDashSegments = 4'000;

// An empty node: there is none.
pugi::xml_node child_named(const pugi::xml_node& node, std::string_view name);
// The first `most`.
std::vector<pugi::xml_node> children_named(
    const pugi::xml_node& node, std::string_view name, std::size_t most
);
// Digits alone.
std::optional<std::uint64_t> whole_number(std::string_view text);

// An element that Representation, AdaptationSet and Period may have: what the inner one leaves out
// is the outer's (ISO/IEC 23009-1 section 5.3.9.1).
class Inherited {
public:
    Inherited(const pugi::xml_node& representation, std::string_view element);

    [[nodiscard]] bool exists() const;
    // Empty: none has it.
    [[nodiscard]] const char* attribute(const char* name) const;
    [[nodiscard]] std::uint64_t number(const char* name, std::uint64_t otherwise) const;
    [[nodiscard]] pugi::xml_node child(std::string_view name) const;
    [[nodiscard]] std::vector<pugi::xml_node> children(std::string_view name) const;

private:
    std::array<pugi::xml_node, 3> levels_;
};

}  // namespace cxedge::plugins::video
