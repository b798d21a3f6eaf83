// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/gpio_lines.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "plugins/_devices/gpio_request.hpp"

namespace cxedge::devices {
namespace {

constexpr int kReadsAWake = 16;  // then others on the loop get their turn

class KernelGpioChip final : public GpioChip {
public:
    explicit KernelGpioChip(std::string chip) : name_(std::move(chip)) {}

    Status watch(
        const std::vector<GpioLine>& lines, EventLoop& loop, OnEdge on_edge, OnLost on_lost
    ) override {
        close();
        auto request = request_gpio(name_, lines);
        if (!request) {
            return request.error();
        }
        request_ = std::move(*request);
        on_edge_ = std::move(on_edge);
        on_lost_ = std::move(on_lost);
        for (const int descriptor : request_->descriptors()) {
            readable_.push_back(loop.when_readable(descriptor, [this] { drain(); }));
        }
        return {};
    }

    Result<std::vector<bool>> levels() override {
        return request_ ? request_->levels() : Result<std::vector<bool>>(std::vector<bool>());
    }

private:
    // What lines say together is put in the order of time.
    void drain() {
        std::vector<GpioEdge> edges;
        std::optional<Error> lost;
        for (int i = 0; i < kReadsAWake; ++i) {
            const Result<bool> more = request_->read(edges);
            if (!more) {
                lost = more.error();
            }
            if (!more || !*more) {
                break;
            }
        }
        std::stable_sort(edges.begin(), edges.end(), [](const auto& a, const auto& b) {
            return a.at < b.at;
        });
        tell(edges, lost);
    }

    // A callee may put an end to this object.
    void tell(const std::vector<GpioEdge>& edges, const std::optional<Error>& lost) {
        const OnEdge on_edge = on_edge_;
        const OnLost on_lost = on_lost_;
        const std::weak_ptr<const bool> alive = alive_;
        for (const GpioEdge& edge : edges) {
            if (!alive.expired()) {
                on_edge(edge);
            }
        }
        if (lost && !alive.expired()) {
            close();
            on_lost(*lost);
        }
    }

    void close() {
        readable_.clear();
        request_.reset();
    }

    const std::string name_;
    std::unique_ptr<GpioRequest> request_;
    std::vector<LoopHandle> readable_;
    OnEdge on_edge_;
    OnLost on_lost_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace

std::unique_ptr<GpioChip> kernel_gpio_chip(const std::string& chip) {
    return std::make_unique<KernelGpioChip>(chip);
}

}  // namespace cxedge::devices
