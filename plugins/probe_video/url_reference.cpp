// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/url_reference.hpp"

#include <utility>

#include "plugins/_probes/url_reference.hpp"

namespace cxedge::plugins::video {

std::optional<std::string> media_url(std::string_view base, std::string_view reference) {
    auto url = probes::resolve_reference(base, reference);
    const bool is_http = url && (url->starts_with("http://") || url->starts_with("https://"));
    return is_http ? std::move(url) : std::nullopt;
}

}  // namespace cxedge::plugins::video
