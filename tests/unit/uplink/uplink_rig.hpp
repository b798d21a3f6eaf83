// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/model/series.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/uplink.hpp"
#include "agent/wire/batch_codec.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_broker.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

uplink::UplinkOptions rig_options();
std::string series_definition(const std::string& metric);

// A batch of one sample of series `dict_size - 1`, sealed now.
store::NewBatch sealed_batch(const Clock& clock, Stream stream, std::uint32_t dict_size);

// The lane 0 batch of a declaration.
store::NewBatch declare(const Declaration& declaration);

// An uplink between a real spool and a scripted broker, with a clock that the test moves.
struct UplinkRig {
    explicit UplinkRig(uplink::UplinkOptions options = rig_options());

    void add_series(std::uint32_t count);
    void append(Stream stream, int count = 1, std::uint32_t dict_size = 1);
    // So many turns of the uplink; each takes kTurn.
    static constexpr std::chrono::milliseconds kTurn{100};
    void turn(int count = 1);
    // Likewise, while the clock stands still.
    void still(int count = 1);
    // Turns with the clock moving on by `by` in steps.
    void pass(std::chrono::milliseconds by, std::chrono::milliseconds step);
    [[nodiscard]] std::uint64_t held() const;  // batches in the spool
    void reopen_uplink(uplink::UplinkOptions options);

    ManualClock clock;
    TempDir directory;
    std::unique_ptr<store::Spool> spool;
    ScriptedBroker broker;
    wire::ClockState clock_state{3, 0, 12};
    std::unique_ptr<uplink::Uplink> uplink;
    std::uint32_t series = 0;
};

inline bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
wire::ReceivedBatch parse(const ScriptedBroker::Published& packet);
// Sequence numbers of batches, in order of publishing.
std::vector<std::uint64_t> seqs(const std::vector<ScriptedBroker::Published>& packets);

}  // namespace cxedge::test
