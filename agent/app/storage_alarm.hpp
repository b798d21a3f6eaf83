// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/base/ids.hpp"
#include "agent/model/event.hpp"

namespace cxedge::app {

// One event `storage.degraded` from raise to clear, however often storage is asked in between.
// Thread: one.
class StorageAlarm {
public:
    // `subject`: what is not well, "spool" say.
    explicit StorageAlarm(std::string subject) : subject_(std::move(subject)) {}

    // `problem`: empty while storage is well. The event to send, when that has changed.
    std::optional<Event> changed(const std::string& problem) {
        if (problem.empty() == !raised_) {
            return std::nullopt;
        }
        Event event;
        event.name = "storage.degraded";
        event.subject = subject_;
        event.id = raised_.value_or(random_event_id());
        event.severity = problem.empty() ? Severity::info : Severity::major;
        event.state = problem.empty() ? EventState::clear : EventState::raise;
        event.text = problem.empty() ? subject_ + " is well again" : problem;
        raised_ = problem.empty() ? std::nullopt : std::optional(event.id);
        return event;
    }

private:
    std::string subject_;
    std::optional<EventId> raised_;
};

}  // namespace cxedge::app
