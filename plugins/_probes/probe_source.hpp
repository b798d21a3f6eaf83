// SPDX-License-Identifier: Apache-2.0
// The source that every probe is: plans runs, lets them begin, tells what they found. A probe says
// how a run is made, nothing else. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_probes/probe.hpp"
#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::probes {

class ProbeSource : public Source {
public:
    ProbeSource();
    ProbeSource(const ProbeSource&) = delete;
    ProbeSource& operator=(const ProbeSource&) = delete;
    ~ProbeSource() override;

    // Source. init() is the probe's: it reads its schema and calls check_probe_settings().
    Status start(Host& host) override;
    void stop() override;

    // ---- What a probe says of itself.

    [[nodiscard]] virtual const ProbeSettings& settings() const = 0;
    // Heavy tests (those that fill a line) never run two at once on an interface, of any process.
    [[nodiscard]] virtual bool heavy() const { return false; }
    // What runs share: sockets for all targets. `unavailable` is tried again, no_permission is for
    // make_run() to tell. `context` outlives close().
    virtual Status open(const ProbeContext& context);
    virtual void close() {}
    // Never null. What the probe remembers of a target, it remembers by name.
    [[nodiscard]] virtual std::unique_ptr<ProbeRun> make_run(
        const Target& target, const ProbeContext& context
    ) = 0;

private:
    class Bench;
    std::unique_ptr<Bench> bench_;
};

}  // namespace cxedge::probes
