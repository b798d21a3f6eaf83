// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch.hpp"

#include <utility>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_probes/http_fetch_job.hpp"

namespace cxedge::probes {

class Fetch::State {
public:
    explicit State(std::shared_ptr<FetchJob> job) : job_(std::move(job)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { job_->cancel(); }
    [[nodiscard]] std::optional<FetchProgress> progress() const { return job_->progress(); }
    [[nodiscard]] const std::string& url() const { return job_->url(); }

private:
    const std::shared_ptr<FetchJob> job_;
};

Fetch::Fetch() = default;
Fetch::Fetch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Fetch::Fetch(Fetch&&) noexcept = default;
Fetch& Fetch::operator=(Fetch&&) noexcept = default;
Fetch::~Fetch() = default;

std::optional<FetchProgress> Fetch::progress() const {
    return state_ == nullptr ? std::nullopt : state_->progress();
}

const std::string& Fetch::url() const {
    return state_->url();
}

class FetchPool::Impl {
public:
    explicit Impl(const ProbeContext& context) : engine_(std::make_shared<FetchEngine>(context)) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { engine_->shut(); }

    std::unique_ptr<Fetch::State> start(FetchRequest request, OnBytes on_bytes, OnReply on_reply) {
        auto job = std::make_shared<FetchJob>(
            engine_, std::move(request), std::move(on_bytes), std::move(on_reply)
        );
        engine_->enlist(job);
        job->prepare();
        engine_->loop().post([weak = std::weak_ptr(job)] {
            if (const auto begun = weak.lock()) {
                begun->begin();
            }
        });
        return std::make_unique<Fetch::State>(std::move(job));
    }

private:
    const std::shared_ptr<FetchEngine> engine_;
};

FetchPool::FetchPool(const ProbeContext& context) : impl_(std::make_shared<Impl>(context)) {}
FetchPool::~FetchPool() = default;

Fetch FetchPool::get(FetchRequest request, OnBytes on_bytes, OnReply on_reply) {
    return Fetch(impl_->start(std::move(request), std::move(on_bytes), std::move(on_reply)));
}

std::string check_url(const std::string& url) {
    return devices::check_http_url(url);
}

}  // namespace cxedge::probes
