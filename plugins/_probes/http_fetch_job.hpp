// SPDX-License-Identifier: Apache-2.0
// One request of a FetchPool with its look-ups, redirects and time limit. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/http_client_url.hpp"
#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/http_fetch_engine.hpp"

namespace cxedge::probes {

class FetchJob : public std::enable_shared_from_this<FetchJob> {
public:
    FetchJob(
        std::shared_ptr<FetchEngine> engine,
        FetchRequest request,
        FetchPool::OnBytes on_bytes,
        FetchPool::OnReply on_reply
    );
    FetchJob(const FetchJob&) = delete;
    FetchJob& operator=(const FetchJob&) = delete;
    ~FetchJob();

    // What takes long and is no part of the request: certificates that are trusted are read.
    void prepare() const;
    void begin();
    // Nothing is told any more.
    void cancel();
    [[nodiscard]] std::optional<FetchProgress> progress() const;
    [[nodiscard]] const std::string& url() const { return url_; }
    // From the engine.
    void transfer_ended(int code);
    void over_budget();

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    void visit(const std::string& url);
    void find_addresses();
    void found_addresses(const Result<Resolver::Found>& found);
    void connect(std::vector<SocketAddress> addresses);
    [[nodiscard]] FetchTransfer::Order order(std::vector<SocketAddress> addresses) const;
    void follow(const std::string& location);
    [[nodiscard]] std::string next_method(const std::string& url) const;
    void leave();
    void time_is_up();
    void end(FetchVerdict verdict);
    void deliver();
    [[nodiscard]] bool wanted(const SocketAddress& address) const;
    [[nodiscard]] std::chrono::milliseconds left() const;
    [[nodiscard]] std::chrono::microseconds elapsed() const;

    std::shared_ptr<FetchEngine> engine_;
    const std::shared_ptr<const FetchRequest> request_;
    FetchPool::OnBytes on_bytes_;
    FetchPool::OnReply on_reply_;
    FetchReply reply_;
    SteadyTime begun_{};
    std::string url_;
    std::string method_;
    devices::HttpOrigin first_;
    devices::HttpOrigin origin_;
    bool with_body_ = true;
    bool over_ = false;
    Resolver::QuestionPtr question_;
    std::unique_ptr<FetchTransfer> transfer_;
    LoopHandle deadline_;
};

}  // namespace cxedge::probes
