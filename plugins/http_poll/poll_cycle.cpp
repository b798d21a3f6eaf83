// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/poll_cycle.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kLargestBody = 262'144;
Result<std::string> body_from(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string body(kLargestBody + 1, '\0');
    file.read(body.data(), static_cast<std::streamsize>(body.size()));
    body.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (file.bad() || !file.eof() || body.empty()) {
        return unavailable(path + " cannot be read, is empty or larger than 256 KiB");
    }
    if (const std::string wrong = check_times(body, false); !wrong.empty()) {
        return invalid_argument(path + ": " + wrong);
    }
    return body;
}

}  // namespace

Result<devices::HttpCall> call_of(const PollTarget& target, WallTime now) {
    devices::HttpCall call;
    const devices::HttpAccess& access = target;
    call.access = access;
    call.method = target.method;
    call.url = fill_in_url(target.url, now, target.period());
    call.silence = target.silence;
    call.body = fill_in(target.body, now, target.period());
    if (!target.body_file.empty()) {
        const Result<std::string> body = body_from(target.body_file);
        if (!body) {
            return body.error();
        }
        call.body = fill_in(*body, now, target.period());
    }
    return call;
}

PollCycle::PollCycle(
    Host& host, devices::HttpClient& client, const PollTarget& target, TargetDesk desk
)
    : host_(host),
      target_(target),
      desk_(std::move(desk)),
      cycle_(
          host,
          client,
          target.interval,
          target.url,
          {[this] { return call_of(target_, host_.clock().wall_now()); },
           [this](const Result<devices::HttpReply>& reply) { done(reply); },
           [this] {
               desk_.count(Outcome::skipped);
           }}
      ) {}

void PollCycle::done(const Result<devices::HttpReply>& reply) {
    if (reply) {
        desk_.take(devices::bare_content_type(reply->content_type), reply->body);
    } else {
        desk_.failed(reply.error().message);
    }
}

}  // namespace cxedge::plugins
