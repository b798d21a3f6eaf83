// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/push.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/ctl/terminal.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

// Retained reports of a whole group come within this.
constexpr std::chrono::milliseconds kGather{2000};
constexpr double kBesidesTrial = 60;

std::chrono::milliseconds patience_of(const PushOptions& options) {
    const double seconds = options.wait_s > 0
                               ? options.wait_s
                               : static_cast<double>(options.document.trial_s) + kBesidesTrial;
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

Push::Push(const PushOptions& options, RolloutPlan plan, wire::Desired desired, Parts parts)
    : options_(options),
      plan_(std::move(plan)),
      desired_(std::move(desired)),
      parts_(std::move(parts)),
      begin_at_(parts_.clock.steady_now()) {
    if (!desired_.group.empty()) {
        begin_at_ += kGather;
    }
}

std::string Push::topic() const {
    return desired_.group.empty()
               ? wire::Topics(desired_.tenant, options_.site, desired_.node).twin_desired()
               : wire::group_desired_topic(desired_.tenant, desired_.group);
}

std::string Push::filter() const {
    return desired_.group.empty()
               ? wire::Topics(desired_.tenant, options_.site, desired_.node).twin_reported()
               : "cx/1/" + desired_.tenant + "/+/+/twin/reported";
}

bool Push::is_meant(const std::string& name, const wire::Reported& reported) const {
    const auto& groups = reported.groups;
    return desired_.group.empty() ? name == options_.site + "/" + desired_.node
                                  : std::count(groups.begin(), groups.end(), desired_.group) != 0;
}

void Push::hear(const std::string& topic, std::string_view payload) {
    const auto parts = wire::parse_topic(topic);
    if (!parts || parts->rest != "twin/reported") {
        return;
    }
    auto reported = wire::decode_reported(payload);
    const std::string name = parts->site + "/" + parts->node;
    if (!reported || !is_meant(name, *reported)) {
        return;
    }
    if (!generations_.empty()) {
        parts_.say(reported_line(name, *reported, options_.json));
    }
    fleet_[name] = std::move(*reported);
}

bool Push::begin_stage() {
    desired_.percent = plan_.stages.at(stage_);
    if (!generations_.empty()) {
        desired_.generation = generations_.back() + 1;
    }
    const auto sealed = sign_desired(options_.document, desired_);
    if (!sealed) {
        return end(exit_code_of(sealed.error()), sealed.error().message);
    }
    generations_.push_back(desired_.generation);
    patient_until_ = parts_.clock.steady_now() + patience_of(options_);
    note(fmt::format("{} %: generation {}", desired_.percent, desired_.generation));
    parts_.publish(topic(), *sealed);
    return true;
}

bool Push::end(ExitCode result, const std::string& why) {
    result_ = result;
    note(why);
    return false;
}

bool Push::turn() {
    const SteadyTime now = parts_.clock.steady_now();
    if (generations_.empty()) {
        return now < begin_at_ || begin_stage();
    }
    StageCount count = count_stage(fleet_, plan_.stages.at(stage_), generations_);
    if (desired_.group.empty()) {
        // A single node is meant whatever its bucket, and before it has said anything.
        count = count_stage(fleet_, 100, generations_);
        count.nodes = std::max<std::size_t>(count.nodes, 1);
    }
    const std::string totals = fmt::format(
        "{} nodes: {} confirmed, {} failed, {} silent",
        count.nodes,
        count.confirmed,
        count.failed,
        count.pending()
    );
    switch (next_step(plan_, stage_, count, now < patient_until_)) {
        case RolloutStep::wait:
            return true;
        case RolloutStep::next_stage:
            ++stage_;
            return begin_stage();
        case RolloutStep::abort:
            // Who has not seen it yet shall not.
            parts_.publish(topic(), "");
            return end(
                count.failed > 0 ? ExitCode::failed : ExitCode::unavailable, "stopped, " + totals
            );
        case RolloutStep::done:
            break;
    }
    return end(ExitCode::ok, totals);
}

}  // namespace cxedge::ctl
