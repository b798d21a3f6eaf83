// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/rtt_watch.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "plugins/probe_icmp/probe_icmp.hpp"
#include "plugins/probe_stamp/probe_stamp.hpp"

namespace cxedge::plugins::throughput {
namespace {

// Ten a second: two every fifth of it.
constexpr std::chrono::milliseconds kRunEvery{200};
constexpr std::int64_t kPacketsOfRun = 2;
using Millis = std::chrono::duration<std::int64_t, std::milli>;
constexpr Millis kSpacing{100};
// A queue of more than this is as good as a loss.
constexpr Millis kLongestRtt{3'000};
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

SettingsNode::Table common_settings(const probes::ProbeSettings& like) {
    return {
        member("targets", std::string("192.0.2.1")),  // whom: each watch says
        member("interface", like.interface),
        member("family", like.family),
        member("count", kPacketsOfRun),
        member("timeout_s", std::chrono::duration<double>(kRunTimeout).count()),
    };
}

RttProbe icmp_probe(const probes::ProbeSettings& like, SettingsProblems& problems) {
    SettingsNode::Table table = common_settings(like);
    table.push_back(member("spacing_s", static_cast<double>(kSpacing.count()) / 1e3));
    table.push_back(member("spacing_jitter_s", 0.0));
    table.push_back(member("wait_s", static_cast<double>(kLongestRtt.count()) / 1e3));
    RttProbe probe{std::make_unique<ProbeIcmp>(), "net.icmp.rtt"};
    probe.source->init(node_of(std::move(table)), problems);
    return probe;
}

RttProbe stamp_probe(const probes::ProbeSettings& like, SettingsProblems& problems) {
    SettingsNode::Table table = common_settings(like);
    table.push_back(member("spacing_ms", kSpacing.count()));
    table.push_back(member("spacing_random", 0.0));
    table.push_back(member("wait_ms", kLongestRtt.count()));
    RttProbe probe{std::make_unique<ProbeStamp>(), "net.udp.rtt"};
    probe.source->init(node_of(std::move(table)), problems);
    return probe;
}

}  // namespace

RttProbe make_rtt_probe(const std::string& by, const probes::ProbeSettings& like) {
    SettingsProblems problems;
    RttProbe probe = by == "stamp" ? stamp_probe(like, problems) : icmp_probe(like, problems);
    if (!problems.empty()) {
        // Nothing of a user's is in them.
        throw std::logic_error(problems.error().message);
    }
    return probe;
}

RttWatch::RttWatch(RttProbe& probe, const std::string& host, probes::ProbeContext context)
    : probe_(probe), target_{host, host}, context_(std::move(context)) {
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
    if (finding.result != probes::ProbeResult::ok) {
        problem_ = finding.detail;
    }
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
