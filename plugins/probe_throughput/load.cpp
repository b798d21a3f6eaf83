// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/load.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins::throughput {
namespace {

// What an upload has moved is only seen by looking.
constexpr std::chrono::milliseconds kLook{5};
// For what a server says when it has all of an upload.
constexpr std::chrono::seconds kAnswerPatience{2};
// Of what is on its way: rates and round trips of a moment are estimates.
constexpr double kOnTheWayReserve = 1.5;
// Of the bytes of a budget; the rest is for headers, acknowledgements and what is sent again.
constexpr double kBodies = 0.9;

FlowEnd stalled_end() {
    return {probes::ProbeResult::timeout, "transfer", "nothing moves any more"};
}

}  // namespace

Load::Load(const probes::ProbeContext& context, const LoadRules& rules)
    : context_(context), rules_(rules), rate_(rules.rate) {}

void Load::begin(std::size_t streams, const MakeFlow& make, Done done) {
    done_ = std::move(done);
    began_ = context_.clock.steady_now();
    left_ = context_.meter.bytes_left();
    used_then_ = context_.meter.used().bytes;
    for (std::size_t i = 0; i < streams; ++i) {
        flows_.push_back(make(
            {[this](std::uint64_t bytes) { return came(bytes); },
             [this](FlowEnd end) { flow_ended(std::move(end)); },
             [this] { return may_bring(); },
             {}}
        ));
    }
    idle_ = streams;
    ticks_ = context_.loop.every(kLook, [this] { look(); });
    for (const auto& flow : flows_) {
        flow->begin();
    }
}

// What the budget leaves and nobody was promised yet, for one of those that have not begun.
std::optional<std::uint64_t> Load::may_bring() {
    const auto left = context_.meter.bytes_left();
    if (!left) {
        return std::nullopt;
    }
    const auto bodies = static_cast<std::uint64_t>(static_cast<double>(*left) * kBodies);
    const std::uint64_t promised = promised_to_all();
    const std::uint64_t among = std::max<std::size_t>(idle_, 1);
    idle_ -= std::min<std::size_t>(idle_, 1);
    return (bodies - std::min(bodies, promised)) / among;
}

std::uint64_t Load::promised_to_all() const {
    std::uint64_t total = 0;
    for (const auto& flow : flows_) {
        total += flow->promised();
    }
    return total;
}

double Load::now_s() const {
    return std::chrono::duration<double>(context_.clock.steady_now() - began_).count();
}

std::uint64_t Load::moved() const {
    std::uint64_t total = 0;
    for (const auto& flow : flows_) {
        total += flow->moved();
    }
    return total;
}

// Of any stream; in the middle of its work.
bool Load::came(std::uint64_t bytes) {
    came_ += bytes;
    if (!over_) {
        rate_.add(now_s(), came_);
    }
    if (came_ >= rules_.max_bytes) {
        stop_soon({}, "bytes");
    }
    return !over_;
}

void Load::look() {
    if (over_) {
        return;
    }
    const std::uint64_t total = moved();
    rate_.add(now_s(), total);
    look_at_arrivals();
    if (total >= rules_.max_bytes) {
        all_moved();
    } else if (rate_.elapsed_s() >= rules_.max_s) {
        stop_soon(rate_.stalled() ? stalled_end() : FlowEnd(), "time");
    } else if (rules_.early_stop && rate_.stable()) {
        stop_soon({}, "a steady rate");
    } else {
        mind_budget();
    }
}

void Load::look_at_arrivals() {
    std::uint64_t total = 0;
    for (const auto& flow : flows_) {
        const auto arrived = flow->arrived();
        if (!arrived) {
            return;  // between two requests, or not connected
        }
        total += *arrived;
    }
    rate_.came_in(now_s(), total);
}

// What has left the server comes, and is on the bill, whether we close the connection or not.
std::uint64_t Load::on_the_way() const {
    double longest_s = 0;
    for (const auto& flow : flows_) {
        longest_s = std::max(longest_s, flow->round_trip_s());
    }
    return static_cast<std::uint64_t>(rate_.latest() * longest_s * kOnTheWayReserve);
}

void Load::mind_budget() {
    if (left_ && *left_ <= context_.meter.used().bytes - used_then_ + on_the_way()) {
        stop_soon({probes::ProbeResult::capped, "", "the budget for tests is spent"}, "the budget");
    }
}

// The rate is known. That it was the right server, which liked it, is not until it says so.
void Load::all_moved() {
    const auto is_answered = [](const auto& flow) {
        return flow->is_answered();
    };
    if (std::none_of(flows_.begin(), flows_.end(), is_answered)) {
        stop_soon({}, "bytes");
        return;
    }
    ticks_.cancel();
    answer_ = context_.loop.after(kAnswerPatience, [this] { stop_soon({}, "bytes"); });
}

// A stream that has moved its share leaves the line to the others: what they do then is no rate of
// all streams.
void Load::flow_ended(FlowEnd end) {
    if (over_) {
        return;
    }
    if (!answer_) {
        rate_.add(now_s(), moved());
    }
    stop_soon(std::move(end), "bytes");
}

void Load::stop_soon(FlowEnd end, std::string by) {
    if (std::exchange(over_, true)) {
        return;
    }
    outcome_.end = std::move(end);
    outcome_.stopped_by = std::move(by);
    ticks_.cancel();
    answer_.cancel();
    later_ = context_.loop.after(std::chrono::milliseconds(0), [this] { tell(); });
}

void Load::tell() {
    outcome_.bytes = moved();
    // Over the limit: the next test will know.
    static_cast<void>(context_.meter.spend_stream(on_the_way()));
    for (const auto& flow : flows_) {
        outcome_.retransmits += flow->retransmits();
        outcome_.address = outcome_.address.empty() ? flow->address() : outcome_.address;
    }
    flows_.clear();
    outcome_.counted = rate_.counted();
    const Done done = std::exchange(done_, nullptr);
    done(std::move(outcome_));
}

}  // namespace cxedge::plugins::throughput
