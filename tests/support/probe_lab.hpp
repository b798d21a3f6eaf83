// SPDX-License-Identifier: Apache-2.0
// Runs a probe once, without schedule and agent.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plugins/_probes/probe_source.hpp"

#include "tests/plugins/case_folder.hpp"

namespace cxedge::test {

// A run that has not ended by then hangs; generous, for sanitizers.
inline constexpr std::chrono::seconds kProbePatience{60};

// T: a ProbeSource. The thread's network namespace is that in which it is made and run.
template <class T>
class ProbeLab {
public:
    // `settings`: TOML lines of the [[source]] table; targets only where they must be URLs.
    explicit ProbeLab(const std::string& settings) {
        SettingsProblems problems;
        const bool has_targets = settings.find("targets =") != std::string::npos;
        const std::string targets = has_targets ? "" : "targets = \"203.0.113.1\"\n";
        source.init(source_settings("[[source]]\n" + targets + settings), problems);
        if (!problems.empty()) {
            throw std::runtime_error(problems.error().message);
        }
        context.interface = source.settings().interface;
        context.timeout = source.settings().timeout;
    }
    ProbeLab(const ProbeLab&) = delete;
    ProbeLab& operator=(const ProbeLab&) = delete;
    ~ProbeLab() {
        if (opened_) {
            source.close();
        }
    }

    probes::Finding run(const std::string& address) {
        if (!opened_) {
            opened_ = true;
            const Status opened = source.open(context);
            if (!opened) {
                throw std::runtime_error(opened.error().message);
            }
        }
        std::optional<probes::Finding> found;
        const auto run = source.make_run({"t", address}, context);
        run->begin([&](probes::Finding finding) {
            found = std::move(finding);
            loop.stop();
        });
        const LoopHandle patience = loop.after(kProbePatience, [this] { loop.stop(); });
        loop.run();
        if (!found) {
            throw std::runtime_error("the run of " + address + " does not end");
        }
        return *found;
    }

    EventLoop loop;
    SystemClock clock;
    probes::Resolver resolver{loop};
    probes::Meter meter{"", "", "test", {}, clock};
    T source;
    probes::ProbeContext context{loop, clock, resolver, meter, "", std::chrono::seconds(5)};

private:
    bool opened_ = false;
};

// The figure of that metric whose dimensions include `dim` ("dir=forward"; empty: any); throws
// where there is none.
inline const probes::Figure& figure(
    const probes::Finding& finding, std::string_view metric, std::string_view dim = {}
) {
    for (const probes::Figure& each : finding.figures) {
        if (each.info.key.metric == metric &&
            to_string(each.info.key).find(dim) != std::string::npos) {
            return each;
        }
    }
    throw std::runtime_error("no figure " + std::string(metric) + " " + std::string(dim));
}

// Its value; throws unless it has one.
inline double only_value(
    const probes::Finding& finding, const std::string& metric, const std::string& dim = {}
) {
    const probes::Figure& found = figure(finding, metric, dim);
    return found.values.size() == 1
               ? found.values.front()
               : throw std::runtime_error(metric + " " + dim + " has not one value");
}

}  // namespace cxedge::test
