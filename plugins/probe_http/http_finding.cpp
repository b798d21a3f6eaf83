// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/http_finding.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "plugins/_devices/http_client_url.hpp"
#include "plugins/_probes/portal.hpp"

namespace cxedge::plugins {
namespace {

using probes::FetchReply;
using probes::Figure;
using probes::Finding;
using probes::ProbeResult;

constexpr double kMicroseconds = 1e6;

// Phases in their order; what comes from the guilty one on was not measured.
constexpr std::array<std::string_view, 5> kSteps{"dns", "connect", "tls", "server", "transfer"};

bool was_measured(std::string_view phase, const FetchReply& reply) {
    const auto at = [](std::string_view step) {
        return std::find(kSteps.begin(), kSteps.end(), step);
    };
    // An answer that is not the right one was measured all the same.
    const bool answered =
        reply.result == ProbeResult::bad_status && reply.step == "server" && reply.status != 0;
    return reply.step.empty() || answered || at(phase) < at(reply.step);
}

class HttpFigures {
public:
    explicit HttpFigures(const FetchReply& reply) : reply_(reply) {}

    void phase(const char* metric, std::string_view step, std::chrono::microseconds took) {
        const double seconds = static_cast<double>(took.count()) / kMicroseconds;
        seconds_of(metric, was_measured(step, reply_) ? std::optional(seconds) : std::nullopt);
    }
    Figure& seconds_of(const char* metric, std::optional<double> value) {
        return add(metric, Kind::histogram, "s", value);
    }
    Figure& add(const char* metric, Kind kind, const char* unit, std::optional<double> value) {
        Figure& figure = figures_.emplace_back();
        figure.info.key.metric = metric;
        figure.info.kind = kind;
        figure.info.unit = unit;
        if (value) {
            figure.values = {*value};
        }
        return figure;
    }
    std::vector<Figure> take() { return std::move(figures_); }

private:
    const FetchReply& reply_;
    std::vector<Figure> figures_;
};

void add_dim(Figure& figure, const char* key, std::string value) {
    figure.info.key.dims.push_back({key, std::move(value)});
}

// One series for each class of status. A request without an answer, or with another one, is a loss
// in that of the status that is expected.
void add_first_byte(HttpFigures& figures, const HttpSettings& settings, const FetchReply& reply) {
    constexpr const char* kMetric = "net.http.ttfb";
    const std::string expected = settings.expect_status.front().substr(0, 1) + "xx";
    const std::string code = reply.status == 0 ? expected : class_of_status(reply.status);
    const double seconds = static_cast<double>(reply.times.ttfb.count()) / kMicroseconds;
    if (code != expected || reply.status == 0) {
        add_dim(figures.seconds_of(kMetric, std::nullopt), "code", expected);
    }
    if (reply.status != 0) {
        add_dim(figures.seconds_of(kMetric, seconds), "code", code);
    }
}

std::vector<Figure> http_figures(
    const HttpSettings& settings,
    const devices::HttpOrigin& target,
    const FetchReply& reply,
    ProbeResult result
) {
    HttpFigures figures(reply);
    if (!target.numeric) {
        figures.phase("net.http.dns", "dns", reply.times.dns);
    }
    figures.phase("net.http.connect", "connect", reply.times.connect);
    if (target.scheme == "https") {
        figures.phase("net.http.tls", "tls", reply.times.tls);
    }
    add_first_byte(figures, settings, reply);
    figures.phase("net.http.transfer", "transfer", reply.times.transfer);
    figures.phase("net.http.duration", "transfer", reply.times.total);
    const bool answered = reply.status != 0;
    figures.add(
        "net.http.status",
        Kind::gauge,
        "1",
        answered ? std::optional(static_cast<double>(reply.status)) : std::nullopt
    );
    figures.add("net.http.received", Kind::delta, "By", static_cast<double>(reply.received));
    figures.add(
        "net.http.retransmits", Kind::delta, "{segment}", static_cast<double>(reply.retransmits)
    );
    add_dim(
        figures.add("net.http.result", Kind::delta, "{request}", 1.0),
        "result",
        std::string(to_string(result))
    );
    return figures.take();
}

struct Judgement {
    ProbeResult result = ProbeResult::ok;
    std::string step;
    std::string detail;
};

// Redirects led to a page that nobody said is right.
bool strayed(const HttpSettings& settings, const std::string& url, const FetchReply& reply) {
    const bool body_told = !settings.expect_body.empty() || !settings.expect_sha256.empty();
    return reply.redirects > 0 && !body_told && probes::from_other_site(url, reply);
}

Judgement judge(
    const HttpSettings& settings,
    const std::string& url,
    const FetchReply& reply,
    const BodyVerdict& body
) {
    if (reply.result != ProbeResult::ok) {
        return {reply.result, reply.step, reply.detail};
    }
    const bool status = fits_status(reply.status, settings.expect_status);
    if (status && body.mismatch.empty() && !strayed(settings, url, reply)) {
        return {};
    }
    const std::string hint = probes::portal_hint(url, reply, body.form);
    if (!hint.empty()) {
        return {ProbeResult::body_mismatch, "server", hint};
    }
    if (status) {
        return {ProbeResult::body_mismatch, "server", body.mismatch};
    }
    return {
        ProbeResult::bad_status,
        "server",
        fmt::format("answers {}, not {}", reply.status, fmt::join(settings.expect_status, " or "))};
}

// Whom it is about comes first, but where the request itself says that.
std::string full_detail(
    const devices::HttpOrigin& target, const FetchReply& reply, const std::string& detail
) {
    const bool ours = reply.result == ProbeResult::ok && !detail.empty();
    return ours ? fmt::format("{}: {}", target.name(), detail) : detail;
}

std::vector<std::pair<std::string, std::string>> http_facts(const FetchReply& reply) {
    std::vector<std::pair<std::string, std::string>> facts;
    if (!reply.address.empty()) {
        facts.emplace_back("address", reply.address);
    }
    if (reply.redirects > 0) {
        facts.emplace_back("redirects", std::to_string(reply.redirects));
        facts.emplace_back("url", reply.url);
    }
    if (!reply.content_type.empty()) {
        facts.emplace_back("type", reply.content_type);
    }
    return facts;
}

}  // namespace

Finding http_finding(
    const HttpSettings& settings,
    const std::string& url,
    const FetchReply& reply,
    const BodyVerdict& body
) {
    const auto origin = devices::http_origin(url);
    const devices::HttpOrigin target = origin ? *origin : devices::HttpOrigin();
    Judgement judgement = judge(settings, url, reply, body);
    Finding finding;
    finding.result = judgement.result;
    finding.step = std::move(judgement.step);
    finding.detail = full_detail(target, reply, judgement.detail);
    finding.figures = http_figures(settings, target, reply, finding.result);
    finding.facts = http_facts(reply);
    return finding;
}

}  // namespace cxedge::plugins
