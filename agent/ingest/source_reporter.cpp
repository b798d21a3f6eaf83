// SPDX-License-Identifier: Apache-2.0
#include "agent/ingest/source_reporter.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::ingest {
namespace {

constexpr std::size_t kMaxSaid = 64;

}  // namespace

SourceReporter::SourceReporter(const SourceSpec& spec, const IngestContext& context)
    : name_(spec.name), plugin_(spec.plugin), context_(context) {}

void SourceReporter::log(log::Level level, std::string_view message) const {
    const std::string component = name_ == plugin_ ? name_ : plugin_ + "/" + name_;
    log::write(level, component, message);
}

void SourceReporter::log_once(log::Level level, std::string_view message) {
    const bool known = std::find(said_.begin(), said_.end(), message) != said_.end();
    if (known || said_.size() >= kMaxSaid) {
        return;
    }
    said_.emplace_back(message);
    log(level, message);
}

void SourceReporter::event(
    std::string_view name, Severity severity, std::string text, std::vector<Dimension> attrs
) {
    Event event;
    event.name = name;
    event.severity = severity;
    event.subject = name_;
    event.text = std::move(text);
    event.attrs = std::move(attrs);
    event.attrs.push_back({"plugin", plugin_});
    context_.sink.accept_event(std::move(event));
}

void SourceReporter::set_problem(std::string_view problem) {
    if (problem == problem_) {
        return;
    }
    problem_ = problem;
    if (problem.empty()) {
        log(log::Level::info, "well again");
        problem_event(EventState::clear, "well again");
        raised_.reset();
        return;
    }
    log(log::Level::warn, problem);
    const EventState state = raised_ ? EventState::update : EventState::raise;
    if (!raised_) {
        raised_ = random_event_id();
    }
    problem_event(state, problem);
}

void SourceReporter::withdraw() {
    if (raised_) {
        problem_event(EventState::clear, "the source was changed or removed");
        raised_.reset();
        problem_.clear();
    }
}

void SourceReporter::problem_event(EventState state, std::string_view text) {
    Event event;
    event.name = "source.degraded";
    event.severity = Severity::minor;
    event.state = state;
    event.id = raised_.value_or(random_event_id());
    event.subject = name_;
    event.text = text;
    event.attrs = {{"plugin", plugin_}};
    context_.sink.accept_event(std::move(event));
}

}  // namespace cxedge::ingest
