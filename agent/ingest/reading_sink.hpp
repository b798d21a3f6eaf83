// SPDX-License-Identifier: Apache-2.0
// Where sources' readings go; the agent's data path implements it. Thread: ingest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/model/device.hpp"
#include "agent/model/event.hpp"
#include "agent/model/occasion.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge::ingest {

// What an acknowledgement means: the agent has it in memory, or it survives a power cut.
enum class Durability : std::uint8_t { process, power };

class ReadingSink {
public:
    virtual ~ReadingSink() = default;
    // unavailable: storage has no room for it now; all else is for good.
    virtual Result<SeriesId> declare(const SeriesInfo& info) = 0;
    virtual Status accept(SeriesId series, double value, SampleTime time) = 0;
    // Host::emit_once(). `taken` counts where the occasion has no time.
    virtual Status accept_once(
        SeriesId series, double value, const Occasion& occasion, SampleTime taken
    ) = 0;
    virtual Status accept_lost(SeriesId series, SampleTime time) = 0;
    virtual void accept_event(Event event) = 0;
    // A reading was refused for want of room and its source cannot repeat it: declared as a gap.
    virtual void turned_away(SeriesId series) = 0;
    // What is acknowledged of this series must survive a power cut: commit(power) closes its open
    // window, so that it travels in parts.
    virtual void guard(SeriesId series) = 0;
    // Calls back once everything accepted before is as safe as asked. exhausted: it cannot be.
    virtual void commit(Durability durability, std::function<void(const Status&)> done) = 0;
    // Host::keep() and kept() of a source. exhausted, invalid_argument: it is not kept.
    virtual Status keep(std::string_view source, std::string_view bytes) = 0;
    [[nodiscard]] virtual std::string kept(std::string_view source) const = 0;
    // Host::follow(), until the returned handle is gone.
    using OnReading = std::function<void(const SeriesInfo&, double value, const SampleTime&)>;
    virtual std::shared_ptr<void> follow(std::string_view metric, OnReading on_reading) = 0;
    // Host::tell_device().
    virtual void tell_device(std::string_view source, const DeviceNote& note) = 0;
};

}  // namespace cxedge::ingest
