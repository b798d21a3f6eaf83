// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/web_finding.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::FetchReply;
using probes::Figure;
using probes::Finding;
using probes::ProbeResult;

constexpr const char* kRequestSteps[] = {"dns", "connect", "tls", "server", "transfer"};

double seconds_of(std::chrono::microseconds took) {
    return std::chrono::duration<double>(took).count();
}

bool is_2xx(long status) {
    constexpr long kHundred = 100;
    return status / kHundred == 2;
}

// Time until the first byte of the document that was asked for in the end.
std::optional<double> response_delay(const PageLoad& page) {
    if (!page.document || !page.right || !is_2xx(page.document->status)) {
        return std::nullopt;
    }
    return seconds_of(page.document->times.total - page.document->times.transfer);
}

bool is_capped(const PartVerdict& part) {
    return part.result == ProbeResult::capped;
}

// We ended it, not the network: that says nothing of what had not come yet.
bool ended_by_budget(const PageLoad& page) {
    return std::any_of(page.failed.begin(), page.failed.end(), is_capped);
}

class PageFigures {
public:
    void add(const char* metric, Kind kind, const char* unit, std::optional<double> value) {
        Figure& figure = figures_.emplace_back();
        figure.info.key.metric = metric;
        figure.info.kind = kind;
        figure.info.unit = unit;
        if (value) {
            figure.values = {*value};
        }
    }
    // Tried once: whether it worked, and how long that took. `told`: else nobody knows.
    void attempt(const std::string& metric, std::optional<double> delay, bool told) {
        const double worked = delay ? 1 : 0;
        add((metric + ".attempt").c_str(), Kind::delta, "{page}", if_told(1, told));
        add((metric + ".success").c_str(), Kind::delta, "{page}", if_told(worked, told));
        add((metric + ".delay").c_str(), Kind::histogram, "s", delay);
    }
    void failures(const PageLoad& page) {
        for (const char* const step : kRequestSteps) {
            const auto here = [&](const PartVerdict& part) {
                return part.step == step && !is_capped(part);
            };
            const auto count = std::count_if(page.failed.begin(), page.failed.end(), here);
            add("kqi.web.failure", Kind::delta, "{request}", static_cast<double>(count));
            figures_.back().info.key.dims.push_back({"step", step});
        }
    }
    std::vector<Figure> take() { return std::move(figures_); }

private:
    static std::optional<double> if_told(double value, bool told) {
        return told ? std::optional(value) : std::nullopt;
    }

    std::vector<Figure> figures_;
};

std::vector<Figure> page_figures(const PageLoad& page, bool loaded) {
    constexpr double kBitsOfByte = 8;
    const double took = seconds_of(page.took);
    const auto if_loaded = [&](double value) {
        return loaded ? std::optional(value) : std::nullopt;
    };
    PageFigures figures;
    const bool whole = !ended_by_budget(page);
    const std::optional<double> response = response_delay(page);
    figures.attempt("kqi.web.page_response", response, whole || response);
    figures.attempt("kqi.web.page_browsing", if_loaded(took), whole);
    figures.add(
        "kqi.web.page_download.rate",
        Kind::gauge,
        "bit/s",
        took > 0 ? if_loaded(kBitsOfByte * static_cast<double>(page.bytes) / took) : std::nullopt
    );
    figures.add("kqi.web.page_size", Kind::gauge, "By", if_loaded(static_cast<double>(page.bytes)));
    figures.add(
        "kqi.web.page_parts", Kind::gauge, "{part}", if_loaded(static_cast<double>(page.parts))
    );
    figures.failures(page);
    return figures.take();
}

// Which of those that failed the page fails for.
const PartVerdict* guilty_part(const PageLoad& page, bool document_failed, std::size_t max_failed) {
    const auto found = std::find_if(page.failed.begin(), page.failed.end(), is_capped);
    if (found != page.failed.end()) {
        return &*found;
    }
    const bool too_many = document_failed || page.failed.size() > max_failed;
    return too_many && !page.failed.empty() ? &page.failed.front() : nullptr;
}

std::string page_detail(const PageLoad& page, const PartVerdict& guilty, bool document_failed) {
    if (document_failed) {
        return guilty.detail;
    }
    return fmt::format(
        "{} of {} parts failed, first {}: {}",
        page.failed.size(),
        page.parts,
        guilty.url,
        guilty.detail
    );
}

std::vector<std::pair<std::string, std::string>> page_facts(const PageLoad& page) {
    std::vector<std::pair<std::string, std::string>> facts;
    if (page.document) {
        facts.emplace_back("url", page.document->url);
        facts.emplace_back("address", page.document->address);
        facts.emplace_back("status", std::to_string(page.document->status));
    }
    facts.emplace_back("failed requests", std::to_string(page.failed.size()));
    if (page.left_out > 0) {
        facts.emplace_back("parts left out", std::to_string(page.left_out));
    }
    return facts;
}

}  // namespace

PartVerdict part_verdict(const std::string& url, const FetchReply& reply) {
    constexpr long kFirstError = 400;
    if (reply.result == ProbeResult::ok && reply.status >= kFirstError) {
        return {url, ProbeResult::bad_status, "server", fmt::format("answers {}", reply.status)};
    }
    return {url, reply.result, reply.step, reply.detail};
}

Finding web_finding(const PageLoad& page, std::size_t max_failed) {
    const bool document_failed =
        !page.document || !page.right || part_verdict({}, *page.document).result != ProbeResult::ok;
    Finding finding;
    if (const PartVerdict* const guilty = guilty_part(page, document_failed, max_failed)) {
        finding.result = guilty->result;
        finding.step = guilty->step;
        finding.detail = page_detail(page, *guilty, document_failed);
    } else if (page.too_large) {
        finding.result = ProbeResult::capped;
        finding.step = "transfer";
        finding.detail = "the page with its parts is larger than max_page_kib";
    }
    finding.figures = page_figures(page, finding.result == ProbeResult::ok);
    finding.facts = page_facts(page);
    return finding;
}

}  // namespace cxedge::plugins
