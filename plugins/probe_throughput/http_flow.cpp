// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/http_flow.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_probes/portal.hpp"

namespace cxedge::plugins::throughput {
namespace {

using probes::FetchReply;
using probes::ProbeResult;

// What is left of a budget at its end: too little for a request is spent by one all the same.
constexpr std::uint64_t kLeastPiece = 16U << 10U;

// A page with a form is a log-in page, not what was asked for.
FlowEnd flow_end_of(const std::string& url, const FetchReply& reply, bool form) {
    if (reply.result != ProbeResult::ok) {
        return {reply.result, reply.step, reply.detail};
    }
    if (!reply.location.empty() && probes::from_other_site(url, reply)) {
        return {ProbeResult::body_mismatch, "server", probes::portal_hint(url, reply, false)};
    }
    if (reply.status < 200 || reply.status > 299) {
        return {ProbeResult::bad_status, "server", fmt::format("the server says {}", reply.status)};
    }
    if (form && probes::is_page(reply)) {
        return {ProbeResult::body_mismatch, "server", probes::portal_hint(url, reply, form)};
    }
    return {};
}

}  // namespace

// ---- Down

HttpDownload::HttpDownload(probes::FetchPool& pool, probes::FetchRequest request, Events events)
    : pool_(pool), request_(std::move(request)), events_(std::move(events)) {}

void HttpDownload::begin() {
    request_.timeout = events_.time_left();
    if (const auto most = events_.may_bring()) {
        promised_ = std::max(*most, kLeastPiece);
        request_.range = fmt::format("0-{}", promised_ - 1);
    }
    fetch_ = pool_.get(
        request_,
        [this](std::string_view bytes) {
            moved_ += bytes.size();
            promised_ -= std::min<std::uint64_t>(promised_, bytes.size());
            return events_.came(bytes.size());
        },
        [this](const FetchReply& reply) { took(reply); }
    );
}

void HttpDownload::took(const FetchReply& reply) {
    address_ = reply.address;
    retransmits_ = std::max(retransmits_, reply.retransmits);
    // What is made to be fetched is no page, with a form or without.
    FlowEnd end = flow_end_of(request_.url, reply, true);
    if (end.result == ProbeResult::ok && reply.received == 0) {
        end = {ProbeResult::body_mismatch, "server", "the server sends nothing"};
    }
    if (end.result != ProbeResult::ok) {
        events_.end(std::move(end));
        return;
    }
    // A short file: the connection is warm now, and serves for the next.
    request_.new_connection = false;
    begin();
}

std::uint32_t HttpDownload::retransmits() const {
    const auto progress = fetch_.progress();
    return progress ? std::max(retransmits_, progress->retransmits) : retransmits_;
}

double HttpDownload::round_trip_s() const {
    const auto progress = fetch_.progress();
    return progress ? std::chrono::duration<double>(progress->round_trip).count() : 0;
}

std::optional<std::uint64_t> HttpDownload::arrived() const {
    const auto progress = fetch_.progress();
    return progress ? std::optional(progress->arrived) : std::nullopt;
}

// ---- Up

HttpUpload::HttpUpload(probes::FetchPool& pool, probes::FetchRequest request, Events events)
    : pool_(pool), request_(std::move(request)), events_(std::move(events)) {}

void HttpUpload::begin() {
    request_.timeout = events_.time_left();
    fetch_ = pool_.get(
        request_,
        [this](std::string_view bytes) {
            form_.feed(bytes);
            return true;
        },
        [this](const FetchReply& reply) { took(reply); }
    );
}

void HttpUpload::took(const FetchReply& reply) {
    over_ = true;
    address_ = reply.address;
    latest_.retransmits = std::max(latest_.retransmits, reply.retransmits);
    FlowEnd end = flow_end_of(request_.url, reply, form_.found());
    // Who answers well has read all of it.
    latest_.acknowledged =
        end.result == ProbeResult::ok ? request_.send_bytes : latest_.acknowledged;
    events_.end(std::move(end));
}

std::uint64_t HttpUpload::moved() const {
    if (const auto progress = fetch_.progress(); progress && !over_) {
        latest_.acknowledged = std::max(latest_.acknowledged, progress->acknowledged);
        latest_.retransmits = std::max(latest_.retransmits, progress->retransmits);
    }
    return latest_.acknowledged;
}

std::uint32_t HttpUpload::retransmits() const {
    static_cast<void>(moved());
    return latest_.retransmits;
}

}  // namespace cxedge::plugins::throughput
