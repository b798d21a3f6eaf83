// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_job.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_probes/http_fetch_trust.hpp"

namespace cxedge::probes {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A question and its answer, of a few hundred bytes.
constexpr std::uint64_t kLookUpBytes = 256;
constexpr std::uint64_t kLookUpPackets = 2;

}  // namespace

FetchJob::FetchJob(
    std::shared_ptr<FetchEngine> engine,
    FetchRequest request,
    FetchPool::OnBytes on_bytes,
    FetchPool::OnReply on_reply
)
    : engine_(std::move(engine)),
      request_(std::make_shared<FetchRequest>(std::move(request))),
      on_bytes_(std::move(on_bytes)),
      on_reply_(std::move(on_reply)),
      url_(request_->url),
      method_(request_->method) {}

FetchJob::~FetchJob() = default;

void FetchJob::prepare() const {
    if (request_->tls_verify && request_->url.starts_with("https:")) {
        trusted_store(request_->ca_file);
    }
}

void FetchJob::begin() {
    if (over_) {
        return;
    }
    begun_ = std::chrono::steady_clock::now();
    deadline_ = engine_->loop().after(request_->timeout, [this] { time_is_up(); });
    if (engine_->exhausted()) {
        over_budget();
        return;
    }
    visit(request_->url);
}

void FetchJob::visit(const std::string& url) {
    Result<devices::HttpOrigin> origin = devices::http_origin(url);
    if (!origin) {
        end({ProbeResult::bad_status, "server", fmt::format("{} {}", url, origin.error().message)});
        return;
    }
    url_ = url;
    reply_.url = url;
    origin_ = *std::move(origin);
    if (first_.host.empty()) {
        first_ = origin_;
    }
    find_addresses();
}

void FetchJob::find_addresses() {
    if (const auto numeric = SocketAddress::parse(origin_.host)) {
        if (wanted(*numeric)) {
            connect({*numeric});
        } else {
            end({ProbeResult::dns_error, "dns", "has no address of the family that is asked for"});
        }
        return;
    }
    auto known =
        request_->new_connection ? std::vector<SocketAddress>() : engine_->remembered(origin_.host);
    if (!known.empty()) {
        connect(std::move(known));
        return;
    }
    question_ = engine_->resolver().resolve_anew(
        origin_.host,
        request_->family,
        left(),
        [this](const auto& found) { found_addresses(found); }
    );
}

bool FetchJob::wanted(const SocketAddress& address) const {
    return request_->family == Family::any || address.is_v6() == (request_->family == Family::v6);
}

void FetchJob::found_addresses(const Result<Resolver::Found>& found) {
    const auto question = std::move(question_);  // stays until the end of this
    if (!found) {
        end(verdict_of_name(origin_.host, found.error()));
        return;
    }
    reply_.times.dns += found->took;
    if (found->took.count() > 0 && !engine_->spend(kLookUpBytes, kLookUpPackets)) {
        over_budget();
        return;
    }
    engine_->remember(origin_.host, found->addresses);
    connect(found->addresses);
}

void FetchJob::connect(std::vector<SocketAddress> addresses) {
    // Whoever is told may destroy the Fetch, and so this.
    transfer_ = FetchTransfer::make(
        engine_->shared(),
        request_,
        order(std::move(addresses)),
        [weak = weak_from_this()](std::string_view bytes) {
            const auto self = weak.lock();
            return self && (!self->on_bytes_ || self->on_bytes_(bytes));
        }
    );
    if (transfer_ == nullptr || !engine_->start(*transfer_, shared_from_this())) {
        end({ProbeResult::timeout, "connect", "the box is out of memory"});
    }
}

FetchTransfer::Order FetchJob::order(std::vector<SocketAddress> addresses) const {
    FetchTransfer::Order order;
    order.url = url_;
    order.host = origin_.host;
    order.port = origin_.port;
    order.tls = origin_.scheme == "https";
    order.method = method_;
    // What is meant for one server is not for another one to which it leads.
    order.with_headers = origin_ == first_;
    order.with_body = with_body_ && origin_ == first_;
    order.alone = !engine_->trusts_alike(request_->ca_file);
    order.follow = request_->redirects > 0;
    order.addresses = std::move(addresses);
    order.timeout = left();
    return order;
}

void FetchJob::transfer_ended(int code) {
    if (engine_->capped()) {
        over_budget();
        return;
    }
    FetchVerdict verdict = transfer_->verdict(code);
    const std::string location = transfer_->redirect();
    if (verdict.result == ProbeResult::ok && !location.empty()) {
        follow(location);
    } else {
        end(std::move(verdict));
    }
}

void FetchJob::follow(const std::string& location) {
    const Result<std::string> url = devices::redirected(url_, location);
    if (reply_.redirects >= request_->redirects) {
        end(
            {ProbeResult::bad_status,
             "server",
             fmt::format("redirects more than {} times: in a circle?", request_->redirects)}
        );
        return;
    }
    if (!url || !devices::http_origin(*url)) {
        end({ProbeResult::bad_status, "server", fmt::format("redirects to {}", location)});
        return;
    }
    const long status = transfer_->status();
    leave();
    reply_.status = 0;
    reply_.received = 0;
    ++reply_.redirects;
    reply_.times.redirect = elapsed();
    constexpr long kTemporary = 307;  // these two keep the method (RFC 9110 15.4.8, 15.4.9)
    constexpr long kPermanent = 308;
    if (status != kTemporary && status != kPermanent && method_ != "HEAD") {
        method_ = "GET";
        with_body_ = false;
    }
    visit(*url);
}

// What is known of the transfer is told, and it goes.
void FetchJob::leave() {
    if (auto transfer = std::move(transfer_)) {
        transfer->tell(reply_);
        engine_->retire(std::move(transfer));
    }
}

void FetchJob::time_is_up() {
    if (question_) {
        end(verdict_of_name(origin_.host, unavailable("")));
        return;
    }
    end(verdict_of_silence(transfer_ ? transfer_->step() : "connect"));
}

void FetchJob::over_budget() {
    const std::string step = transfer_ ? transfer_->step() : std::string("dns");
    end({ProbeResult::capped, step, "the budget of bytes or packets is used up"});
}

void FetchJob::end(FetchVerdict verdict) {
    if (std::exchange(over_, true)) {
        return;
    }
    deadline_.cancel();
    question_.reset();
    engine_->settle();
    leave();
    reply_.times.total = elapsed();
    reply_.result = verdict.result;
    reply_.step = std::move(verdict.step);
    reply_.detail = std::move(verdict.detail);
    if (!reply_.detail.empty() && !origin_.host.empty()) {
        reply_.detail = origin_.name() + ": " + reply_.detail;
    }
    engine_->loop().post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->deliver();
        }
    });
}

void FetchJob::deliver() {
    if (const auto on_reply = std::exchange(on_reply_, nullptr)) {
        on_reply(reply_);
    }
}

void FetchJob::cancel() {
    over_ = true;
    on_reply_ = nullptr;
    deadline_.cancel();
    question_.reset();
    if (auto transfer = std::move(transfer_)) {
        engine_->retire(std::move(transfer));
    }
}

std::optional<FetchProgress> FetchJob::progress() const {
    return transfer_ == nullptr ? std::nullopt : transfer_->progress();
}

milliseconds FetchJob::left() const {
    const auto left = request_->timeout - duration_cast<milliseconds>(elapsed());
    return std::max(left, milliseconds(1));
}

microseconds FetchJob::elapsed() const {
    return duration_cast<microseconds>(std::chrono::steady_clock::now() - begun_);
}

}  // namespace cxedge::probes
