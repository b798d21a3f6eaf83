// SPDX-License-Identifier: Apache-2.0
// What the loading of a page says, in series and in words. Pure. Thread: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/http_fetch.hpp"

namespace cxedge::plugins {

// What one request came to.
struct PartVerdict {
    std::string url;
    probes::ProbeResult result = probes::ProbeResult::ok;
    std::string step;
    std::string detail;
};

struct PageLoad {
    std::optional<probes::FetchReply> document;  // nothing: it never ended
    bool right = true;                           // the document is the page that was asked for
    std::vector<PartVerdict> failed;             // in the order in which they failed
    std::size_t parts = 0;                       // the document not counted
    std::size_t left_out = 0;                    // max_resources
    std::uint64_t bytes = 0;                     // bodies, the document's too
    std::chrono::microseconds took{0};           // until the last one ended
    bool too_large = false;                      // max_page_kib
};

// ok, or what became of it: of a request that ended, a status of 400 or more is a failure, too.
PartVerdict part_verdict(const std::string& url, const probes::FetchReply& reply);

// `max_failed`: so many parts may fail.
probes::Finding web_finding(const PageLoad& page, std::size_t max_failed);

}  // namespace cxedge::plugins
