// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/gpio_buttons.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {
namespace {

// A contact bounces no longer than this, also when it opens.
constexpr std::chrono::milliseconds kBounce{50};

}  // namespace

GpioButtons::GpioButtons(
    Host& host, GpioButtonSettings settings, devices::MakeGpioChip make, Callbacks callbacks
)
    : host_(host),
      settings_(std::move(settings)),
      make_(std::move(make)),
      callbacks_(std::move(callbacks)),
      buttons_(settings_.lines.size()) {}

Status GpioButtons::open() {
    return watch();
}

Status GpioButtons::watch() {
    std::vector<devices::GpioLine> lines;
    for (const double line : settings_.lines) {
        lines.push_back({static_cast<std::uint32_t>(line), settings_.active_low, settings_.bias});
    }
    chip_ = make_(settings_.chip);
    if (!chip_) {
        return unavailable("there is no GPIO chip " + settings_.chip);
    }
    Status watched = chip_->watch(
        lines,
        host_.loop(),
        [this](const devices::GpioEdge& told) { edge(told); },
        [this](const Error& error) {
            is_lost_ = true;  // the chip may not go from within its own call
            callbacks_.problem(error.message);
        }
    );
    if (!watched) {
        return watched;
    }
    const Result<std::vector<bool>> levels = chip_->levels();
    for (std::size_t i = 0; levels && i < std::min(levels->size(), buttons_.size()); ++i) {
        buttons_[i] = Button{(*levels)[i], std::nullopt, std::nullopt};
        if (buttons_[i].active) {
            buttons_[i].since = host_.clock().steady_now();
        }
    }
    return {};
}

void GpioButtons::edge(const devices::GpioEdge& edge) {
    if (edge.line >= buttons_.size()) {
        return;
    }
    Button& button = buttons_[edge.line];
    const SteadyTime at{std::chrono::duration_cast<SteadyTime::duration>(edge.at)};
    const bool settled =
        !button.since || at - *button.since >= std::min(settings_.debounce, kBounce);
    const bool is_new = !button.pressed || at - *button.pressed >= settings_.debounce;
    const bool rises = edge.active && !button.active;
    button.active = edge.active;
    button.since = at;
    if (rises && settled && is_new) {
        button.pressed = at;
        callbacks_.press(edge.line, at);
    }
}

void GpioButtons::tick() {
    if (is_lost_) {
        chip_.reset();
        const Status again = watch();
        is_lost_ = !again;
        callbacks_.problem(again ? std::string() : again.error().message);
    }
    const SteadyTime now = host_.clock().steady_now();
    const bool stuck = std::any_of(buttons_.begin(), buttons_.end(), [&](const Button& button) {
        return button.active && now - *button.since > settings_.stuck;
    });
    if (stuck != std::exchange(is_stuck_, stuck)) {
        callbacks_.stick(stuck);
    }
}

}  // namespace cxedge::plugins
