// SPDX-License-Identifier: Apache-2.0
// The Host of a source that runs inside cxedged. Thread: ingest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/ingest/source_reporter.hpp"
#include "agent/plugin_api/host.hpp"
#include "agent/plugin_api/worker_pool.hpp"

namespace cxedge::ingest {

class AgentHost final : public Host {
public:
    AgentHost(const SourceSpec& spec, const IngestContext& context, WorkerPool& workers);

    [[nodiscard]] std::string_view source_name() const override { return name_; }
    [[nodiscard]] const BoxName& box() const override { return context_.box; }
    [[nodiscard]] const Clock& clock() const override { return context_.clock; }
    [[nodiscard]] EventLoop& loop() override { return context_.loop; }
    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status emit(SeriesId series, double value) override;
    Status emit_at(SeriesId series, double value, WallTime device_time) override;
    Status emit_once(SeriesId series, double value, const Occasion& occasion) override;
    Status emit_lost(SeriesId series) override;
    void emit_event(Event event) override;
    void commit(std::function<void(const Status&)> done) override;
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override;
    void keep(std::string_view bytes) override;
    [[nodiscard]] std::string_view kept() const override { return kept_; }
    void set_problem(std::string_view problem) override;
    void tell_device(const DeviceNote& note) override;
    Status follow(std::string_view metric, OnReading on_reading) override;
    void log(log::Level level, std::string_view message) override;

    // It has stopped: whom it followed is told no more.
    void unfollow() { followed_.clear(); }
    void set_acknowledges(bool acknowledges) { acknowledges_ = acknowledges; }
    [[nodiscard]] SourceReporter& reporter() { return reporter_; }
    [[nodiscard]] const SourceReporter& reporter() const { return reporter_; }
    [[nodiscard]] std::uint64_t readings() const { return readings_; }

private:
    Status told(SeriesId series, Status status);

    std::string name_;
    std::string kept_;
    Durability durability_;
    IngestContext context_;
    WorkerPool& workers_;
    SourceReporter reporter_;
    std::vector<std::shared_ptr<void>> followed_;
    std::uint64_t readings_ = 0;
    bool acknowledges_ = false;
};

}  // namespace cxedge::ingest
