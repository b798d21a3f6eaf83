// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cxedge::plugins::video {

// probes::resolve_reference(), of what can be fetched: nothing also for other schemes than http and
// https. Thread: any.
std::optional<std::string> media_url(std::string_view base, std::string_view reference);

}  // namespace cxedge::plugins::video
