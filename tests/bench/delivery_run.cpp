// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/delivery_run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "tests/bench/arrivals.hpp"

namespace cxedge::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr unsigned kSmallDiskMib = 64;
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kQuiet{15};
// Around an event: samples near it say nothing about the steady state.
constexpr std::int64_t kAroundNs = 3'000'000'000;

std::int64_t ns_of(SteadyClock::time_point time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

double ms_between(std::int64_t from_ns, std::int64_t to_ns) {
    constexpr double kNsPerMs = 1e6;
    return static_cast<double>(to_ns - from_ns) / kNsPerMs;
}

}  // namespace

DeliveryRun::DeliveryRun(DeliveryPlan plan, Candidate& candidate)
    : plan_(std::move(plan)), candidate_(candidate), runtime_("/dev/shm") {
    wire_ = Wire::make(std::chrono::milliseconds(plan_.delay_ms), figures_.no_wire);
    if (!wire_ && plan_.delay_ms > 0) {
        throw std::runtime_error("a delay needs a network of its own: " + figures_.no_wire);
    }
    at_.state = disk_.path().string();
    if (plan_.full_disk) {
        small_disk_ = std::make_unique<test::SmallDisk>(kSmallDiskMib);
        if (small_disk_->path().empty()) {
            throw std::runtime_error("a disk to be filled needs the right to mount a tmpfs");
        }
        at_.state = small_disk_->path();
    }
    at_.runtime = runtime_.path().string();
    const auto place = [this](const std::function<void()>& task) {
        wire_ ? wire_->over_there(task) : task();
    };
    far_end_ = candidate_.make_far_end(
        {place, wire_ ? Wire::far_address() : std::string()}, plan_.samples()
    );
    figures_.delivers = far_end_ != nullptr;
    if (far_end_) {
        at_.far_host = far_end_->host();
        at_.far_port = far_end_->port();
    }
    figures_.old = candidate_.make_backlog(at_);
    start_agent();
}

void DeliveryRun::start_agent() {
    agent_ = std::make_unique<test::Process>(candidate_.prepare(at_));
    base_ = {};
    const auto ready = candidate_.ready_line();
    if (!ready) {
        return;
    }
    std::string said;
    const auto line = agent_->line_where(
        [&](const std::string& text) {
            said += text + "\n";
            return ready(text);
        },
        kPatience
    );
    if (!line) {
        throw std::runtime_error(candidate_.name() + " did not start: " + said);
    }
}

void DeliveryRun::start_feeding() {
    if (plan_.offline) {
        far_end_->stop();
    }
    begin_ = SteadyClock::now();
    if (const std::uint16_t port = candidate_.statsd_port(); port != 0) {
        statsd_ = std::make_unique<StatsdFeeder>(port, kMetric, plan_.rate, plan_.samples());
        return;
    }
    test::KpiFeed feed = candidate_.feed(at_);
    feed.rate = plan_.rate;
    feed.samples = plan_.samples();
    feed.strict = plan_.strict;
    feed.burst = std::chrono::milliseconds(plan_.burst_ms);
    kpi_ = std::make_unique<test::KpiFeeder>(feed);
}

// Start-up and the definition of the series are not what a sample costs.
void DeliveryRun::begin_measuring() {
    sleep_until(DeliveryPlan::kWarmUp);
    if (plan_.trace_files) {
        begin_trace();
    }
    base_ = usage_of(agent_->pid());
    figures_.state_growth = -static_cast<std::int64_t>(bytes_in(at_.state));
    if (wire_) {
        figures_.wire = wire_->count();
    }
    figures_.measured = written();
}

void DeliveryRun::begin_trace() {
    strace_ = std::make_unique<test::Process>(std::vector<std::string>{
        "strace",
        "-f",
        "-p",
        std::to_string(agent_->pid()),
        "-e",
        "trace=pwrite64,fsync,fdatasync",
        "-o",
        runtime_.file("strace")});
    if (!strace_->line_with("attached", kPatience)) {
        throw std::runtime_error("strace does not attach to cxedged");
    }
}

void DeliveryRun::end_trace() {
    strace_->signal(SIGINT);
    strace_->rest(kPatience);
    strace_->wait(kPatience);
    std::ifstream file(runtime_.file("strace"));
    for (std::string line; std::getline(file, line);) {
        // A call that another thread interrupted takes two lines: name( and "resumed) = result".
        const std::size_t result = line.rfind(" = ");
        if (line.find("pwrite64") != std::string::npos && result != std::string::npos) {
            figures_.files.bytes +=
                static_cast<std::uint64_t>(std::max(0L, std::atol(line.c_str() + result + 3)));
        }
        figures_.files.syncs += line.find("sync(") != std::string::npos ? 1U : 0U;
    }
}

