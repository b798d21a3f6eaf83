// SPDX-License-Identifier: Apache-2.0
// What a test of the network is: a run against one target that ends with a finding. Runs know
// nothing of schedules, of the agent or of the command line, so that each runs the same from a
// source and from `cxctl probe run`. Thread: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/model/event.hpp"
#include "agent/model/series.hpp"

#include "plugins/_probes/budget.hpp"
#include "plugins/_probes/resolver.hpp"
#include "plugins/_probes/result.hpp"

namespace cxedge::probes {

// Whom a test asks.
struct Target {
    std::string name;     // dimension `target`
    std::string address;  // as the probe understands it: a host, host:port, a URL
};

// One series of a run. The dimension `target` is added by whoever takes it.
struct Figure {
    SeriesInfo info;
    std::vector<double> values;  // in the order measured; empty: a loss in its slot
};

struct Finding {
    ProbeResult result = ProbeResult::ok;
    // Which step failed ("dns", "connect", "tls", "server", "transfer", ...); empty: none did.
    std::string step;
    std::string detail;  // one sentence for a person; empty: nothing to add
    // The same series whatever the result, so that what could not be measured is a loss.
    std::vector<Figure> figures;
    // For people only, in order: {"cipher", "TLS_AES_256_GCM_SHA384"}.
    std::vector<std::pair<std::string, std::string>> facts;
    std::vector<Event> events;
};

// What a run works with; outlives it.
struct ProbeContext {
    EventLoop& loop;
    const Clock& clock;
    Resolver& resolver;
    Meter& meter;
    std::string interface;              // empty: as routed; else SO_BINDTODEVICE
    std::chrono::milliseconds timeout;  // a run should have ended by then; it is ended 2 s later
};

class ProbeRun {
public:
    using Done = std::function<void(Finding)>;
    // Ends it without a call back; no socket, timer or thread is left.
    virtual ~ProbeRun() = default;
    // Called once. `done` comes once, from the loop and never from within begin(); the run lives on
    // until later.
    virtual void begin(Done done) = 0;
};

}  // namespace cxedge::probes
