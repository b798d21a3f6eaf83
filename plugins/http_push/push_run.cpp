// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_push/push_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/secret_file.hpp"

#include "plugins/_devices/hmac.hpp"
#include "plugins/_devices/http_credentials.hpp"
#include "plugins/_devices/http_listen_address.hpp"
#include "plugins/_devices/text.hpp"
#include "plugins/http_push/push_body.hpp"

namespace cxedge::plugins {
namespace {

using devices::HttpAnswer;
using devices::HttpRequest;
using devices::Report;

constexpr const char* kTryAgainS = "10";

HttpAnswer refusal_answer(int status) {
    switch (status) {
        case 401:
            return {status, "wrong or missing signature", {}};
        case 404:
            return {status, "no route has this path", {}};
        case 405:
            return {status, "POST or PUT, please", {{"Allow", "POST, PUT"}}};
        default:
            return {status, "no content encoding, please", {{"Accept-Encoding", "identity"}}};
    }
}

HttpAnswer busy(const Status& status) {
    return {503, status.error().message, {{"Retry-After", kTryAgainS}}};
}

bool is_encoded(const HttpRequest& request) {
    const std::string encoding = devices::lower(request.header("content-encoding"));
    return !encoding.empty() && encoding != "identity";
}

}  // namespace

Result<std::unique_ptr<PushRun>> PushRun::start(
    const PushSettings& settings, const std::vector<Kind>& kinds, Host& host
) {
    std::unique_ptr<PushRun> run(new PushRun(settings, host));  // NOLINT: a private constructor
    for (const Kind& kind : kinds) {
        if (const Status added = run->add_route(kind); !added) {
            return added.error();
        }
    }
    if (const Status opened = run->open(); !opened) {
        return opened.error();
    }
    return run;
}

PushRun::~PushRun() {
    listener_.reset();
    tally_.flush();
}

Status PushRun::add_route(const Kind& kind) {
    Route route;
    route.kind = kind;
    if (!kind.settings->hmac_file.empty()) {
        Result<std::string> secret = read_secret(kind.settings->hmac_file);
        if (!secret) {
            return secret.error().during("hmac_file");
        }
        route.secret = std::move(secret).value();
    }
    route.intake = std::make_unique<devices::Intake>(host_, *kind.settings);
    routes_.push_back(std::move(route));
    return {};
}

Status PushRun::open() {
    auto listener = devices::HttpListener::open(
        settings_,
        host_,
        [this](const HttpRequest& request, const Answer& answer) { take(request, answer); },
        [this](int status, std::string_view peer) { tally_.refused(status, peer); }
    );
    if (!listener) {
        return listener.error();
    }
    listener_ = std::move(listener).value();
    host_.log(
        log::Level::info,
        fmt::format(
            "listening on {}, port {}{}",
            settings_.listen,
            listener_->port(),
            settings_.cert_file.empty() ? "" : ", TLS"
        )
    );
    warn_of_openness();
    return {};
}

void PushRun::warn_of_openness() const {
    const bool is_signed = std::all_of(routes_.begin(), routes_.end(), [](const Route& route) {
        return !route.secret.empty();
    });
    const bool known = !settings_.token_file.empty() || !settings_.user.empty() || is_signed;
    const bool hidden = !settings_.cert_file.empty();
    if (devices::nearness_of_listener(settings_.listen) == devices::Nearness::box ||
        (known && hidden)) {
        return;
    }
    host_.log(
        log::Level::warn,
        fmt::format(
            "{} is reachable from the network{}{}",
            settings_.listen,
            known ? "" : ": anybody there can push (token_file, user, hmac_file)",
            hidden ? "" : ": without TLS anybody there can read along (cert_file, key_file)"
        )
    );
}

PushRun::Route* PushRun::route_of(const std::string& path) {
    Route* best = nullptr;
    std::size_t fit = 0;
    for (Route& route : routes_) {
        const std::size_t here = path_fit(route.kind.settings->path, path);
        if (here > fit) {
            best = &route;
            fit = here;
        }
    }
    return best;
}

bool PushRun::is_signed_well(const HttpRequest& request, const Route& route) {
    const PushRoute& settings = *route.kind.settings;
    return route.secret.empty() || devices::hmac_sha256_matches(
                                       route.secret,
                                       {settings.hmac_prefix, request.body},
                                       request.header(devices::lower(settings.hmac_header))
                                   );
}

// The status to refuse it with; 0: none.
int PushRun::refusal(const HttpRequest& request, const Route* route) const {
    if (request.method != "POST" && request.method != "PUT") {
        return 405;
    }
    if (route == nullptr) {
        return 404;
    }
    if (!is_signed_well(request, *route)) {
        return 401;
    }
    return is_encoded(request) ? 415 : 0;
}

void PushRun::take(const HttpRequest& request, const Answer& answer) {
    Route* const route = route_of(request.path);
    if (const int status = refusal(request, route); status != 0) {
        tally_.refused(status, request.peer);
        answer(refusal_answer(status));
        return;
    }
    const Result<std::vector<Report>> reports = read_push(*route->kind.reader, request);
    if (!reports) {
        route->intake->bad_message(route->kind.settings->path, reports.error());
        reply(answer, {400, reports.error().message, {}});
        return;
    }
    if (const Status taken = take_reports(*route, *reports); !taken) {
        reply(answer, busy(taken));
        return;
    }
    commit_soon(answer);
}

Status PushRun::take_reports(Route& route, const std::vector<Report>& reports) {
    for (const Report& report : reports) {
        if (Status taken = route.intake->take(report); !taken) {
            return taken;
        }
    }
    return {};
}

void PushRun::reply(const Answer& answer, HttpAnswer with) {
    tally_.answered(with.status);
    answer(std::move(with));
}

// All requests of one turn of the loop share a commit.
void PushRun::commit_soon(const Answer& answer) {
    waiting_.push_back(answer);
    if (!committing_) {
        committing_ = true;
        turn_ = host_.loop().after(std::chrono::milliseconds(0), [this] { commit_all(); });
    }
}

void PushRun::commit_all() {
    host_.commit([here = std::weak_ptr(here_),
                  answers = std::exchange(waiting_, {})](const Status& status) {
        if (const auto run = here.lock()) {
            (*run)->committed(answers, status);
        }
    });
}

void PushRun::committed(const std::vector<Answer>& answers, const Status& status) {
    for (const Answer& answer : answers) {
        reply(answer, status ? HttpAnswer{200, "ok", {}} : busy(status));
    }
    committing_ = !waiting_.empty();
    if (committing_) {
        commit_all();
    }
}

}  // namespace cxedge::plugins