DeliveryFigures DeliveryRun::run() {
    start_feeding();
    begin_measuring();
    trouble();
    end_feeding();
    await_arrivals();
    if (far_end_) {
        far_end_->finish();
    }
    count(figures_);
    measure_latency();
    measure_return();
    measure_old();
    return std::move(figures_);
}

void DeliveryRun::sleep_until(double s) const {
    std::this_thread::sleep_until(
        begin_ + std::chrono::duration_cast<SteadyClock::duration>(Seconds(s))
    );
}

// A kill with the broker up after a quarter, the rest from the middle on.
void DeliveryRun::trouble() {
    constexpr double kQuarter = 0.25;
    constexpr double kHalf = 0.5;
    if (plan_.kill) {
        sleep_until(DeliveryPlan::kWarmUp + plan_.seconds * kQuarter);
        kill_agent();
    }
    sleep_until(DeliveryPlan::kWarmUp + plan_.seconds * kHalf);
    if (plan_.outage_s > 0) {
        outage();
    }
    if (plan_.freeze_s > 0) {
        freeze();
    }
    sleep_until(plan_.feeding_s());
}

void DeliveryRun::kill_agent() {
    const std::int64_t from = now_ns();
    add_usage();
    agent_->signal(SIGKILL);
    agent_->wait(kPatience);
    start_agent();
    troubles_.push_back({from, now_ns()});
}

void DeliveryRun::outage() {
    const std::int64_t from = now_ns();
    const auto end = SteadyClock::now() + Seconds(plan_.outage_s);
    far_end_->stop();
    if (small_disk_) {
        constexpr int kEarly = 6;  // something of the outage is on the disk
        std::this_thread::sleep_for(Seconds(plan_.outage_s / kEarly));
        small_disk_->fill();
    }
    if (plan_.kill) {
        std::this_thread::sleep_for(Seconds(plan_.outage_s / 2));
        kill_agent();
    }
    std::this_thread::sleep_until(std::chrono::time_point_cast<SteadyClock::duration>(end));
    if (small_disk_) {
        small_disk_->clear();
    }
    far_end_->start();
    returned_ns_ = now_ns();
    troubles_.push_back({from, returned_ns_});
}

void DeliveryRun::freeze() {
    const std::int64_t from = now_ns();
    far_end_->pause();
    std::this_thread::sleep_for(Seconds(plan_.freeze_s));
    far_end_->resume();
    returned_ns_ = now_ns();
    troubles_.push_back({from, returned_ns_});
}

void DeliveryRun::add_usage() {
    const Usage now = usage_of(agent_->pid());
    figures_.cpu_user_s += now.user_s - base_.user_s;
    figures_.cpu_system_s += now.system_s - base_.system_s;
    figures_.wakeups += now.wakeups - base_.wakeups;
    figures_.written_bytes += now.write_bytes - base_.write_bytes;
    figures_.peak_mib = std::max(figures_.peak_mib, now.peak_mib);
    figures_.end_mib = now.rss_mib;
}

std::size_t DeliveryRun::written() const {
    return kpi_ ? kpi_->written() : statsd_->written();
}

const std::vector<test::KpiSent>& DeliveryRun::sent() const {
    return kpi_ ? kpi_->sent() : statsd_->sent();
}

void DeliveryRun::end_feeding() {
    if (plan_.trace_files) {
        end_trace();
    }
    if (plan_.offline) {
        far_end_->start();
    }
    if (kpi_) {
        kpi_->finish(kPatience);
        figures_.refusals = kpi_->refusals();
    } else {
        statsd_->finish();
    }
}

// Some lose: waits until nothing came for a while.
void DeliveryRun::await(std::size_t wanted) const {
    std::size_t seen = 0;
    auto end = SteadyClock::now() + kQuiet;
    const auto* const mqtt = dynamic_cast<const MqttFarEnd*>(far_end_.get());
    wanted += figures_.old.samples;
    while (far_end_ && seen < wanted && SteadyClock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        const std::size_t old = mqtt == nullptr ? 0 : mqtt->backlog().received();
        const std::size_t now = far_end_->received() + old;
        end = now > seen ? SteadyClock::now() + kQuiet : end;
        seen = now;
    }
}

