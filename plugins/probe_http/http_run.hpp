// SPDX-License-Identifier: Apache-2.0
// One request of probe_http. Thread: the loop's.
#pragma once

#include <string>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/probe_http/body_check.hpp"
#include "plugins/probe_http/http_settings.hpp"

namespace cxedge::plugins {

class HttpRun final : public probes::ProbeRun {
public:
    // Settings and context outlive it.
    HttpRun(const HttpSettings& settings, std::string url, const probes::ProbeContext& context);
    void begin(Done done) override;

private:
    [[nodiscard]] probes::FetchRequest request() const;
    void end(const probes::FetchReply& reply);

    const HttpSettings& settings_;
    const std::string url_;
    const probes::ProbeContext& context_;
    BodyCheck check_;
    Done done_;
    probes::FetchPool pool_;  // of this run alone: each opens its own connection
    probes::Fetch fetch_;
};

}  // namespace cxedge::plugins
