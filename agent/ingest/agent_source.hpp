// SPDX-License-Identifier: Apache-2.0
// A source compiled into cxedged. Thread: ingest.
#pragma once

#include <memory>

#include "agent/ingest/agent_host.hpp"
#include "agent/ingest/source_instance.hpp"
#include "agent/plugin_api/source_runner.hpp"

namespace cxedge::ingest {

class AgentSource final : public SourceInstance {
public:
    // `source` is fresh: init() is called by start().
    AgentSource(
        SourceSpec spec,
        const IngestContext& context,
        WorkerPool& workers,
        std::unique_ptr<Source> source
    );

    void start() override;
    void stop() override;
    [[nodiscard]] bool stopped() const override;
    void withdraw() override { host_.reporter().withdraw(); }
    [[nodiscard]] InstanceHealth health() const override;

private:
    void failed(const Error& error);

    SourceSpec spec_;
    AgentHost host_;
    std::unique_ptr<Source> fresh_;
    std::unique_ptr<SourceRunner> runner_;
    bool failed_ = false;
};

}  // namespace cxedge::ingest