// Everything acknowledged, or nothing more for a while; then a second for what comes twice.
void DeliveryRun::await_arrivals() {
    std::size_t wanted = 0;
    for (const test::KpiSent& sample : sent()) {
        wanted += sample.ok_ns != 0 ? 1U : 0U;
    }
    await(wanted);
    std::this_thread::sleep_for(Seconds(1));
    add_usage();
    if (wire_) {
        const WireCount now = wire_->count();
        figures_.wire =
            WireCount{now.packets - figures_.wire->packets, now.bytes - figures_.wire->bytes};
    }
    figures_.state_growth += static_cast<std::int64_t>(bytes_in(at_.state));
}

void DeliveryRun::count(DeliveryFigures& figures) const {
    figures.sent = written();
    figures.measured = figures.sent - figures.measured;
    for (const test::KpiSent& sample : sent()) {
        figures.acknowledged += sample.ok_ns != 0 ? 1U : 0U;
    }
    if (!far_end_) {
        return;
    }
    if (const auto* const mqtt = dynamic_cast<const MqttFarEnd*>(far_end_.get())) {
        figures.totals = mqtt->totals();
    }
    for (std::size_t i = 0; i < sent().size(); ++i) {
        const test::KpiSent& sample = sent()[i];
        const Arrived& arrived = far_end_->arrived()[i];
        const bool twice = arrived.times > 1;
        figures.received += arrived.times > 0 ? 1U : 0U;
        figures.lost += sample.ok_ns != 0 && arrived.times == 0 ? 1U : 0U;
        figures.duplicates += twice && !sample.repeated ? 1U : 0U;
        figures.sent_twice += twice && sample.repeated ? 1U : 0U;
    }
}

bool DeliveryRun::troubled(std::int64_t at_ns) const {
    return std::any_of(troubles_.begin(), troubles_.end(), [&](const Span& span) {
        return at_ns > span.from_ns - kAroundNs && at_ns < span.to_ns + kAroundNs;
    });
}

void DeliveryRun::measure_latency() {
    const std::int64_t begin =
        ns_of(begin_) + static_cast<std::int64_t>(DeliveryPlan::kWarmUp * 1e9);
    for (std::size_t i = 0; far_end_ && i < sent().size(); ++i) {
        const test::KpiSent& sample = sent()[i];
        const Arrived& arrived = far_end_->arrived()[i];
        if (arrived.times == 0 || sample.first_ns < begin || troubled(sample.first_ns)) {
            continue;
        }
        figures_.latency_ms.push_back(ms_between(sample.first_ns, arrived.first_ns));
        figures_.answer_ms.push_back(ms_between(sample.first_ns, sample.ok_ns));
    }
    std::sort(figures_.latency_ms.begin(), figures_.latency_ms.end());
    std::sort(figures_.answer_ms.begin(), figures_.answer_ms.end());
}

// The backlog: what was sent before the broker came back and arrived after it.
void DeliveryRun::measure_return() {
    std::int64_t first = 0;
    std::int64_t last = 0;
    for (std::size_t i = 0; i < sent().size() && returned_ns_ != 0; ++i) {
        const std::int64_t arrived = far_end_->arrived()[i].first_ns;
        if (arrived < returned_ns_) {
            continue;
        }
        first = first == 0 ? arrived : std::min(first, arrived);
        if (sent()[i].first_ns < returned_ns_) {
            ++figures_.backlog;
            last = std::max(last, arrived);
        }
    }
    if (first != 0) {
        constexpr double kMsPerS = 1000;
        figures_.first_message_s = ms_between(returned_ns_, first) / kMsPerS;
        figures_.backlog_s = std::max(0.0, ms_between(first, last) / kMsPerS);
    }
}

void DeliveryRun::measure_old() {
    const auto* const mqtt = dynamic_cast<const MqttFarEnd*>(far_end_.get());
    if (mqtt == nullptr || figures_.old.samples == 0) {
        return;
    }
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    std::int64_t last = 0;
    for (const Arrived& arrived : mqtt->backlog().all()) {
        figures_.old_received += arrived.times > 0 ? 1U : 0U;
        figures_.old_twice += arrived.times > 1 ? 1U : 0U;
        first = arrived.times > 0 ? std::min(first, arrived.first_ns) : first;
        last = std::max(last, arrived.first_ns);
    }
    constexpr double kMsPerS = 1000;
    figures_.old_s = std::max(0.0, ms_between(first, last) / kMsPerS);
    figures_.old_late = last > ns_of(begin_) + static_cast<std::int64_t>(plan_.feeding_s() * 1e9);
}

}  // namespace cxedge::bench
