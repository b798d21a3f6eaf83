// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/delivery_run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/core.h>

namespace cxedge::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr const char* kMetric = "bench.load";
constexpr std::uint16_t kFarPort = 1883;  // nobody else is there
constexpr std::chrono::seconds kPatience{60};
// Around an event: samples near it say nothing about the steady state.
constexpr std::int64_t kAroundNs = 3'000'000'000;

std::int64_t ns_of(SteadyClock::time_point time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

std::int64_t now_ns() {
    return ns_of(SteadyClock::now());
}

double ms_between(std::int64_t from_ns, std::int64_t to_ns) {
    constexpr double kNsPerMs = 1e6;
    return static_cast<double>(to_ns - from_ns) / kNsPerMs;
}

}  // namespace

DeliveryRun::DeliveryRun(DeliveryPlan plan) : plan_(std::move(plan)), runtime_("/dev/shm") {
    wire_ = Wire::make(std::chrono::milliseconds(plan_.delay_ms), figures_.no_wire);
    if (!wire_ && plan_.delay_ms > 0) {
        throw std::runtime_error("a delay needs a network of its own: " + figures_.no_wire);
    }
    const auto place = [this](const std::function<void()>& task) {
        wire_ ? wire_->over_there(task) : task();
    };
    place([this] { make_broker(); });
    subscriber_ = std::make_unique<Subscriber>(broker_->port(), kMetric, plan_.samples(), place);
    write_config();
    start_agent();
}

void DeliveryRun::make_broker() {
    test::MosquittoOptions options;
    // The subscriber's session outlives the broker, and queues what comes meanwhile.
    options.persistence = true;
    options.extra = "max_queued_messages 0\nautosave_interval 1\nautosave_on_changes true\n";
    options.extra += wire_ ? fmt::format("listener {} {}\n", kFarPort, Wire::far_address()) : "";
    broker_ = std::make_unique<test::MosquittoServer>(options);
}

void DeliveryRun::write_config() {
    const std::string broker = wire_ ? fmt::format("{}:{}", Wire::far_address(), kFarPort)
                                     : fmt::format("127.0.0.1:{}", broker_->port());
    std::ofstream file(runtime_.file("site.toml"));
    file << "[node]\ntenant = \"t\"\nsite = \"s\"\nid = \"bench\"\n[uplink]\nbroker = \"mqtt://"
         << broker << "\"\n[agent]\ncontrol_socket = \"" << runtime_.file("control.sock")
         << "\"\n[[rule]]\nmatch = \"" << kMetric << "\"\nunit = \"1\"\nkeep = \"raw\"\n";
    if (plan_.via == "statsd") {
        file << "[[source]]\nplugin = \"statsd\"\nlisten = \"127.0.0.1:0\"\n";
    } else {
        file << "[[source]]\nplugin = \"kpi_socket\"\nsocket = \"" << runtime_.file("kpi.sock")
             << "\"\n";
    }
    file << plan_.config << "\n";
}

void DeliveryRun::start_agent() {
    agent_ = std::make_unique<test::Process>(std::vector<std::string>{
        CXEDGED,
        "--config",
        runtime_.file("site.toml"),
        "--state-dir",
        state_.file("state"),
        "--runtime-dir",
        runtime_.path().string()});
    std::string said;
    const auto line = agent_->line_where(
        [&](const std::string& text) {
            said += text + "\n";
            return text.find("listening on") != std::string::npos;
        },
        kPatience
    );
    if (!line) {
        throw std::runtime_error("cxedged did not start: " + said);
    }
    if (plan_.via == "statsd") {
        const std::size_t end = line->find(", receive");
        const std::size_t colon = line->rfind(':', end);
        statsd_port_ = static_cast<std::uint16_t>(std::stoi(line->substr(colon + 1)));
    }
    base_ = {};
}

void DeliveryRun::start_feeding() {
    if (plan_.offline) {
        broker_->stop();
    }
    begin_ = SteadyClock::now();
    if (plan_.via == "statsd") {
        statsd_ =
            std::make_unique<StatsdFeeder>(statsd_port_, kMetric, plan_.rate, plan_.samples());
        return;
    }
    test::KpiFeed feed;
    feed.socket = runtime_.file("kpi.sock");
    feed.series = kMetric;
    feed.rate = plan_.rate;
    feed.samples = plan_.samples();
    feed.strict = plan_.strict;
    kpi_ = std::make_unique<test::KpiFeeder>(feed);
}

// Start-up and the definition of the series are not what a sample costs.
void DeliveryRun::begin_measuring() {
    sleep_until(DeliveryPlan::kWarmUp);
    if (plan_.trace_files) {
        begin_trace();
    }
    base_ = usage_of(agent_->pid());
    figures_.state_growth = -static_cast<std::int64_t>(bytes_in(state_.path().string()));
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
    subscriber_->stop();
    count(figures_);
    measure_latency();
    measure_return();
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

void DeliveryRun::start_broker() {
    if (wire_) {
        wire_->over_there([this] { broker_->start(); });
    } else {
        broker_->start();
    }
}

void DeliveryRun::outage() {
    const std::int64_t from = now_ns();
    const auto end = SteadyClock::now() + Seconds(plan_.outage_s);
    broker_->stop();
    if (plan_.kill) {
        std::this_thread::sleep_for(Seconds(plan_.outage_s / 2));
        kill_agent();
    }
    std::this_thread::sleep_until(std::chrono::time_point_cast<SteadyClock::duration>(end));
    start_broker();
    returned_ns_ = now_ns();
    troubles_.push_back({from, returned_ns_});
}

void DeliveryRun::freeze() {
    const std::int64_t from = now_ns();
    broker_->pause();
    std::this_thread::sleep_for(Seconds(plan_.freeze_s));
    broker_->resume();
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
        start_broker();
    }
    if (kpi_) {
        kpi_->finish(kPatience);
        figures_.refusals = kpi_->refusals();
    } else {
        statsd_->finish();
    }
}

// Everything acknowledged, or nothing more for a while; then a second for what comes twice.
void DeliveryRun::await_arrivals() {
    std::size_t wanted = 0;
    for (const test::KpiSent& sample : sent()) {
        wanted += sample.ok_ns != 0 ? 1U : 0U;
    }
    const auto end = SteadyClock::now() + kPatience;
    while (subscriber_->received() < wanted && SteadyClock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::this_thread::sleep_for(Seconds(1));
    add_usage();
    if (wire_) {
        const WireCount now = wire_->count();
        figures_.wire =
            WireCount{now.packets - figures_.wire->packets, now.bytes - figures_.wire->bytes};
    }
    figures_.state_growth += static_cast<std::int64_t>(bytes_in(state_.path().string()));
}

void DeliveryRun::count(DeliveryFigures& figures) const {
    figures.sent = written();
    figures.measured = figures.sent - figures.measured;
    figures.batches = subscriber_->batches();
    figures.repeated_batches = subscriber_->repeated_batches();
    figures.payload_bytes = subscriber_->payload_bytes();
    for (std::size_t i = 0; i < sent().size(); ++i) {
        const test::KpiSent& sample = sent()[i];
        const Arrived& arrived = subscriber_->arrived()[i];
        const bool twice = arrived.times > 1;
        figures.acknowledged += sample.ok_ns != 0 ? 1U : 0U;
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
    for (std::size_t i = 0; i < sent().size(); ++i) {
        const test::KpiSent& sample = sent()[i];
        const Arrived& arrived = subscriber_->arrived()[i];
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
        const std::int64_t arrived = subscriber_->arrived()[i].first_ns;
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

}  // namespace cxedge::bench
