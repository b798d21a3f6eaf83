// SPDX-License-Identifier: Apache-2.0
// Catch2 v2 (Debian 12) and v3 (later) under one include, with the names of v2.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <string>
#include <utility>

#include <catch2/catch_all.hpp>

using Catch::Approx;

namespace Catch {

using Matchers::StartsWith;

inline auto Contains(std::string text) {
    return Matchers::ContainsSubstring(std::move(text));
}

}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
