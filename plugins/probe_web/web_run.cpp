// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/web_run.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_probes/portal.hpp"

namespace cxedge::plugins {
namespace {

using probes::FetchReply;
using probes::FetchRequest;
using probes::ProbeResult;

}  // namespace

WebRun::WebRun(const WebSettings& settings, std::string url, const probes::ProbeContext& context)
    : settings_(settings),
      url_(std::move(url)),
      context_(context),
      wanted_(settings.expect_body),
      parts_(static_cast<std::size_t>(settings.max_resources)),
      pool_(context) {}

void WebRun::begin(Done done) {
    done_ = std::move(done);
    begun_ = std::chrono::steady_clock::now();
    load_document();
}

FetchRequest WebRun::request(const std::string& url, bool document) const {
    const auto left =
        context_.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(elapsed());
    FetchRequest request;
    request.url = url;
    request.family = probes::family_of(settings_.family);
    request.ca_file = settings_.ca_file;
    request.tls_verify = settings_.tls_verify;
    request.timeout = std::max(left, std::chrono::milliseconds(1));
    if (document) {
        request.headers = settings_.headers;
    }
    return request;
}

void WebRun::load_document() {
    document_ = pool_.get(
        request(url_, true),
        [this](std::string_view bytes) {
            take_document(bytes);
            return take_bytes(bytes);
        },
        [this](const FetchReply& reply) { document_ended(reply); }
    );
}

void WebRun::take_document(std::string_view bytes) {
    set_document(document_.url());
    wanted_.feed(bytes);
    form_.feed(bytes);
    parts_.feed(bytes);
    go_on();
}

// What it names is relative to where redirects led.
void WebRun::set_document(const std::string& url) {
    if (std::exchange(known_, true)) {
        return;
    }
    parts_.set_document(url);
    for (const std::string& each : settings_.resources) {
        parts_.add(each);
    }
}

bool WebRun::take_bytes(std::string_view bytes) {
    constexpr std::uint64_t kKib = 1'024;
    page_.bytes += bytes.size();
    page_.too_large = page_.bytes > static_cast<std::uint64_t>(settings_.max_page_kib) * kKib;
    return !page_.too_large;
}

void WebRun::document_ended(const FetchReply& reply) {
    page_.document = reply;
    PartVerdict verdict = document_verdict(reply);
    if (verdict.result != ProbeResult::ok) {
        page_.right = verdict.result != ProbeResult::body_mismatch;
        page_.failed.insert(page_.failed.begin(), std::move(verdict));
        end();
        return;
    }
    set_document(reply.url);
    go_on();
}

// A page of another site is the one that was meant only if it holds what is expected.
PartVerdict WebRun::document_verdict(const FetchReply& reply) const {
    PartVerdict verdict = part_verdict(url_, reply);
    const bool expects = !settings_.expect_body.empty();
    const bool right = expects ? wanted_.found() : !probes::from_other_site(url_, reply);
    if (verdict.result != ProbeResult::ok || right) {
        return verdict;
    }
    verdict.result = ProbeResult::body_mismatch;
    verdict.step = "server";
    verdict.detail = probes::portal_hint(url_, reply, form_.found());
    if (verdict.detail.empty()) {
        verdict.detail = "the page does not hold expect_body";
    }
    return verdict;
}

void WebRun::go_on() {
    while (loading_.size() < static_cast<std::size_t>(settings_.parallel) && parts_.waiting()) {
        load_part(parts_.next());
    }
    const bool all = loading_.empty() && !parts_.waiting();
    if (page_.document && (all || page_.too_large)) {
        end();
    }
}

void WebRun::load_part(const std::string& url) {
    const std::size_t number = ++last_number_;
    loading_[number] = pool_.get(
        request(url, false),
        [this](std::string_view bytes) { return take_bytes(bytes); },
        [this, number, url](const FetchReply& reply) { part_ended(number, url, reply); }
    );
}

void WebRun::part_ended(std::size_t number, const std::string& url, const FetchReply& reply) {
    loading_.erase(number);
    PartVerdict verdict = part_verdict(url, reply);
    const bool capped = verdict.result == ProbeResult::capped;
    if (verdict.result != ProbeResult::ok) {
        page_.failed.push_back(std::move(verdict));
    }
    if (capped) {
        end();
    } else {
        go_on();
    }
}

void WebRun::end() {
    if (std::exchange(over_, true)) {
        return;
    }
    page_.took = elapsed();
    page_.parts = parts_.count();
    page_.left_out = parts_.left_out();
    document_ = {};
    loading_.clear();
    const Done done = std::exchange(done_, nullptr);
    done(web_finding(page_, static_cast<std::size_t>(settings_.max_failed)));
}

std::chrono::microseconds WebRun::elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begun_
    );
}

}  // namespace cxedge::plugins
