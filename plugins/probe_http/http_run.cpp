// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/http_run.hpp"

#include <utility>

#include "plugins/probe_http/http_finding.hpp"

namespace cxedge::plugins {

HttpRun::HttpRun(const HttpSettings& settings, std::string url, const probes::ProbeContext& context)
    : settings_(settings),
      url_(std::move(url)),
      context_(context),
      check_(settings.expect_body, settings.expect_sha256),
      pool_(context) {}

void HttpRun::begin(Done done) {
    done_ = std::move(done);
    fetch_ = pool_.get(
        request(),
        [this](std::string_view bytes) {
            check_.feed(bytes);
            return true;
        },
        [this](const probes::FetchReply& reply) { end(reply); }
    );
}

probes::FetchRequest HttpRun::request() const {
    constexpr std::uint64_t kKib = 1'024;
    probes::FetchRequest request;
    request.url = url_;
    request.method = settings_.method;
    request.headers = settings_.headers;
    request.body = settings_.body;
    request.family = probes::family_of(settings_.family);
    request.ca_file = settings_.ca_file;
    request.tls_verify = settings_.tls_verify;
    request.redirects = static_cast<int>(settings_.redirects);
    request.timeout = context_.timeout;
    request.max_bytes = static_cast<std::uint64_t>(settings_.max_body_kib) * kKib;
    return request;
}

void HttpRun::end(const probes::FetchReply& reply) {
    const BodyVerdict body{check_.mismatch(), check_.has_form()};
    const Done done = std::exchange(done_, nullptr);
    done(http_finding(settings_, url_, reply, body));
}

}  // namespace cxedge::plugins
