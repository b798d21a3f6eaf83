// SPDX-License-Identifier: Apache-2.0
// What all requests of a FetchPool share. Thread: the loop's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/http_client_multi.hpp"
#include "plugins/_probes/http_fetch_sockets.hpp"
#include "plugins/_probes/http_fetch_transfer.hpp"

namespace cxedge::probes {

class FetchJob;

class FetchEngine : public std::enable_shared_from_this<FetchEngine> {
public:
    explicit FetchEngine(const ProbeContext& context);
    FetchEngine(const FetchEngine&) = delete;
    FetchEngine& operator=(const FetchEngine&) = delete;
    ~FetchEngine();

    [[nodiscard]] EventLoop& loop() const { return context_.loop; }
    [[nodiscard]] Resolver& resolver() const { return context_.resolver; }
    [[nodiscard]] FetchTransfer::Shared shared() { return {sockets_, in_curl_}; }
    [[nodiscard]] bool capped() const { return sockets_.capped(); }
    [[nodiscard]] bool exhausted() { return context_.meter.exhausted(); }
    [[nodiscard]] bool spend(std::uint64_t bytes, std::uint64_t packets) {
        return context_.meter.spend(bytes, packets);
    }
    void settle() { sockets_.settle(); }

    // Of a name that was asked for in this pool; a browser does not ask again for each picture.
    [[nodiscard]] std::vector<SocketAddress> remembered(const std::string& name) const;
    void remember(const std::string& name, std::vector<SocketAddress> addresses);

    // Connections are shared by those who trust the same; libcurl is not told whom that is.
    [[nodiscard]] bool trusts_alike(const std::string& ca_file) {
        trusted_ = trusted_.value_or(ca_file);
        return *trusted_ == ca_file;
    }

    void enlist(const std::shared_ptr<FetchJob>& job);
    // False: libcurl does not want it.
    [[nodiscard]] bool start(const FetchTransfer& transfer, const std::shared_ptr<FetchJob>& job);
    // Ends it now, or as soon as libcurl is not at work with it.
    void retire(std::unique_ptr<FetchTransfer> transfer);
    // The pool is gone: ends all requests, and leaves the context alone from now on.
    void shut();

private:
    void turned();
    void ended(void* easy, int code);
    void bury();
    void stop_capped();

    const ProbeContext context_;  // a copy: what it refers to outlives the pool
    FetchSockets sockets_;
    std::map<std::string, std::vector<SocketAddress>> names_;
    std::optional<std::string> trusted_;
    std::vector<std::weak_ptr<FetchJob>> jobs_;
    std::map<void*, std::weak_ptr<FetchJob>> running_;  // by libcurl's handle
    int in_curl_ = 0;
    std::vector<std::unique_ptr<FetchTransfer>> retired_;
    std::shared_ptr<FetchEngine> kept_alive_;  // while something is in retired_
    // Goes first: it closes what is open.
    std::optional<devices::CurlMulti> multi_;
};

}  // namespace cxedge::probes
