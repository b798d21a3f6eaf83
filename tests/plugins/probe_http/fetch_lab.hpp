// SPDX-License-Identifier: Apache-2.0
// Runs single requests of a FetchPool.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "plugins/_probes/http_fetch.hpp"

namespace cxedge::test {

class FetchLab {
public:
    explicit FetchLab(probes::BudgetLimits limits = {}, std::string interface = {})
        : meter("", "", "test", limits, clock),
          context{loop, clock, resolver, meter, std::move(interface), std::chrono::seconds(5)} {
        pool.emplace(context);
    }

    probes::FetchReply get(probes::FetchRequest request) {
        body.clear();
        std::optional<probes::FetchReply> got;
        const probes::Fetch fetch = pool->get(
            std::move(request),
            [this](std::string_view bytes) {
                body += bytes;
                return true;
            },
            [&](const probes::FetchReply& reply) {
                got = reply;
                loop.stop();
            }
        );
        const LoopHandle patience = loop.after(std::chrono::seconds(60), [this] { loop.stop(); });
        loop.run();
        if (!got) {
            throw std::runtime_error("no reply");
        }
        return *got;
    }
    probes::FetchReply get(
        const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(20)
    ) {
        probes::FetchRequest request;
        request.url = url;
        request.timeout = timeout;
        return get(std::move(request));
    }

    EventLoop loop;
    SystemClock clock;
    probes::Resolver resolver{loop};
    probes::Meter meter;
    probes::ProbeContext context;
    std::optional<probes::FetchPool> pool;
    std::string body;
};

// "ok", "timeout/server", ...
inline std::string verdict(const probes::FetchReply& reply) {
    const std::string result(probes::to_string(reply.result));
    return reply.step.empty() ? result : result + "/" + reply.step;
}

}  // namespace cxedge::test
