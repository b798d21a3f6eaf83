// SPDX-License-Identifier: Apache-2.0
#include "agent/base/event_loop.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <fcntl.h>

namespace cxedge {

class LoopHandle::State {
public:
    virtual ~State() = default;
    virtual void cancel() = 0;
};

namespace {

using SteadyClock = std::chrono::steady_clock;

class TimerState final : public LoopHandle::State, public std::enable_shared_from_this<TimerState> {
public:
    TimerState(
        asio::io_context& context, std::chrono::milliseconds period, EventLoop::Callback callback
    )
        : timer_(context), period_(period), callback_(std::move(callback)) {}

    void arm(SteadyClock::time_point due) {
        timer_.expires_at(due);
        timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
            if (!error && !self->cancelled_) {
                self->fire();
            }
        });
    }

    void cancel() override {
        cancelled_ = true;
        timer_.cancel();
    }

private:
    void fire() {
        if (period_.count() > 0) {
            arm(next_due());
        }
        callback_();
    }

    // Keeps the phase; what was missed while the loop was busy is skipped.
    [[nodiscard]] SteadyClock::time_point next_due() const {
        const auto now = SteadyClock::now();
        const auto missed = (now - timer_.expiry()) / period_;
        return timer_.expiry() + (missed + 1) * period_;
    }

    asio::steady_timer timer_;
    std::chrono::milliseconds period_;
    EventLoop::Callback callback_;
    bool cancelled_ = false;
};

// Of a loop with a clock of its own.
class ClockTimerState final : public LoopHandle::State {
public:
    ClockTimerState(SteadyTime due, std::chrono::milliseconds period, EventLoop::Callback callback)
        : due_(due), period_(period), callback_(std::move(callback)) {}

    void cancel() override { over_ = true; }
    [[nodiscard]] bool over() const { return over_; }
    [[nodiscard]] SteadyTime due() const { return due_; }

    void fire(SteadyTime now) {
        if (period_.count() > 0) {
            due_ += ((now - due_) / period_ + 1) * period_;  // what was missed is skipped
        } else {
            over_ = true;
        }
        callback_();
    }

private:
    SteadyTime due_;
    std::chrono::milliseconds period_;
    EventLoop::Callback callback_;
    bool over_ = false;
};

// Fires what is due, in order of time, only when asked.
class ClockTimers {
public:
    explicit ClockTimers(const Clock& clock) : clock_(clock) {}

    LoopHandle add(
        std::chrono::milliseconds delay,
        std::chrono::milliseconds period,
        EventLoop::Callback callback
    ) {
        const SteadyTime due = clock_.steady_now() + delay;
        timers_.push_back(std::make_shared<ClockTimerState>(due, period, std::move(callback)));
        return LoopHandle(timers_.back());
    }

    void fire_due() {
        const SteadyTime now = clock_.steady_now();
        while (const auto next = earliest()) {
            if (next->due() > now) {
                return;
            }
            next->fire(now);
        }
    }

private:
    std::shared_ptr<ClockTimerState> earliest() {
        std::erase_if(timers_, [](const auto& timer) { return timer->over(); });
        const auto found =
            std::min_element(timers_.begin(), timers_.end(), [](const auto& a, const auto& b) {
                return a->due() < b->due();
            });
        return found == timers_.end() ? nullptr : *found;
    }

    const Clock& clock_;
    std::vector<std::shared_ptr<ClockTimerState>> timers_;
};

class DescriptorState final : public LoopHandle::State,
                              public std::enable_shared_from_this<DescriptorState> {
public:
    using Wait = asio::posix::stream_descriptor::wait_type;

    // Watches a duplicate: the descriptor stays the caller's, and readable and writable watches
    // of one descriptor do not meet in epoll.
    DescriptorState(asio::io_context& context, int fd, Wait wait, EventLoop::Callback callback)
        : descriptor_(context), wait_(wait), callback_(std::move(callback)) {
        asio::error_code ignored;
        descriptor_.assign(::fcntl(fd, F_DUPFD_CLOEXEC, 0), ignored);
        keep_file_flags();
    }

    void arm() {
        if (!descriptor_.is_open()) {
            return;
        }
        descriptor_.async_wait(wait_, [self = shared_from_this()](const asio::error_code& error) {
            if (!error && !self->cancelled_) {
                self->callback_();
                self->rearm();
            }
        });
    }

    void cancel() override {
        cancelled_ = true;
        asio::error_code ignored;
        descriptor_.close(ignored);
    }

private:
    void rearm() {
        if (!cancelled_) {
            arm();
        }
    }

    // Before its first wait asio makes a descriptor non-blocking, and that flag is shared with the
    // caller's original. It does so once: here, and undone.
    void keep_file_flags() {
        const int flags = ::fcntl(descriptor_.native_handle(), F_GETFL);
        asio::error_code ignored;
        descriptor_.native_non_blocking(true, ignored);
        if (flags >= 0) {
            ::fcntl(descriptor_.native_handle(), F_SETFL, flags);
        }
    }

    asio::posix::stream_descriptor descriptor_;
    Wait wait_;
    EventLoop::Callback callback_;
    bool cancelled_ = false;
};

}  // namespace

LoopHandle::LoopHandle() = default;
LoopHandle::LoopHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}
LoopHandle::LoopHandle(LoopHandle&& other) noexcept = default;

LoopHandle& LoopHandle::operator=(LoopHandle&& other) noexcept {
    if (this != &other) {
        cancel();
        state_ = std::move(other.state_);
    }
    return *this;
}

LoopHandle::~LoopHandle() {
    cancel();
}

void LoopHandle::cancel() {
    if (const auto state = std::exchange(state_, nullptr)) {
        state->cancel();
    }
}

class EventLoop::Impl {
public:
    LoopHandle timer(
        std::chrono::milliseconds delay, std::chrono::milliseconds period, Callback callback
    ) {
        if (timers) {
            return timers->add(delay, period, std::move(callback));
        }
        auto state = std::make_shared<TimerState>(context, period, std::move(callback));
        state->arm(SteadyClock::now() + delay);
        return LoopHandle(std::move(state));
    }

    std::optional<ClockTimers> timers;  // empty: the context's own
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::EventLoop(const Clock& clock) : EventLoop() {
    impl_->timers.emplace(clock);
}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    impl_->context.run();
    impl_->context.restart();  // or poll() would find a stopped loop for ever
}

void EventLoop::poll() {
    impl_->context.poll();
    if (impl_->timers) {
        impl_->timers->fire_due();
        impl_->context.poll();  // what they posted
    }
}

void EventLoop::stop() {
    impl_->context.stop();
}

void EventLoop::post(Callback task) {
    asio::post(impl_->context, std::move(task));
}

LoopHandle EventLoop::after(std::chrono::milliseconds delay, Callback callback) {
    return impl_->timer(delay, std::chrono::milliseconds(0), std::move(callback));
}

LoopHandle EventLoop::every(std::chrono::milliseconds period, Callback callback) {
    return impl_->timer(period, period, std::move(callback));
}

LoopHandle EventLoop::when_readable(int fd, Callback callback) {
    auto state = std::make_shared<DescriptorState>(
        impl_->context, fd, DescriptorState::Wait::wait_read, std::move(callback)
    );
    state->arm();
    return LoopHandle(std::move(state));
}

LoopHandle EventLoop::when_writable(int fd, Callback callback) {
    auto state = std::make_shared<DescriptorState>(
        impl_->context, fd, DescriptorState::Wait::wait_write, std::move(callback)
    );
    state->arm();
    return LoopHandle(std::move(state));
}

}  // namespace cxedge
