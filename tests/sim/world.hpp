// SPDX-License-Identifier: Apache-2.0
// One seed: a box, a broker, a platform, a producer and everything that goes wrong, on one thread
// and one clock. Thread: one; a world shares nothing with another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/books.hpp"
#include "tests/sim/box.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/platform.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/sim_broker.hpp"
#include "tests/sim/sim_clock.hpp"

namespace cxedge::sim {

struct Outcome {
    std::vector<std::string> failures;  // empty: the promise held
    std::string summary;                // one line
    std::uint64_t trace = 0;            // the same for the same seed
    std::uint64_t accepted = 0;
    std::uint64_t kills = 0;
    std::uint64_t power_cuts = 0;
};

class World {
public:
    using Say = std::function<void(const std::string&)>;
    // `harsh`: damage reaches every file, see README.md.
    explicit World(std::uint64_t seed, bool harsh = false, Say say = {});

    Outcome run();

private:
    void run_faults();
    void drain();
    [[nodiscard]] std::string what_is_left();
    void step(milliseconds by);
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void end_process(const Fault& fault);
    void apply_running();
    [[nodiscard]] bool runs(FaultKind kind) const;
    [[nodiscard]] std::uint8_t verdict(const std::string& topic, std::size_t bytes) const;
    void heal();
    void produce();
    void give_reading(Lane lane);
    void give_event();
    void give_increment();
    void decide(const Status& accepted, SeriesId series);
    void commit_for_power();
    void restart_if_dead();
    void restart();
    void start_when_well(const std::string& why);
    void note_power_cut();
    void check();
    void check_lane(Lane lane);
    void check_increments();
    void fail(std::string what);
    void say(const std::string& what);
    void trace(std::uint64_t value);

    Dice dice_;
    bool harsh_;
    Say say_;
    Scenario scenario_;
    SimClock clock_;
    SimBroker broker_;
    Books books_;
    Platform platform_;
    Box box_;
    std::vector<Fault> running_;  // that last
    bool damage_next_ = false;
    bool power_next_ = false;
    bool chip_next_ = true;
    bool storage_bad_ = false;
    milliseconds storage_bad_since_{0};
    milliseconds storage_well_since_{0};
    Outcome outcome_;
};

}  // namespace cxedge::sim
