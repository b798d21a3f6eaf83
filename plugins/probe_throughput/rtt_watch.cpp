// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/rtt_watch.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "plugins/probe_icmp/probe_icmp.hpp"

namespace cxedge::plugins::throughput {
namespace {

// Ten a second: two every fifth of it.
constexpr std::chrono::milliseconds kRunEvery{200};
constexpr std::int64_t kPacketsOfRun = 2;
constexpr double kSpacingS = 0.1;
// A queue of more than this is as good as a loss.
constexpr double kLongestRttS = 3;
constexpr std::chrono::milliseconds kRunTimeout{4'000};

SettingsNode node_of(SettingsNode::Table table) {
    SettingsNode node;
    node.value = std::move(table);
    return node;
}

template <class Value>
SettingsMember member(const char* key, Value value) {
    SettingsNode node;
    node.value = std::move(value);
    return {key, std::move(node)};
}

SettingsNode rtt_settings(const probes::ProbeSettings& like) {
    return node_of({
        member("targets", std::string("192.0.2.1")),  // whom: each watch says
        member("interface", like.interface),
        member("family", like.family),
        member("count", kPacketsOfRun),
        member("spacing_s", kSpacingS),
        member("spacing_jitter_s", 0.0),
        member("wait_s", kLongestRttS),
        member("timeout_s", std::chrono::duration<double>(kRunTimeout).count()),
    });
}

}  // namespace

RttProbe make_rtt_probe(const std::string& by, const probes::ProbeSettings& like) {
    RttProbe probe;
    if (by == "icmp") {
        probe = {std::make_unique<ProbeIcmp>(), "net.icmp.rtt"};
    }
    SettingsProblems problems;
    probe.source->init(rtt_settings(like), problems);
    if (!problems.empty()) {
        // Nothing of a user's is in them.
        throw std::logic_error(problems.error().message);
    }
    return probe;
}

RttWatch::RttWatch(RttProbe& probe, std::string host, const probes::ProbeContext& context)
    : probe_(probe), target_{host, host}, context_(context) {
    context_.timeout = kRunTimeout;
}

void RttWatch::begin(std::function<bool()> counts) {
    counts_ = std::move(counts);
    values_.clear();
    ticks_ = context_.loop.every(kRunEvery, [this] {
        close_last();
        start_run();
    });
    start_run();
}

// What has sent all its packets while it counted does count.
void RttWatch::close_last() {
    if (!runs_.empty()) {
        runs_.back()->counts = runs_.back()->counts && counts_();
    }
}

void RttWatch::start_run() {
    std::erase_if(runs_, [](const auto& each) { return each->over; });
    const auto run = std::make_shared<Run>();
    run->run = probe_.source->make_run(target_, context_);
    run->counts = counts_();
    runs_.push_back(run);
    run->run->begin([this, weak = std::weak_ptr(run)](const probes::Finding& finding) {
        if (const auto ended = weak.lock()) {
            take(*ended, finding);
        }
    });
}

void RttWatch::take(Run& run, const probes::Finding& finding) {
    run.over = true;
    for (const probes::Figure& figure : finding.figures) {
        if (run.counts && figure.info.key.metric == probe_.metric) {
            values_.insert(values_.end(), figure.values.begin(), figure.values.end());
        }
    }
}

void RttWatch::end() {
    close_last();
    ticks_.cancel();
}

}  // namespace cxedge::plugins::throughput
