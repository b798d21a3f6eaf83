// SPDX-License-Identifier: Apache-2.0
// A FakeHost whose offload() runs on threads, as the real one's does: what hangs there hangs.
#pragma once

#include <memory>

#include "agent/plugin_api/worker_pool.hpp"

#include "tests/support/fake_host.hpp"

namespace cxedge::test {

class ThreadedHost final : public Host {
public:
    explicit ThreadedHost(FakeHost& host)
        : host_(host), workers_(std::make_unique<WorkerPool>(2)) {}

    [[nodiscard]] std::string_view source_name() const override { return host_.source_name(); }
    [[nodiscard]] const BoxName& box() const override { return host_.box(); }
    [[nodiscard]] const Clock& clock() const override { return host_.clock(); }
    [[nodiscard]] EventLoop& loop() override { return host_.loop(); }
    Result<SeriesId> declare(const SeriesInfo& info) override { return host_.declare(info); }
    Status emit(SeriesId id, double value) override { return host_.emit(id, value); }
    Status emit_at(SeriesId id, double value, WallTime time) override {
        return host_.emit_at(id, value, time);
    }
    Status emit_once(SeriesId id, double value, const Occasion& occasion) override {
        return host_.emit_once(id, value, occasion);
    }
    Status emit_lost(SeriesId id) override { return host_.emit_lost(id); }
    void emit_event(Event event) override { host_.emit_event(std::move(event)); }
    void commit(std::function<void(const Status&)> done) override { host_.commit(std::move(done)); }
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override {
        workers_->run_for(host_.loop(), std::move(work), std::move(done));
    }
    void keep(std::string_view bytes) override { host_.keep(bytes); }
    [[nodiscard]] std::string_view kept() const override { return host_.kept(); }
    void set_problem(std::string_view problem) override { host_.set_problem(problem); }
    void tell_device(const DeviceNote& note) override { host_.tell_device(note); }
    Status follow(std::string_view metric, OnReading on_reading) override {
        return host_.follow(metric, std::move(on_reading));
    }
    void log(log::Level level, std::string_view message) override { host_.log(level, message); }

private:
    FakeHost& host_;
    std::unique_ptr<WorkerPool> workers_;
};

}  // namespace cxedge::test
