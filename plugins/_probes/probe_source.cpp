// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/probe_source.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"

#include "plugins/_probes/agenda.hpp"
#include "plugins/_probes/heavy_lock.hpp"
#include "plugins/_probes/quiet_hours.hpp"
#include "plugins/_probes/stop_order.hpp"
#include "plugins/_probes/targets.hpp"
#include "plugins/_probes/teller.hpp"

namespace cxedge::probes {
namespace {

// A run that has not ended so long after its time is ended from outside.
constexpr std::chrono::milliseconds kGrace{2'000};
constexpr std::chrono::milliseconds kLookEvery{1'000};  // at stop orders while tests run
constexpr std::chrono::seconds kMinute{60};
// The schedule goes by the wall clock, timers do not: a clock that is set is noticed so soon.
constexpr std::chrono::milliseconds kLongestSleep{10'000};
// Light tests at once: sockets are not endless.
constexpr std::size_t kMostAtOnce = 256;
constexpr std::size_t kLargestList = 4U << 20U;

std::vector<QuietHours> quiet_hours_of(const ProbeSettings& settings) {
    std::vector<QuietHours> out;
    for (const std::string& text : settings.quiet_hours) {
        if (const auto parsed = parse_quiet_hours(text)) {
            out.push_back(*parsed);
        }
    }
    return out;
}

}  // namespace

// One start() of a source.
class ProbeSource::Bench {
public:
    Bench(ProbeSource& probe, Host& host)
        : probe_(probe),
          settings_(probe.settings()),
          directory_(shared_dir_of(settings_)),
          host_(host),
          resolver_(host.loop()),
          meter_(
              directory_,
              settings_.interface,
              std::string(host.source_name()),
              limits_of(settings_),
              host.clock()
          ),
          context_{
              host.loop(), host.clock(), resolver_, meter_, settings_.interface, settings_.timeout},
          lock_(directory_, settings_.interface),
          quiet_(quiet_hours_of(settings_)),
          teller_(host, settings_.dims),
          agenda_(settings_.interval, settings_.jitter, &random_u32) {}
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench() { close(); }

    Status begin() {
        if (Status read = read_all_targets(); !read) {
            return read;
        }
        if (Status opened = probe_.open(context_); !opened) {
            return opened;
        }
        opened_ = true;
        plan_all();
        look_ = host_.loop().every(kLookEvery, [this] { look_at_orders(); });
        minute_ = host_.loop().every(kMinute, [this] { tell_minute(); });
        wake_for_next();
        return {};
    }

    void end() {
        tell_minute();
        close();
    }

private:
    struct Test {
        Target target;
        std::unique_ptr<ProbeRun> run;
        LoopHandle deadline;
        WallTime slot{};
        SteadyTime last_run{};   // ended, or was left out on purpose
        std::uint64_t turn = 0;  // of its run: who calls back for an earlier one is not heard
        bool waits = false;
    };

    // ---- Targets

    Status read_all_targets() {
        std::vector<Target> targets;
        for (const std::string& text : settings_.targets) {
            if (const std::string wrong =
                    add_target(text, host_.box(), settings_.check_address, targets);
                !wrong.empty()) {
                return invalid_argument("targets: " + wrong);
            }
        }
        if (Status read = read_list(targets); !read) {
            return read;
        }
        std::set<std::string> names;
        for (Target& target : targets) {
            if (!names.insert(target.name).second) {
                host_.log(log::Level::warn, "left out: " + target.name + " is there twice");
                list_problem_ = "target " + target.name + " is there twice: the second is left out";
                continue;
            }
            tests_.emplace_back();
            tests_.back().target = std::move(target);
            tests_.back().last_run = host_.clock().steady_now();
        }
        return {};
    }

    Status read_list(std::vector<Target>& targets) {
        if (settings_.targets_file.empty()) {
            return {};
        }
        const auto text = load_file(settings_.targets_file, kLargestList);
        if (!text) {
            return unavailable("targets_file: " + text.error().message);
        }
        TargetList list =
            read_targets(*text, settings_.targets_file, host_.box(), settings_.check_address);
        for (const std::string& problem : list.problems) {
            host_.log(log::Level::warn, "left out: " + problem);
        }
        if (!list.problems.empty()) {
            list_problem_ = fmt::format(
                "{} target(s) left out, the first: {}", list.problems.size(), list.problems.front()
            );
        }
        std::move(list.targets.begin(), list.targets.end(), std::back_inserter(targets));
        return targets.empty() ? Status(unavailable(settings_.targets_file + " has no targets"))
                               : Status();
    }

    // ---- Schedule

    void plan_all() {
        for (const Test& test : tests_) {
            agenda_.add(
                phase_of(host_.box(), host_.source_name(), test.target.name, settings_.interval),
                host_.clock().wall_now(),
                host_.clock().boot_now()
            );
        }
        tell_problem();
    }

    void wake_for_next() {
        const auto next = agenda_.next();
        if (!next) {
            return;
        }
        const auto ahead = *next - host_.clock().wall_now();
        const auto sleep = std::clamp<std::chrono::milliseconds>(
            ahead, std::chrono::milliseconds(0), kLongestSleep
        );
        wake_ = host_.loop().after(sleep, [this] { run_due(); });
    }

    void run_due() {
        const WallTime now = host_.clock().wall_now();
        for (const Agenda::Due& due : agenda_.take(now, host_.clock().boot_now())) {
            consider(due);
        }
        start_waiting();
        wake_for_next();
    }

    void consider(const Agenda::Due& due) {
        Test& test = tests_[due.entry];
        std::uint64_t late = due.missed;
        if (!due.run) {
            teller_.skipped("late", late);
            return;
        }
        if (test.waits) {
            teller_.skipped("busy", 1);
        }
        test.slot = due.slot;
        if (test.run) {
            ++late;  // it takes longer than its interval
        } else if (!test.waits) {
            test.waits = true;
            waiting_.push_back(due.entry);
        }
        if (late > 0) {
            teller_.skipped("late", late);
        }
    }

    // ---- Runs

    void start_waiting() {
        while (!waiting_.empty() && may_start()) {
            const std::size_t index = waiting_.front();
            waiting_.pop_front();
            tests_[index].waits = false;
            start_one(index);
        }
        if (running_ == 0) {
            lock_.release();
        }
    }

    // A heavy one waits until no other runs, of any process; look_at_orders() asks again.
    bool may_start() {
        if (!probe_.heavy()) {
            return running_ < kMostAtOnce;
        }
        if (running_ > 0) {
            return false;
        }
        const HeavyLock::Taken taken = lock_.take();
        tell_problem();
        return taken != HeavyLock::Taken::busy;
    }

    [[nodiscard]] bool stopped() const { return is_stopped(directory_, host_.clock().wall_now()); }

    void start_one(std::size_t index) {
        Test& test = tests_[index];
        if (stopped()) {
            leave_out(test, ProbeResult::suppressed, "stopped");
        } else if (is_quiet(quiet_, host_.clock().wall_now())) {
            leave_out(test, ProbeResult::suppressed, "suppressed");
        } else if (meter_.exhausted()) {
            teller_.budget_is_spent(true);
            leave_out(test, ProbeResult::capped, "capped");
        } else {
            begin_run(index);
        }
        tell_problem();
    }

    // Nothing runs on purpose: the watchdog has nothing to complain about.
    void leave_out(Test& test, ProbeResult why, std::string_view reason) {
        test.last_run = host_.clock().steady_now();
        teller_.not_run(test.target, why);
        teller_.skipped(reason, 1);
    }

    void begin_run(std::size_t index) {
        Test& test = tests_[index];
        teller_.began(std::max(host_.clock().wall_now() - test.slot, std::chrono::milliseconds(0)));
        test.run = probe_.make_run(test.target, context_);
        ++running_;
        const std::uint64_t turn = ++test.turn;
        const auto most = settings_.timeout + kGrace;
        test.deadline = host_.loop().after(most, [this, index, turn] {
            finish(index, turn, unfinished("did not end in its time"));
        });
        test.run->begin([this, index, turn](const Finding& finding) {
            finish(index, turn, finding);
        });
    }

    static Finding unfinished(std::string detail) {
        Finding finding;
        finding.result = ProbeResult::timeout;
        finding.detail = std::move(detail);
        return finding;
    }

    void finish(std::size_t index, std::uint64_t turn, const Finding& finding) {
        Test& test = tests_[index];
        if (!test.run || test.turn != turn) {
            return;
        }
        retire(test);
        test.last_run = host_.clock().steady_now();
        teller_.found(test.target, finding);
        teller_.budget_is_spent(finding.result == ProbeResult::capped);
        tell_problem();
        start_soon();
    }

    // The run is on the stack of whoever calls: it goes later.
    void retire(Test& test) {
        test.deadline.cancel();
        gone_.push_back(std::move(test.run));
        --running_;
    }

    void start_soon() {
        turn_ = host_.loop().after(std::chrono::milliseconds(0), [this] {
            gone_.clear();
            if (!probe_.heavy()) {
                start_waiting();
            } else if (running_ == 0) {
                lock_.release();  // others wait, too: the next one of ours asks a second later
            }
        });
    }

    // ---- Once in a while

    void look_at_orders() {
        if (running_ > 0 && stopped()) {
            stop_running();
        }
        if (!waiting_.empty()) {
            start_waiting();
        }
    }

    void stop_running() {
        for (Test& test : tests_) {
            if (test.run) {
                retire(test);
                leave_out(test, ProbeResult::suppressed, "stopped");
            }
        }
        start_soon();
    }

    void tell_minute() {
        const auto oldest =
            std::min_element(tests_.begin(), tests_.end(), [](const Test& a, const Test& b) {
                return a.last_run < b.last_run;
            });
        if (oldest == tests_.end()) {
            return;
        }
        const auto age = host_.clock().steady_now() - oldest->last_run;
        const BudgetUse now = meter_.used();
        teller_.minute(
            std::chrono::duration_cast<std::chrono::seconds>(age),
            settings_.interface,
            {now.bytes - told_.bytes, now.packets - told_.packets}
        );
        told_ = now;
    }

    void tell_problem() {
        const std::string& now = !meter_.problem().empty()  ? meter_.problem()
                                 : !lock_.problem().empty() ? lock_.problem()
                                 : !order_problem_.empty()  ? order_problem_
                                                            : list_problem_;
        if (now != problem_) {
            problem_ = now;
            host_.set_problem(now);
        }
    }

    void close() {
        wake_.cancel();
        look_.cancel();
        minute_.cancel();
        turn_.cancel();
        tests_.clear();
        gone_.clear();
        if (std::exchange(opened_, false)) {
            probe_.close();
        }
    }

    ProbeSource& probe_;
    const ProbeSettings& settings_;
    const std::string directory_;
    Host& host_;
    Resolver resolver_;
    Meter meter_;
    ProbeContext context_;
    HeavyLock lock_;
    std::vector<QuietHours> quiet_;
    Teller teller_;
    Agenda agenda_;
    std::vector<Test> tests_;
    std::deque<std::size_t> waiting_;
    std::vector<std::unique_ptr<ProbeRun>> gone_;
    std::size_t running_ = 0;
    BudgetUse told_;
    std::string list_problem_;
    std::string order_problem_;
    std::string problem_;
    LoopHandle wake_;
    LoopHandle look_;
    LoopHandle minute_;
    LoopHandle turn_;
    bool opened_ = false;
};

ProbeSource::ProbeSource() = default;
ProbeSource::~ProbeSource() = default;

Status ProbeSource::open(const ProbeContext& /*context*/) {
    return {};
}

Status ProbeSource::start(Host& host) {
    bench_ = std::make_unique<Bench>(*this, host);
    return bench_->begin();
}

void ProbeSource::stop() {
    if (bench_) {
        bench_->end();
        bench_.reset();
    }
}

}  // namespace cxedge::probes
