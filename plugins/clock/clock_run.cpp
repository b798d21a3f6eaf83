// SPDX-License-Identifier: Apache-2.0
#include "plugins/clock/clock_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::ProbeResult;
using std::chrono::milliseconds;

constexpr std::size_t kLongestOutput = 4'096;

Figure clock_gauge(const char* metric, const char* unit, std::optional<double> value) {
    Figure figure{{{metric, {}}, Kind::gauge, unit, {}, 0}, {}};
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

bool is_synchronised(const ClockLook& look) {
    return look.chrony ? look.chrony->synchronised
                       : look.kernel.error == 0 && look.kernel.synchronised;
}

void judge(Finding& finding, const ClockLook& look) {
    if (is_synchronised(look)) {
        return;
    }
    if (!look.chrony && look.kernel.error != 0) {
        const bool forbidden = look.kernel.error == EPERM || look.kernel.error == EACCES;
        finding.result = forbidden ? ProbeResult::no_permission : ProbeResult::timeout;
        finding.step = "kernel";
        finding.detail = "adjtimex: " + std::generic_category().message(look.kernel.error);
        return;
    }
    finding.result = ProbeResult::bad_status;
    finding.step = "clock";
    finding.detail =
        "no time source corrects the clock: is chrony or systemd-timesyncd running, "
        "and UDP port 123 open?";
}

void add_clock_figures(Finding& finding, const ClockLook& look) {
    const bool known = is_synchronised(look);
    std::optional<double> offset;
    std::optional<double> bound;
    if (known) {
        offset = look.chrony ? look.chrony->offset_s : look.kernel.offset_s;
        bound = look.chrony ? look.chrony->bound_s() : look.kernel.bound_s;
    }
    finding.figures.push_back(clock_gauge("clock.offset", "s", offset));
    finding.figures.push_back(clock_gauge("clock.error", "s", bound));
    if (look.chrony_asked) {
        const bool has = look.chrony && look.chrony->synchronised;
        finding.figures.push_back(clock_gauge(
            "clock.stratum", "1", has ? std::optional<double>(look.chrony->stratum) : std::nullopt
        ));
    }
}

void add_clock_facts(Finding& finding, const ClockLook& look) {
    finding.facts.emplace_back("synchronised", is_synchronised(look) ? "yes" : "no");
    if (look.chrony) {
        finding.facts.emplace_back("by", "chrony");
        finding.facts.emplace_back("source", look.chrony->reference);
        finding.facts.emplace_back(
            "frequency", fmt::format("{:+.3f} ppm", look.chrony->frequency_ppm)
        );
    } else if (!look.chrony_problem.empty()) {
        finding.facts.emplace_back("chrony", look.chrony_problem);
    }
}

}  // namespace

Finding clock_finding(const ClockLook& look) {
    Finding finding;
    judge(finding, look);
    add_clock_figures(finding, look);
    add_clock_facts(finding, look);
    return finding;
}

ClockRun::ClockRun(
    const ClockSystem& system, std::string chronyc, const probes::ProbeContext& context
)
    : system_(system), chronyc_(std::move(chronyc)), context_(context) {}

void ClockRun::begin(Done done) {
    done_ = std::move(done);
    look_.kernel = system_.kernel();
    if (chronyc_.empty()) {
        finish();
    } else {
        ask_chrony();
    }
}

// Without names of sources, which would be looked up.
void ClockRun::ask_chrony() {
    Result<devices::ChildGroup> child =
        devices::ChildGroup::start({chronyc_, "-n", "-c", "tracking"});
    look_.chrony_asked = child.ok() || child.error().code != ErrorCode::not_found;
    if (!child) {
        look_.chrony_problem = look_.chrony_asked ? child.error().message : std::string();
        finish();
        return;
    }
    child_.emplace(std::move(*child));
    reading_ = context_.loop.when_readable(child_->output(), [this] { read_output(); });
    deadline_ = context_.loop.after(context_.timeout, [this] { give_up(); });
}

void ClockRun::read_output() {
    std::array<char, kLongestOutput> buffer{};
    const ssize_t count = ::read(child_->output(), buffer.data(), buffer.size());
    if (count > 0 && output_.size() < kLongestOutput) {
        output_.append(buffer.data(), static_cast<std::size_t>(count));
        return;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    judge_output();
}

void ClockRun::judge_output() {
    look_.chrony = parse_chrony_tracking(output_);
    if (!look_.chrony) {
        look_.chrony_problem = output_.empty() ? "chronyd does not answer (is it running?)"
                                               : "chronyc prints something else than tracking";
    }
    finish();
}

void ClockRun::give_up() {
    look_.chrony_problem = "chronyc does not end within timeout_s";
    finish();
}

void ClockRun::finish() {
    reading_.cancel();
    deadline_.cancel();
    end_ = context_.loop.after(milliseconds(0), [this] {
        child_.reset();
        done_(clock_finding(look_));
    });
}

}  // namespace cxedge::plugins
