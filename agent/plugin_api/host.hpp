// SPDX-License-Identifier: Apache-2.0
// What the agent offers a source. The same class whether the source runs inside cxedged or in
// a process of its own. Thread: everything here is called on the source's loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/base/log.hpp"
#include "agent/base/result.hpp"
#include "agent/model/box_name.hpp"
#include "agent/model/device.hpp"
#include "agent/model/event.hpp"
#include "agent/model/occasion.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge {

// Host::keep() takes so many bytes.
inline constexpr std::size_t kMostKept = 4096;

class Host {
public:
    virtual ~Host() = default;

    // Name of this source instance, unique on the node.
    [[nodiscard]] virtual std::string_view source_name() const = 0;
    // Which box this is; what is spread over boxes goes by it.
    [[nodiscard]] virtual const BoxName& box() const = 0;
    [[nodiscard]] virtual const Clock& clock() const = 0;
    [[nodiscard]] virtual EventLoop& loop() = 0;

    // Announces a series; the same info gives the same id. invalid_argument: a name, unit or kind
    // that the catalogue and the rules do not allow; exhausted: too many series.
    virtual Result<SeriesId> declare(const SeriesInfo& info) = 0;

    // One reading now, or at the time the device declared. NaN and infinities are
    // invalid_argument for counters, deltas and states, and a lost sample for gauges.
    // exhausted: storage refuses; an input that acknowledges its sender must pass the refusal on.
    virtual Status emit(SeriesId series, double value) = 0;
    virtual Status emit_at(SeriesId series, double value, WallTime device_time) = 0;

    // A reading that its device may tell again: what was told before is dropped and is ok. Else as
    // emit_at(). invalid_argument also: an interval that does not end after it begins.
    virtual Status emit_once(SeriesId series, double value, const Occasion& occasion) = 0;

    // A slot in which a measurement was due and failed: travels as an explicit loss.
    virtual Status emit_lost(SeriesId series) = 0;

    virtual void emit_event(Event event) = 0;

    // Calls back once all that was emitted before is as safe as this source's `durable` setting
    // promises; until then an acknowledging input must not say "ok". An error means: refuse.
    virtual void commit(std::function<void(const Status&)> done) = 0;

    // Runs `work` on a worker thread and then `done` on the loop; for calls that block
    // (getaddrinfo, libcurl). `work` must not touch the source or the host. `done` is never called
    // from within offload(); exhausted: too many calls wait already, `work` will not run, try again
    // later.
    virtual void offload(std::function<void()> work, std::function<void(const Status&)> done) = 0;

    // A few bytes of the source's own for its next run, also after a power cut: replaces what it
    // kept before. Each change is a flash write, so for what changes seldom: a learnt reference,
    // not a count. Never pictures or identities. At most kMostKept; what is not kept is logged.
    virtual void keep(std::string_view bytes) = 0;
    // What the last run kept; empty: nothing. Of this run: as it was at its start.
    [[nodiscard]] virtual std::string_view kept() const = 0;

    // The source's own state for `cxctl status`, e.g. "camera not reachable: timeout"; empty =
    // well. A change is also logged and sent upstream as event `source.degraded` / cleared.
    virtual void set_problem(std::string_view problem) = 0;

    // The inventory of the box: replaces what this source told of the device before, and says that
    // it was heard of now (unless it is not up).
    virtual void tell_device(const DeviceNote& note) = 0;

    // From now on calls back with each reading that the box takes of a series whose metric fits
    // the glob, of any source, in order, after it was taken; for a source that concludes something
    // from others. unavailable: in a process of its own, where this does not work.
    using OnReading = std::function<void(const SeriesInfo&, double value, const SampleTime&)>;
    virtual Status follow(std::string_view metric, OnReading on_reading) = 0;

    // A line in the local log, prefixed with the source's name.
    virtual void log(log::Level level, std::string_view message) = 0;
};

}  // namespace cxedge
