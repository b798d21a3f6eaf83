// SPDX-License-Identifier: Apache-2.0
// One box: its files, and while it runs the agent's own spool, journal, pipeline and uplink. It can
// end the hard way at any moment, then the next process finds the files as they were. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/app/data_path.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/uplink.hpp"

#include "tests/sim/dice.hpp"
#include "tests/sim/power_disk.hpp"
#include "tests/sim/sim_broker.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::sim {

struct BoxSettings {
    std::size_t ring_bytes = 1U << 20U;
    std::size_t journal_bytes = 64U << 10U;
    std::uint64_t max_bytes = 64U << 20U;
    milliseconds commit_interval{5000};
    milliseconds max_age_bulk{0};
    bool drop_live_when_full = false;
    app::SealOptions seal;
    unsigned window = 32;
    std::uint64_t backfill_bytes_per_s = 0;
    milliseconds pipeline_window{10000};
    std::uint64_t seed = 1;
};

class Box {
public:
    // References outlive it.
    Box(BoxSettings settings, SimClock& clock, SimBroker& broker, Dice& dice);
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;
    ~Box();

    // Starts the agent on what the files hold.
    Status start();
    // One turn of both threads.
    void turn();

    // What the files are from now on is what a kill or a power cut leaves of them now. The agent
    // runs on, beside them, until end(): nothing it does counts any more.
    void die();
    void lose_power();
    // n-th write or sync of the disk from now on.
    void die_within(std::uint64_t operations, bool power);
    [[nodiscard]] bool is_dead() const { return dead_; }
    // Clears away what ran on.
    void end();
    // While down: turns a bit of queue.db, or cuts it; `all`: or of its log, or of the ring. Says
    // which.
    std::string damage(bool all);

    [[nodiscard]] app::DataPath& path() { return *path_; }
    [[nodiscard]] EventLoop& loop() { return *loop_; }
    [[nodiscard]] store::Spool& spool() { return *spool_; }
    [[nodiscard]] uplink::Uplink& uplink() { return *uplink_; }
    [[nodiscard]] PowerDisk& disk() { return disk_; }
    [[nodiscard]] std::filesystem::path state_dir() const { return turn_dir(turn_) / "state"; }
    [[nodiscard]] bool is_drained() const;

private:
    [[nodiscard]] std::filesystem::path turn_dir(int turn) const;
    [[nodiscard]] std::filesystem::path run_dir() const { return turn_dir(turn_) / "run"; }
    void write_boot_id() const;
    Status start_path();
    void start_uplink();

    BoxSettings settings_;
    SimClock& clock_;
    SimBroker& broker_;
    Dice& dice_;
    test::TempDir dir_;
    PowerDisk disk_;
    int turn_ = 0;
    int next_turn_ = 0;  // where the files are that count
    int boots_ = 1;
    bool dead_ = false;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<store::Spool> spool_;
    std::unique_ptr<app::DataPath> path_;
    std::unique_ptr<uplink::Uplink> uplink_;
};

}  // namespace cxedge::sim
