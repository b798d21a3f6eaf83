// SPDX-License-Identifier: Apache-2.0
// Listens on a thread of its own and hands over nothing but the energy of each period.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "plugins/sound/audio_input.hpp"
#include "plugins/sound/weighting.hpp"

namespace cxedge::plugins {

class Listener {
public:
    // What it has to say, on its thread.
    struct Events {
        std::function<void(double mean_square, bool gap)> period;
        std::function<void(const Error& error)> lost;  // the last thing it says
        std::function<void()> end;                     // likewise
    };

    // `input` is open. Begins at once.
    Listener(
        std::unique_ptr<AudioInput> input,
        char weighting,
        std::chrono::milliseconds period,
        Events events
    );
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    // Waits for the read that runs: a tenth of a second.
    ~Listener();

private:
    void run();
    void add(AudioInput::Block& block);

    std::unique_ptr<AudioInput> input_;
    EnergyMeter meter_;
    const std::size_t wanted_;  // samples of a period
    bool gap_ = false;          // some of this period are missing
    Events events_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;  // last: it uses the others
};

}  // namespace cxedge::plugins
