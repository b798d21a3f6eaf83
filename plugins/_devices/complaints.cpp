// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/complaints.hpp"

#include <utility>

#include "agent/base/printable.hpp"

namespace cxedge::devices {
namespace {

constexpr std::chrono::hours kAgain{1};
// Kinds of complaint that are said in an hour.
constexpr std::size_t kMostKinds = 256;
constexpr std::size_t kLongestPlace = 120;

// "/records/17/value" and "/records/18/value" are one kind.
std::string without_numbers(std::string_view where) {
    std::string out;
    for (const char c : where.substr(0, kLongestPlace)) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit) {
            out += c >= ' ' && c <= '~' ? c : '?';
        } else if (out.empty() || out.back() != '#') {
            out += '#';
        }
    }
    return out;
}

}  // namespace

void Complaints::bad_element(
    std::string_view device, std::string_view where, std::string_view what
) {
    count();
    say("device.bad_element", device, where, std::string(what));
}

void Complaints::bad_message(std::string_view where, std::string_view what) {
    count();
    say("device.bad_message", host_.source_name(), where, std::string(what));
}

void Complaints::count() {
    if (!bad_) {
        const SeriesInfo info{
            {"device.bad_elements", {{"source", std::string(host_.source_name())}}},
            Kind::delta,
            {},
            {},
            0};
        const Result<SeriesId> id = host_.declare(info);
        if (!id) {
            return;  // the host has said so
        }
        bad_ = *id;
    }
    static_cast<void>(host_.emit(*bad_, 1));
}

void Complaints::say(
    const char* name, std::string_view subject, std::string_view where, std::string what
) {
    const SteadyTime now = host_.clock().steady_now();
    std::string kind = std::string(name) + '\n' + std::string(subject) + '\n' +
                       without_numbers(where) + '\n' + what;
    const auto said = said_.find(kind);
    if (said != said_.end() && now - said->second < kAgain) {
        return;
    }
    if (said_.size() >= kMostKinds) {
        std::erase_if(said_, [&](const auto& each) { return now - each.second >= kAgain; });
    }
    if (said_.size() >= kMostKinds) {
        return;  // counted; so many kinds in an hour are a flood
    }
    said_[std::move(kind)] = now;
    Event event;
    event.name = name;
    event.severity = Severity::warning;
    event.subject = subject;
    event.text = where.empty() ? std::move(what) : printable(where, kLongestPlace) + ": " + what;
    event.attrs = {{"source", std::string(host_.source_name())}};
    host_.log(log::Level::warn, event.name + ": " + event.text);
    host_.emit_event(std::move(event));
}

}  // namespace cxedge::devices
