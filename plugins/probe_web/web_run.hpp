// SPDX-License-Identifier: Apache-2.0
// Loads a page as a browser does: the document, and its parts as soon as it names them, a few at a
// time. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/text_search.hpp"
#include "plugins/probe_web/page_parts.hpp"
#include "plugins/probe_web/web_finding.hpp"
#include "plugins/probe_web/web_settings.hpp"

namespace cxedge::plugins {

class WebRun final : public probes::ProbeRun {
public:
    // Settings and context outlive it.
    WebRun(const WebSettings& settings, std::string url, const probes::ProbeContext& context);
    void begin(Done done) override;

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    [[nodiscard]] probes::FetchRequest request(const std::string& url, bool document) const;
    void load_document();
    void take_document(std::string_view bytes);
    void set_document(const std::string& url);
    void document_ended(const probes::FetchReply& reply);
    [[nodiscard]] PartVerdict document_verdict(const probes::FetchReply& reply) const;
    bool take_bytes(std::string_view bytes);
    void go_on();
    void load_part(const std::string& url);
    void part_ended(std::size_t number, const std::string& url, const probes::FetchReply& reply);
    void end();
    [[nodiscard]] std::chrono::microseconds elapsed() const;

    const WebSettings& settings_;
    const std::string url_;
    const probes::ProbeContext& context_;
    Done done_;
    SteadyTime begun_{};
    probes::TextSearch wanted_;
    probes::TextSearch form_ = probes::search_for_form();
    PageParts parts_;
    PageLoad page_;
    bool known_ = false;  // where the document is
    bool over_ = false;
    std::size_t last_number_ = 0;
    probes::FetchPool pool_;  // of this run alone: a page begins with no connection
    probes::Fetch document_;
    std::map<std::size_t, probes::Fetch> loading_;  // parts
};

}  // namespace cxedge::plugins
