// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_client_exchange.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/secret_file.hpp"

namespace cxedge::devices {
namespace {

constexpr int kMostRedirects = 3;

bool is_redirect(int status) {
    constexpr int kMoved[] = {301, 302, 303, 307, 308};
    return std::find(std::begin(kMoved), std::end(kMoved), status) != std::end(kMoved);
}

// 301 and 302 as everybody does it, 303 as written (RFC 9110, 15.4).
bool turns_to_get(int status) {
    constexpr int kKeepsMethod = 307;
    return status < kKeepsMethod;
}

}  // namespace

HttpExchange::HttpExchange(std::shared_ptr<HttpEngine> engine, Wanted wanted)
    : engine_(std::move(engine)), wanted_(std::move(wanted)), method_(wanted_.call.method) {}

HttpExchange::~HttpExchange() {
    drop_transfer();
}

void HttpExchange::begin() {
    if (const Status read = read_password(); !read) {
        end(read);
        return;
    }
    const HttpAccess& access = wanted_.call.access;
    if (endless()) {
        arm_silence();
    } else {
        deadline_ = engine_->host.loop().after(access.timeout, [this] { time_is_up(); });
    }
    go_to(wanted_.call.url);
}

Status HttpExchange::read_password() {
    const std::string& path = wanted_.call.access.password_file;
    if (path.empty()) {
        return {};
    }
    Result<std::string> password = read_secret(path);
    if (!password) {
        return password.error().during("password_file");
    }
    password_ = std::move(password).value();
    return {};
}

void HttpExchange::go_to(const std::string& url) {
    const Result<HttpOrigin> origin = http_origin(url);
    if (!origin) {
        const std::string from = redirects_ > 0 ? origin_.name() + ": redirects to what " : "url ";
        end(unavailable(from + origin.error().message));
        return;
    }
    url_ = url;
    origin_ = *origin;
    if (redirects_ == 0) {
        first_ = origin_;
    }
    find_addresses();
}

void HttpExchange::find_addresses() {
    if (origin_.numeric) {
        send({});
        return;
    }
    // Before find(), which may call back at once.
    lookup_limit_ =
        engine_->host.loop().after(wanted_.call.access.connect_timeout, [this] { name_is_slow(); });
    engine_->names.find(
        origin_.host,
        [weak = weak_from_this(),
         name = origin_.host](const Result<std::vector<std::string>>& found) {
            const auto self = weak.lock();
            if (!self || !self->lookup_limit_ || self->origin_.host != name) {
                return;  // nobody waits any more
            }
            self->lookup_limit_ = LoopHandle();
            if (found) {
                self->send(*found);
            } else {
                self->end(found.error().during(self->origin_.name()));
            }
        }
    );
}

// Where it was last is better than nothing while the name server is away.
void HttpExchange::name_is_slow() {
    const auto alive = shared_from_this();
    lookup_limit_ = LoopHandle();
    engine_->names.give_up(origin_.host);
    if (const auto last = engine_->names.last(origin_.host)) {
        send(*last);
    } else {
        end(unavailable(origin_.name() + ": the name server does not answer"));
    }
}

HttpTransfer::Order HttpExchange::order(const std::vector<std::string>& addresses) const {
    const bool trusted = origin_ == first_;
    return {
        url_,
        method_,
        method_ == "GET" ? std::string() : wanted_.call.body,
        origin_,
        addresses,
        password_,
        trusted,
        endless()};
}

void HttpExchange::send(const std::vector<std::string>& addresses) {
    transfer_ = HttpTransfer::make(wanted_.call.access, order(addresses));
    if (!transfer_) {
        end(unavailable(origin_.name() + ": out of memory"));
        return;
    }
    engine_->running[transfer_->easy()] = weak_from_this();
    if (!engine_->multi.add(transfer_->easy())) {
        end(unavailable(origin_.name() + ": the request cannot be made"));
    }
}

void HttpExchange::hand_over() {
    if (!endless() || !transfer_ || !transfer_->begun()) {
        return;
    }
    const std::string bytes = transfer_->take_bytes();
    const bool first = !std::exchange(told_of_begin_, true);
    if (bytes.empty() && !first) {
        return;
    }
    arm_silence();
    const std::string type = transfer_->content_type();
    if (first) {
        wanted_.on_bytes(type, {});
    }
    if (!bytes.empty() && !over_) {  // the first call may have ended it
        wanted_.on_bytes(type, bytes);
    }
}

void HttpExchange::transfer_ended(int code) {
    if (is_redirect(transfer_->status()) && !transfer_->location().empty()) {
        redirect();
        return;
    }
    const Status outcome = transfer_->outcome(code);
    if (transfer_->status() == 0 && !origin_.numeric) {
        engine_->names.doubt(origin_.host);
    }
    if (endless()) {
        end(outcome);
        return;
    }
    const HttpReply reply{transfer_->content_type(), transfer_->take_bytes()};
    cancel();
    wanted_.on_reply(outcome ? Result<HttpReply>(reply) : Result<HttpReply>(outcome.error()));
}

void HttpExchange::redirect() {
    const int status = transfer_->status();
    const Result<std::string> next = redirected(url_, transfer_->location());
    const std::string who = origin_.name();
    drop_transfer();
    if (!next || ++redirects_ > kMostRedirects) {
        end(next ? unavailable(who + ": redirects more than three times") : next.error().during(who)
        );
        return;
    }
    if (turns_to_get(status)) {
        method_ = "GET";
    }
    const Result<HttpOrigin> origin = http_origin(*next);
    if (method_ != "GET" && origin && *origin != first_) {
        end(unavailable(who + ": redirects what is sent to another host"));
        return;
    }
    go_to(*next);
}

void HttpExchange::drop_transfer() {
    if (transfer_) {
        engine_->multi.remove(transfer_->easy());
        engine_->running.erase(transfer_->easy());
        transfer_.reset();
    }
}

void HttpExchange::arm_silence() {
    silence_ = engine_->host.loop().after(wanted_.call.silence, [this] { time_is_up(); });
}

void HttpExchange::time_is_up() {
    const auto alive = shared_from_this();
    const std::string who = origin_.name();
    if (!transfer_) {
        end(unavailable(who + ": the name server does not answer"));
    } else if (!transfer_->connected()) {
        end(unavailable(who + ": does not answer"));
    } else {
        end(unavailable(
            who + (endless() ? ": says nothing any more" : ": no complete answer in time")
        ));
    }
}

void HttpExchange::cancel() {
    over_ = true;
    drop_transfer();
    deadline_ = LoopHandle();
    silence_ = LoopHandle();
    lookup_limit_ = LoopHandle();
}

void HttpExchange::end(const Status& end) {
    if (over_) {
        return;
    }
    cancel();
    if (endless()) {
        wanted_.on_end(end);
    } else {
        wanted_.on_reply(end.error());
    }
}

}  // namespace cxedge::devices
