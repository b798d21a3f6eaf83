// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/push.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/ctl/twin/reported_text.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {
namespace {

// Retained reports come at once; of a large group one after the other.
constexpr std::chrono::milliseconds kGather{2000};
constexpr std::chrono::milliseconds kGatherOn{500};
constexpr std::chrono::milliseconds kProgressEvery{2000};
constexpr double kBesidesTrial = 60;
constexpr std::size_t kFailuresTold = 10;

std::chrono::milliseconds patience_of(const PushOptions& options) {
    const double seconds = options.wait_s > 0
                               ? options.wait_s
                               : static_cast<double>(options.document.trial_s) + kBesidesTrial;
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// "site/node"
std::pair<std::string, std::string> split_name(const std::string& name) {
    const std::size_t slash = name.find('/');
    return slash == std::string::npos ? std::pair<std::string, std::string>{}
                                      : std::pair{name.substr(0, slash), name.substr(slash + 1)};
}

}  // namespace

Result<RolloutPlan> rollout_plan(const PushOptions& options) {
    RolloutPlan plan{parse_stages(options.stages), options.abort_percent};
    if (plan.stages.empty()) {
        return invalid_argument("--stages: rising percentages, like 1,10,100");
    }
    if (options.document.group.empty()) {
        plan.stages = {0};
        plan.canary = {options.site + "/" + options.document.node};
    } else if (!options.canary.empty()) {
        plan.stages.insert(plan.stages.begin(), 0);
        plan.canary = {options.canary.begin(), options.canary.end()};
    }
    for (const std::string& name : plan.canary) {
        const auto [site, node] = split_name(name);
        if (!wire::valid_topic_name(site) || !wire::valid_topic_name(node)) {
            return invalid_argument(
                options.document.group.empty() ? "a node needs --site, where it stands"
                                               : "--canary " + name + ": is not site/node"
            );
        }
    }
    return plan;
}

Push::Push(PushOptions options, RolloutPlan plan, wire::Desired desired, Parts parts)
    : options_(std::move(options)),
      plan_(std::move(plan)),
      desired_(std::move(desired)),
      parts_(std::move(parts)),
      begin_at_(parts_.clock.steady_now() + kGather) {}

std::string Push::filter() const {
    return to_group() ? "cx/1/" + desired_.tenant + "/+/+/twin/reported"
                      : wire::Topics(desired_.tenant, options_.site, desired_.node).twin_reported();
}

bool Push::is_meant(const std::string& name, const wire::Reported& reported) const {
    const auto& groups = reported.groups;
    return to_group() ? std::count(groups.begin(), groups.end(), desired_.group) != 0
                      : plan_.canary.count(name) != 0;
}

void Push::hear(const std::string& topic, std::string_view payload) {
    const auto parts = wire::parse_topic(topic);
    if (over_ || !parts || parts->rest != "twin/reported" || payload.empty()) {
        return;  // the result is the last line
    }
    auto reported = wire::decode_reported(payload);
    const std::string name = parts->site + "/" + parts->node;
    if (!reported) {
        parts_.note(name + ": its report cannot be read: " + reported.error().message);
        return;
    }
    if (!is_meant(name, *reported)) {
        return;
    }
    if (generations_.empty() && fleet_.count(name) == 0) {
        begin_at_ = to_group() ? std::max(begin_at_, parts_.clock.steady_now() + kGatherOn)
                               : parts_.clock.steady_now();
    }
    // Of a group people get totals, and at the end the failures.
    if (is_touched(*reported, generations_) && (options_.json || !to_group())) {
        parts_.say(reported_line(name, *reported, options_.json));
    }
    fleet_[name] = std::move(*reported);
}

std::string Push::stage_name() const {
    if (!to_group()) {
        return *plan_.canary.begin();
    }
    const unsigned percent = plan_.stages.at(stage_);
    return percent == 0 ? "canary" : fmt::format("{} %", percent);
}

// ---- what is sent ----

Status Push::publish_to(const std::string& topic, const wire::Desired& desired) {
    auto sealed = sign_desired(options_.document, desired);
    if (!sealed) {
        return sealed.error();
    }
    published_.emplace_back(topic, *sealed);
    parts_.publish(topic, std::move(*sealed));
    return {};
}

// Canaries get it under their own names, the others as part of the group.
Status Push::publish_stage() {
    const unsigned percent = plan_.stages.at(stage_);
    if (percent > 0) {
        desired_.percent = percent;
        return publish_to(wire::group_desired_topic(desired_.tenant, desired_.group), desired_);
    }
    for (const std::string& name : plan_.canary) {
        const auto [site, node] = split_name(name);
        wire::Desired own = desired_;
        own.group.clear();
        own.node = node;
        if (Status sent = publish_to(wire::Topics(own.tenant, site, node).twin_desired(), own);
            !sent) {
            return sent;
        }
    }
    return {};
}

// Who has not seen it yet shall not.
void Push::withdraw() {
    for (const auto& [topic, payload] : std::exchange(published_, {})) {
        parts_.publish(topic, "");
    }
}

// Why who has not seen it may see it yet; empty: nobody will.
std::string Push::not_taken_back() const {
    return parts_.settle()
               ? std::string()
               : "NOT taken back: the broker has not confirmed that, so boxes may still "
                 "get the document";
}

void Push::greet() {
    for (const auto& [topic, payload] : published_) {
        parts_.publish(topic, payload);
    }
}

// Nobody else has changed the node since it said what it runs. Boxes of a group may run different
// configurations, and new ones join: none is demanded of them.
void Push::demand_parent() {
    if (to_group() || !options_.document.parent.empty()) {
        return;
    }
    const auto node = fleet_.find(*plan_.canary.begin());
    if (node == fleet_.end()) {
        parts_.note("it has not said yet what it runs, so no parent is demanded");
        return;
    }
    desired_.parent_hash = node->second.last_good.hash;
    parts_.note("it changes " + version_text(node->second.last_good));
}

// ---- how it goes on ----

bool Push::begin() {
    for (const std::string& name : plan_.canary) {
        if (to_group() && fleet_.count(name) == 0) {
            return end(
                ExitCode::unavailable,
                name + " has not said that it belongs to group " + desired_.group +
                    ": nothing was sent"
            );
        }
    }
    if (to_group() && fleet_.empty()) {
        return end(
            ExitCode::unavailable,
            "no node says that it belongs to group " + desired_.group +
                " ([remote] groups): nothing was sent"
        );
    }
    demand_parent();
    return begin_stage();
}

bool Push::begin_stage() {
    if (!generations_.empty()) {
        desired_.generation = generations_.back() + 1;
        // The group's document replaces itself; a canary's own one has done its work.
        if (plan_.stages.at(stage_ - 1) == 0) {
            withdraw();
        }
        published_.clear();
    }
    if (const Status sent = publish_stage(); !sent) {
        return end(exit_code_of(sent.error()), sent.error().message);
    }
    generations_.push_back(desired_.generation);
    patient_until_ = parts_.clock.steady_now() + patience_of(options_);
    parts_.note(fmt::format(
        "{}: generation {} is out to {} nodes", stage_name(), desired_.generation, count().nodes
    ));
    return true;
}

StageCount Push::count() const {
    StageCount count = count_stage(fleet_, plan_, stage_, generations_);
    if (!to_group()) {
        count.nodes = 1;  // also before it has said anything
    }
    return parts_.clock.steady_now() < patient_until_ ? count : given_up(count);
}

std::size_t Push::untouched() const {
    const auto touched = std::count_if(fleet_.begin(), fleet_.end(), [this](const auto& node) {
        return is_touched(node.second, generations_);
    });
    return fleet_.size() - static_cast<std::size_t>(touched);
}

std::string Push::totals_text(const StageCount& count) const {
    return fmt::format(
        "{}: {} nodes: {} confirmed, {} failed, {} silent",
        stage_name(),
        count.nodes,
        count.confirmed,
        count.failed,
        count.pending()
    );
}

void Push::progress(const StageCount& count) {
    const SteadyTime now = parts_.clock.steady_now();
    if (to_group() && count != told_ && now >= progress_at_) {
        told_ = count;
        progress_at_ = now + kProgressEvery;
        parts_.note(totals_text(count));
    }
}

// How it failed; empty: it did not.
std::string Push::end_of(const wire::Reported& reported) const {
    const wire::TwinOutcome outcome = outcome_at(reported, generations_);
    if (is_failure(outcome)) {
        return fmt::format("{}: {}", to_string(outcome), joined(reported.last_attempt.reasons));
    }
    const bool fell_silent =
        has_begun(reported, generations_) && parts_.clock.steady_now() >= patient_until_;
    return fell_silent ? fmt::format("took it and fell silent ({})", to_string(reported.phase))
                       : std::string();
}

void Push::tell_failures() const {
    std::size_t told = 0;
    for (const auto& [name, reported] : fleet_) {
        const std::string end = end_of(reported);
        if (!end.empty() && told++ < kFailuresTold) {
            parts_.note(fmt::format("{} {}", name, end));
        }
    }
    if (told > kFailuresTold) {
        parts_.note(fmt::format("and {} more; cxctl watch has all", told - kFailuresTold));
    }
}

bool Push::end(ExitCode result, const std::string& what) {
    result_ = result;
    over_ = true;
    parts_.note(what);
    if (options_.json) {
        const StageCount all = generations_.empty() ? StageCount{} : count();
        nlohmann::ordered_json object{
            {"result", what},
            {"status", static_cast<int>(result)},
            {"stage", stage_name()},
            {"nodes", all.nodes},
            {"confirmed", all.confirmed},
            {"failed", all.failed},
            {"silent", all.pending()},
            {"untouched", untouched()},
            {"generations", generations_}};
        parts_.say(json_line_of(object));
    }
    return false;
}

bool Push::turn() {
    const SteadyTime now = parts_.clock.steady_now();
    if (generations_.empty()) {
        return now < begin_at_ || begin();
    }
    const StageCount counted = count();
    switch (next_step(plan_, stage_, counted, now < patient_until_)) {
        case RolloutStep::wait:
            progress(counted);
            return true;
        case RolloutStep::next_stage:
            parts_.note(totals_text(counted));
            ++stage_;
            return begin_stage();
        case RolloutStep::abort:
            return stop(counted);
        case RolloutStep::done:
            break;
    }
    return end(ExitCode::ok, totals_text(counted));
}

bool Push::stop(const StageCount& count) {
    withdraw();
    tell_failures();
    const std::string still_there = not_taken_back();
    const std::string seen =
        to_group() ? fmt::format("; {} others never saw it", untouched()) : std::string();
    const std::string others = still_there.empty() ? seen : "; " + still_there;
    const std::string how = count.failed == 0 ? "nobody answered: see cxctl watch, then push again"
                                              : "mend it and push again, or the same with --retry";
    return end(
        count.failed > 0 ? ExitCode::failed : ExitCode::unavailable,
        fmt::format("stopped, {}{}. To go on: {}", totals_text(count), others, how)
    );
}

void Push::interrupt() {
    if (generations_.empty()) {
        end(ExitCode::unavailable, "interrupted before anything was sent");
        return;
    }
    const std::string so_far = "interrupted, " + totals_text(count());
    if (to_group()) {
        withdraw();
        const std::string still_there = not_taken_back();
        end(ExitCode::unavailable,
            fmt::format(
                "{}; {}. To go on: the same command again, nodes that run it already confirm at "
                "once",
                so_far,
                still_there.empty() ? "taken back from the others" : still_there
            ));
        return;
    }
    const std::string fate = parts_.settle()
                                 ? "the node still gets it. cxctl watch shows what becomes of it"
                                 : "the broker has not confirmed that it has it: push it again";
    end(ExitCode::unavailable, fmt::format("{}; {}", so_far, fate));
}

}  // namespace cxedge::ctl
