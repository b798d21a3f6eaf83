// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/listener.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace cxedge::plugins {

Listener::Listener(
    std::unique_ptr<AudioInput> input,
    char weighting,
    std::chrono::milliseconds period,
    Events events
)
    : input_(std::move(input)),
      meter_(weighting, input_->rate()),
      wanted_(static_cast<std::size_t>(
          std::lround(input_->rate() * std::chrono::duration<double>(period).count())
      )),
      events_(std::move(events)),
      thread_([this] { run(); }) {}

Listener::~Listener() {
    stopping_ = true;
    thread_.join();
}

void Listener::run() {
    AudioInput::Block block;
    while (!stopping_) {
        if (const Status read = input_->read(block); !read) {
            events_.lost(read.error());
            return;
        }
        add(block);
        if (block.end) {
            events_.end();
            return;
        }
    }
}

void Listener::add(AudioInput::Block& block) {
    gap_ = gap_ || block.gap;
    std::span<const float> rest(block.samples);
    while (!rest.empty()) {
        const std::size_t some = std::min(rest.size(), wanted_ - meter_.count());
        meter_.add(rest.first(some));
        rest = rest.subspan(some);
        if (meter_.count() == wanted_) {
            const double mean = meter_.take();
            events_.period(mean, std::exchange(gap_, false));
        }
    }
    std::fill(block.samples.begin(), block.samples.end(), 0.0F);  // nothing of the sound stays
}

}  // namespace cxedge::plugins
