// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_engine.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_probes/http_fetch_job.hpp"

namespace cxedge::probes {

FetchEngine::FetchEngine(const ProbeContext& context)
    : context_(context), sockets_(context.meter, context.interface) {
    multi_.emplace(
        context.loop,
        devices::CurlMulti::Events{
            [this](void* easy, int code) { ended(easy, code); },
            [this] {
                turned();
            }}
    );
}

FetchEngine::~FetchEngine() = default;

std::vector<SocketAddress> FetchEngine::remembered(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? std::vector<SocketAddress>() : found->second;
}

void FetchEngine::remember(const std::string& name, std::vector<SocketAddress> addresses) {
    names_[name] = std::move(addresses);
}

void FetchEngine::enlist(const std::shared_ptr<FetchJob>& job) {
    std::erase_if(jobs_, [](const auto& weak) { return weak.expired(); });
    jobs_.push_back(job);
}

bool FetchEngine::start(const FetchTransfer& transfer, const std::shared_ptr<FetchJob>& job) {
    running_[transfer.easy()] = job;
    return multi_->add(transfer.easy());
}

void FetchEngine::retire(std::unique_ptr<FetchTransfer> transfer) {
    transfer->abandon();
    running_.erase(transfer->easy());
    if (in_curl_ == 0) {
        multi_->remove(transfer->easy());
        return;
    }
    retired_.push_back(std::move(transfer));
    kept_alive_ = shared_from_this();
}

// libcurl calls back no more in this turn, but is not through with it.
void FetchEngine::bury() {
    for (const auto& transfer : retired_) {
        multi_->remove(transfer->easy());
    }
    retired_.clear();
    if (auto self = std::exchange(kept_alive_, nullptr)) {
        loop().post([self = std::move(self)] {});
    }
}

void FetchEngine::turned() {
    bury();
    sockets_.settle();
    if (sockets_.capped()) {
        stop_capped();
    }
}

void FetchEngine::stop_capped() {
    const auto running = running_;
    for (const auto& [easy, weak] : running) {
        if (const auto job = weak.lock()) {
            job->over_budget();
        }
    }
}

void FetchEngine::ended(void* easy, int code) {
    const auto found = running_.find(easy);
    if (const auto job = found == running_.end() ? nullptr : found->second.lock()) {
        job->transfer_ended(code);
    }
}

void FetchEngine::shut() {
    const auto jobs = std::exchange(jobs_, {});
    for (const auto& weak : jobs) {
        if (const auto job = weak.lock()) {
            job->cancel();
        }
    }
    sockets_.shut();
}

}  // namespace cxedge::probes
