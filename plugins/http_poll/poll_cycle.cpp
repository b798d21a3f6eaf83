// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/poll_cycle.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kLargestBody = 262'144;
// The first request waits no longer, however seldom it is asked.
constexpr std::chrono::milliseconds kLongestPhase{10'000};

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

// Sources that ask with the same pace do not all ask at once; the same after a restart.
std::chrono::milliseconds phase_of(const Host& host, const PollTarget& target) {
    const auto span = static_cast<std::uint64_t>(std::min(target.interval, kLongestPhase).count());
    const std::uint64_t hash = devices::key_of(std::string(host.source_name()) + '\n' + target.url);
    return std::chrono::milliseconds(static_cast<std::int64_t>(hash % span));
}

}  // namespace

Result<devices::HttpCall> call_of(const PollTarget& target, WallTime now) {
    devices::HttpCall call;
    call.access = target;
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
    : host_(host), client_(client), target_(target), desk_(std::move(desk)) {
    first_ = host.loop().after(phase_of(host, target), [this] {
        timer_ = host_.loop().every(target_.interval, [this] { tick(); });
        tick();
    });
}

void PollCycle::tick() {
    if (task_) {  // still waits: not a second one beside it
        desk_.count(Outcome::skipped);
        return;
    }
    Result<devices::HttpCall> call = call_of(target_, host_.clock().wall_now());
    if (!call) {
        desk_.failed(call.error().message);
        return;
    }
    task_ = client_.ask(std::move(*call), [this](const Result<devices::HttpReply>& reply) {
        done(reply);
    });
}

void PollCycle::done(const Result<devices::HttpReply>& reply) {
    task_ = devices::HttpTask();
    if (reply) {
        desk_.take(devices::bare_content_type(reply->content_type), reply->body);
    } else {
        desk_.failed(reply.error().message);
    }
}

}  // namespace cxedge::plugins
