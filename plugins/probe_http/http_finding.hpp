// SPDX-License-Identifier: Apache-2.0
// What a request says, in series and in words. Pure. Thread: any.
#pragma once

#include <string>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/probe_http/http_settings.hpp"

namespace cxedge::plugins {

// What the body was found to be.
struct BodyVerdict {
    std::string mismatch;  // empty: as expected
    bool form = false;     // a page with a form
};

// `url`: the target's.
probes::Finding http_finding(
    const HttpSettings& settings,
    const std::string& url,
    const probes::FetchReply& reply,
    const BodyVerdict& body
);

}  // namespace cxedge::plugins
