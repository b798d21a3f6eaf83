// SPDX-License-Identifier: Apache-2.0
// The Host of a source that runs inside cxedged. Thread: ingest.
#pragma once

#include "agent/ingest/source_reporter.hpp"
#include "agent/plugin_api/host.hpp"
#include "agent/plugin_api/worker_pool.hpp"

namespace cxedge::ingest {

class AgentHost final : public Host {
public:
    AgentHost(const SourceSpec& spec, const IngestContext& context, WorkerPool& workers);

    [[nodiscard]] std::string_view source_name() const override { return name_; }
    [[nodiscard]] const Clock& clock() const override { return context_.clock; }
    [[nodiscard]] EventLoop& loop() override { return context_.loop; }
    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status emit(SeriesId series, double value) override;
    Status emit_at(SeriesId series, double value, WallTime device_time) override;
    Status emit_lost(SeriesId series) override;
    void emit_event(Event event) override;
    void commit(std::function<void(const Status&)> done) override;
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override;
    void keep(std::string_view bytes) override;
    [[nodiscard]] std::string_view kept() const override { return kept_; }
    void set_problem(std::string_view problem) override;
    void log(log::Level level, std::string_view message) override;

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
    std::uint64_t readings_ = 0;
    bool acknowledges_ = false;
};

}  // namespace cxedge::ingest
