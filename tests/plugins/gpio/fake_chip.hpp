// SPDX-License-Identifier: Apache-2.0
// A GPIO chip whose levels the test sets.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/_devices/gpio_lines.hpp"

#include "tests/support/fake_host.hpp"

namespace cxedge::test {

// Outlives the chips that the source makes.
class FakePins {
public:
    explicit FakePins(FakeHost& host) : host_(host) {}

    bool there = true;    // the chip
    bool misses = false;  // the kernel drops edges
    std::vector<devices::GpioLine> lines;
    int made = 0;

    // The logical level of a line of the chip, now.
    void set(std::uint32_t offset, bool active) {
        levels_[offset] = active;
        if (!misses && on_edge_) {
            on_edge_({index_of_line(offset), active, host_.clock().steady_now().time_since_epoch()}
            );
        }
    }
    void unplug() {
        there = false;
        const auto lost = std::exchange(on_lost_, nullptr);
        on_edge_ = nullptr;
        lost(unavailable("/dev/gpiochip0: No such device"));
    }
    devices::MakeGpioChip maker() {
        return [this](const std::string&) {
            return std::make_unique<Chip>(*this);
        };
    }

private:
    class Chip final : public devices::GpioChip {
    public:
        explicit Chip(FakePins& pins) : pins_(pins) { ++pins_.made; }
        Chip(const Chip&) = delete;
        Chip& operator=(const Chip&) = delete;
        ~Chip() override = default;
        Status watch(
            const std::vector<devices::GpioLine>& lines,
            EventLoop& loop,
            OnEdge on_edge,
            OnLost on_lost
        ) override {
            static_cast<void>(loop);
            if (!pins_.there) {
                return unavailable("/dev/gpiochip0: No such file or directory");
            }
            pins_.lines = lines;
            pins_.on_edge_ = std::move(on_edge);
            pins_.on_lost_ = std::move(on_lost);
            return {};
        }
        Result<std::vector<bool>> levels() override {
            std::vector<bool> levels;
            for (const devices::GpioLine& line : pins_.lines) {
                levels.push_back(pins_.levels_[line.offset]);
            }
            return levels;
        }

    private:
        FakePins& pins_;
    };

    [[nodiscard]] std::size_t index_of_line(std::uint32_t offset) const {
        std::size_t i = 0;
        while (i < lines.size() && lines[i].offset != offset) {
            ++i;
        }
        return i;
    }

    FakeHost& host_;
    std::map<std::uint32_t, bool> levels_;
    devices::GpioChip::OnEdge on_edge_;
    devices::GpioChip::OnLost on_lost_;
};

}  // namespace cxedge::test
