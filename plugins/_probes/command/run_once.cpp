// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/command/run_once.hpp"

#include <algorithm>
#include <optional>

#include <unistd.h>

#include "plugins/_probes/command/option_settings.hpp"
#include "plugins/_probes/command/probe_table.hpp"
#include "plugins/_probes/heavy_lock.hpp"
#include "plugins/_probes/stop_order.hpp"
#include "plugins/_probes/targets.hpp"

namespace cxedge::probes {
namespace {

// As of a source: a run that has not ended so long after its time is ended from outside.
constexpr std::chrono::milliseconds kGrace{2'000};
constexpr std::chrono::milliseconds kLookForOrders{500};

Result<const ProbeType*> type_named(const std::string& name) {
    std::vector<std::string> names;
    for (const ProbeType& type : probe_table()) {
        if (type.name == name) {
            return &type;
        }
        names.push_back(type.name);
    }
    const std::string near = nearest_name(name, names);
    return invalid_argument(
        "probe " + name + " is unknown" + (near.empty() ? "" : "; did you mean " + near + "?") +
        " (cxctl probe list)"
    );
}

// A person may look at the network without having a say in the box's budget.
std::string ledger_directory(const ProbeSettings& settings) {
    const std::string directory = shared_dir_of(settings);
    return ::access(directory.c_str(), W_OK | X_OK) == 0 ? directory : std::string();
}

bool box_is_stopped(const ProbeSettings& settings, WallTime now) {
    const std::string directory = shared_dir_of(settings);
    return ::access(directory.c_str(), R_OK | X_OK) == 0 && is_stopped(directory, now);
}

Finding suppressed(const char* why) {
    Finding finding;
    finding.result = ProbeResult::suppressed;
    finding.detail = why;
    return finding;
}

struct OneRun {
    EventLoop loop;
    SystemClock clock;
    Resolver resolver{loop};
    Meter meter;
    ProbeContext context;

    explicit OneRun(const ProbeSettings& settings)
        : meter(
              ledger_directory(settings), settings.interface, "command", limits_of(settings), clock
          ),
          context{loop, clock, resolver, meter, settings.interface, settings.timeout} {}

    Finding run(ProbeSource& source, const Target& target) {
        Finding found;
        found.result = ProbeResult::timeout;
        found.detail = "did not end in its time";
        const auto run = source.make_run(target, context);
        run->begin([&](Finding finding) {
            found = std::move(finding);
            loop.stop();
        });
        const LoopHandle orders = loop.every(kLookForOrders, [&] {
            if (box_is_stopped(source.settings(), clock.wall_now())) {
                found = suppressed("a stop order ended it: cxctl probe start");
                loop.stop();
            }
        });
        const LoopHandle deadline = loop.after(context.timeout + kGrace, [this] { loop.stop(); });
        loop.run();
        return found;
    }
};

// What holds for the tests of the box holds for this one, too: why it may not run, or nothing.
std::optional<Finding> refusal(const ProbeSource& source, HeavyLock& lock, WallTime now) {
    if (box_is_stopped(source.settings(), now)) {
        return suppressed("tests of this box are stopped: cxctl probe start");
    }
    if (source.heavy() && lock.take() == HeavyLock::Taken::busy) {
        return suppressed("another heavy test runs on this interface: try again later");
    }
    return std::nullopt;
}

Result<Told> run_source(ProbeSource& source, const std::string& type, const std::string& target) {
    OneRun one(source.settings());
    HeavyLock lock(shared_dir_of(source.settings()), source.settings().interface);
    if (auto refused = refusal(source, lock, one.clock.wall_now())) {
        return Told{type, target, std::move(*refused), {}, {}};
    }
    if (const Status opened = source.open(one.context); !opened) {
        source.close();
        return opened.error();
    }
    const SteadyTime begin = one.clock.steady_now();
    Finding finding = one.run(source, parse_target(target));
    source.close();
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(one.clock.steady_now() - begin);
    return Told{type, target, std::move(finding), took, one.meter.used()};
}

}  // namespace

Result<Told> run_once(
    const std::string& type, const std::string& target, const std::vector<std::string>& options
) {
    const auto known = type_named(type);
    if (!known) {
        return known.error();
    }
    const auto parsed = parse_options(options);
    if (!parsed) {
        return parsed.error();
    }
    const std::unique_ptr<ProbeSource> source = (*known)->make();
    SettingsProblems problems;
    source->init(settings_from(*parsed, (*known)->help(), target), problems);
    if (!problems.empty()) {
        return problems.error();
    }
    return run_source(*source, type, target);
}

}  // namespace cxedge::probes
