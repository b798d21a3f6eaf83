// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::uplink {

// One call of a library that may block for long, such as a name lookup, on a thread of its own. Who
// loses patience destroys the object: the call then ends in the background and its result with it.
// Thread: one; the call must use nothing that can go away before it.
template <class T>
class BlockingCall {
public:
    // unavailable: no thread to be had.
    static Result<BlockingCall> start(std::function<T()> call) {
        Held shared(std::make_unique<Shared>().release());
        shared->done_fd.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (!shared->done_fd) {
            return system_error("waiting for a blocking call", errno);
        }
        try {
            ++shared->holders;
            Held theirs(shared.get());
            std::thread thread([theirs = std::move(theirs), call = std::move(call)] {
                theirs->run(call);
            });
            return BlockingCall(std::move(shared), std::move(thread));
        } catch (const std::system_error& error) {
            return system_error("starting a thread", error.code().value());
        }
    }
    BlockingCall(BlockingCall&& other) noexcept = default;
    BlockingCall& operator=(BlockingCall&& other) noexcept {
        std::swap(shared_, other.shared_);
        std::swap(thread_, other.thread_);
        return *this;
    }
    BlockingCall(const BlockingCall&) = delete;
    BlockingCall& operator=(const BlockingCall&) = delete;
    ~BlockingCall() {
        if (!thread_.joinable()) {
            return;
        }
        if (done()) {
            thread_.join();  // it has nothing left to do
        } else {
            thread_.detach();
        }
    }

    // Readable once it is done.
    [[nodiscard]] int fd() const { return shared_->done_fd.get(); }
    [[nodiscard]] bool done() const { return shared_->done.load(); }
    // Requires: done(). Once.
    T take() { return std::move(*shared_->result); }

private:
    struct Shared {
        UniqueFd done_fd;
        std::optional<T> result;
        std::atomic<bool> done = false;
        std::atomic<int> holders = 1;

        void run(const std::function<T()>& call) {
            result.emplace(call());
            done = true;
            const std::uint64_t one = 1;
            [[maybe_unused]] const auto written = ::write(done_fd.get(), &one, sizeof one);
        }
    };
    // Not std::shared_ptr: its last release reads both counts at once, which the thread sanitizer
    // takes for a race with the release before.
    struct Leave {
        void operator()(Shared* shared) const {
            if (shared->holders.fetch_sub(1) == 1) {
                std::default_delete<Shared>()(shared);
            }
        }
    };
    using Held = std::unique_ptr<Shared, Leave>;

    BlockingCall(Held shared, std::thread thread)
        : shared_(std::move(shared)), thread_(std::move(thread)) {}

    Held shared_;
    std::thread thread_;
};

}  // namespace cxedge::uplink
