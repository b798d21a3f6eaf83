// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/stream_cycle.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};
constexpr std::size_t kKib = 1024;

// A part that only says that the stream lives.
bool is_heartbeat(std::string_view body) {
    const std::string text = devices::lower(devices::trimmed(body));
    return text.empty() || text == "heartbeat";
}

}  // namespace

StreamCycle::StreamCycle(
    Host& host, devices::HttpClient& client, PollTarget target, TargetDesk desk
)
    : host_(host), client_(client), target_(std::move(target)), desk_(std::move(desk)) {
    connect();
}

void StreamCycle::connect() {
    Result<devices::HttpCall> call = call_of(target_, host_.clock().wall_now());
    if (!call) {
        lost(call.error().message);
        return;
    }
    splitter_.reset();
    has_parts_ = false;
    arm_silence();
    task_ = client_.listen(
        std::move(*call),
        [this](std::string_view type, std::string_view bytes) { bytes_came(type, bytes); },
        [this](const Status& end) { ended(end); }
    );
}

// Whole parts count, not bytes: a stream that drips says nothing.
void StreamCycle::arm_silence() {
    silence_ = host_.loop().after(target_.silence, [this] { silent(); });
}

void StreamCycle::bytes_came(std::string_view content_type, std::string_view bytes) {
    if (!splitter_) {
        begin(content_type);
    }
    if (!splitter_ || bytes.empty()) {
        return;
    }
    splitter_->feed(bytes);
    tell_skipped();
}

void StreamCycle::begin(std::string_view content_type) {
    const std::optional<std::string> boundary = devices::multipart_boundary(content_type);
    if (!boundary) {
        lost(desk_.naming().target + ": what it sends is not a multipart stream");
        return;
    }
    const std::size_t longest = static_cast<std::size_t>(target_.max_body_kib) * kKib;
    splitter_.emplace(
        *boundary,
        devices::MultipartSplitter::Limits{longest, true},
        [this](const devices::MultipartPart& part) { part_came(part); }
    );
    if (!was_silent_) {  // else it must say something first
        desk_.heard();
    }
}

void StreamCycle::part_came(const devices::MultipartPart& part) {
    has_parts_ = true;
    was_silent_ = false;
    backoff_ = kFirstPause;
    arm_silence();
    if (is_heartbeat(part.body)) {
        desk_.heard();
    } else {
        desk_.take(part.content_type, part.body);
    }
}

void StreamCycle::tell_skipped() {
    const auto skipped = splitter_->take_skipped();
    if (skipped.pictures > 0) {
        arm_silence();
        desk_.passed_over(skipped.pictures);
    }
    for (std::uint64_t i = 0; i < skipped.oversized; ++i) {
        desk_.complain("a part is larger than max_body_kib");
    }
    for (std::uint64_t i = 0; i < skipped.malformed; ++i) {
        desk_.complain("a part's head has no end");
    }
}

void StreamCycle::ended(const Status& end) {
    const std::string& who = desk_.naming().target;
    if (!has_parts_) {
        lost(end ? who + ": the stream ended before it said anything" : end.error().message);
        return;
    }
    // Many devices do so all the time: not worth an alarm as long as they take us back.
    host_.log(
        log::Level::info,
        (end ? who + ": the stream ended" : end.error().message) + "; again in 1 s"
    );
    desk_.count(Outcome::dropped);
    connect_later();
}

void StreamCycle::silent() {
    was_silent_ = true;
    lost(desk_.naming().target + ": says nothing any more");
}

void StreamCycle::lost(const std::string& why) {
    desk_.failed(why);
    connect_later();
}

void StreamCycle::connect_later() {
    task_ = devices::HttpTask();
    silence_ = LoopHandle();
    retry_ = host_.loop().after(backoff_, [this] { connect(); });
    backoff_ = std::min(2 * backoff_, kLongestPause);
}

}  // namespace cxedge::plugins
