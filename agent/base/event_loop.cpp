// SPDX-License-Identifier: Apache-2.0
#include "agent/base/event_loop.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge {

class LoopHandle::State {
public:
    virtual ~State() = default;
    virtual void cancel() = 0;
};

namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Timer;
class Watch;

// What a turn of the loop looks through. Owns what its handles have not cancelled.
struct Agenda {
    UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    std::multimap<SteadyClock::time_point, std::shared_ptr<Timer>> timers;
    std::unordered_map<std::uint64_t, std::shared_ptr<Watch>> watches;  // by number
    std::uint64_t last_watch = 0;  // 0 stands for the loop's own eventfd
};

class Timer final : public LoopHandle::State, public std::enable_shared_from_this<Timer> {
public:
    Timer(std::weak_ptr<Agenda> agenda, milliseconds period, EventLoop::Callback callback)
        : agenda_(std::move(agenda)), period_(period), callback_(std::move(callback)) {}

    void arm(SteadyClock::time_point due) {
        if (const auto agenda = agenda_.lock()) {
            place_ = agenda->timers.emplace(due, shared_from_this());
            armed_ = true;
        }
    }

    // Requires: armed, and due. The caller keeps it alive.
    void fire() {
        const SteadyClock::time_point due = place_->first;
        disarm();
        if (period_.count() > 0) {
            // Keeps the phase; what was missed while the loop was busy is skipped.
            arm(due + ((SteadyClock::now() - due) / period_ + 1) * period_);
        }
        callback_();
    }

    void cancel() override { disarm(); }

private:
    void disarm() {
        const auto agenda = agenda_.lock();
        if (agenda && std::exchange(armed_, false)) {
            agenda->timers.erase(place_);
        }
    }

    std::weak_ptr<Agenda> agenda_;
    std::multimap<SteadyClock::time_point, std::shared_ptr<Timer>>::iterator place_;
    bool armed_ = false;
    milliseconds period_;
    EventLoop::Callback callback_;
};

// Watches a duplicate: the descriptor stays the caller's, and readable and writable watches of one
// descriptor do not meet in epoll.
class Watch final : public LoopHandle::State {
public:
    Watch(std::weak_ptr<Agenda> agenda, int fd, EventLoop::Callback callback)
        : agenda_(std::move(agenda)),
          fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)),
          callback_(std::move(callback)) {}

    bool begin(std::uint64_t number, std::uint32_t events) {
        const auto agenda = agenda_.lock();
        epoll_event event{};
        event.events = events;
        event.data.u64 = number;
        number_ = number;
        return agenda && fd_ &&
               ::epoll_ctl(agenda->epoll.get(), EPOLL_CTL_ADD, fd_.get(), &event) == 0;
    }

    void fire() const { callback_(); }

    void cancel() override {
        if (const auto agenda = agenda_.lock()) {
            // Closing would not do: the caller's descriptor keeps the file open.
            ::epoll_ctl(agenda->epoll.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
            fd_.reset();
            agenda->watches.erase(number_);
        }
    }

private:
    std::weak_ptr<Agenda> agenda_;
    UniqueFd fd_;
    std::uint64_t number_ = 0;
    EventLoop::Callback callback_;
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
    Impl() {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = 0;
        ::epoll_ctl(agenda_->epoll.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event);
    }

    void run() {
        thread_ = std::this_thread::get_id();
        while (!stopped_.load()) {
            turn(true);
        }
        stopped_ = false;
        thread_ = std::thread::id();
    }

    void poll() {
        while (!stopped_.load() && turn(false)) {
        }
    }

    void stop() {
        stopped_ = true;
        wake();
    }

    void post(Callback task) {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
        // The loop's own thread looks again before it waits.
        if (posted_.size() == 1 && thread_ != std::this_thread::get_id()) {
            wake();
        }
    }

    LoopHandle add_timer(milliseconds delay, milliseconds period, Callback callback) {
        auto timer = std::make_shared<Timer>(agenda_, period, std::move(callback));
        timer->arm(SteadyClock::now() + delay);
        return LoopHandle(std::move(timer));
    }

    LoopHandle add_watch(int fd, std::uint32_t events, Callback callback) {
        auto watch = std::make_shared<Watch>(agenda_, fd, std::move(callback));
        const std::uint64_t number = ++agenda_->last_watch;
        if (watch->begin(number, events)) {
            agenda_->watches.emplace(number, watch);
        }
        return LoopHandle(std::move(watch));
    }

private:
    // Runs what is ready, waits for it first if it may; whether anything ran.
    bool turn(bool may_wait) {
        bool ran = run_posted();
        ran = run_events(may_wait && !ran && !stopped_.load() ? pause_ms() : 0) || ran;
        return run_timers() || ran;
    }

    // Until the next timer; -1: until something happens.
    [[nodiscard]] int pause_ms() const {
        if (agenda_->timers.empty()) {
            return -1;
        }
        const auto left =
            std::chrono::ceil<milliseconds>(agenda_->timers.begin()->first - SteadyClock::now());
        constexpr std::int64_t kLongest = std::numeric_limits<int>::max();
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongest));
    }

    bool run_posted() {
        std::vector<Callback> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(posted_);
        }
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            if (stopped_.load()) {
                put_back(tasks, i);
                return true;
            }
            tasks[i]();
        }
        return !tasks.empty();
    }

    void put_back(std::vector<Callback>& tasks, std::size_t from) {
        const std::lock_guard lock(mutex_);
        const auto first = tasks.begin() + static_cast<std::ptrdiff_t>(from);
        posted_.insert(
            posted_.begin(), std::make_move_iterator(first), std::make_move_iterator(tasks.end())
        );
    }

    bool run_events(int timeout_ms) {
        std::array<epoll_event, 64> events{};
        const int count = ::epoll_wait(
            agenda_->epoll.get(), events.data(), static_cast<int>(events.size()), timeout_ms
        );
        for (int i = 0; i < count && !stopped_.load(); ++i) {
            run_event(events.at(static_cast<std::size_t>(i)).data.u64);
        }
        return count > 0;
    }

    void run_event(std::uint64_t number) {
        if (number == 0) {
            std::uint64_t times = 0;
            [[maybe_unused]] const auto drained = ::read(wake_fd_.get(), &times, sizeof times);
            return;
        }
        // An earlier callback of this turn may have cancelled it.
        if (const auto found = agenda_->watches.find(number); found != agenda_->watches.end()) {
            const std::shared_ptr<Watch> watch = found->second;
            watch->fire();
        }
    }

    // Those that are due now, not those that their callbacks make due.
    bool run_timers() {
        if (agenda_->timers.empty()) {
            return false;
        }
        bool ran = false;
        const auto now = SteadyClock::now();
        while (!stopped_.load() && !agenda_->timers.empty() && agenda_->timers.begin()->first <= now
        ) {
            const std::shared_ptr<Timer> timer = agenda_->timers.begin()->second;
            timer->fire();
            ran = true;
        }
        return ran;
    }

    void wake() const {
        const std::uint64_t one = 1;
        // It fails only when it is full, and then a wake-up is pending.
        [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &one, sizeof one);
    }

    std::shared_ptr<Agenda> agenda_ = std::make_shared<Agenda>();
    UniqueFd wake_fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    std::atomic<bool> stopped_{false};
    std::atomic<std::thread::id> thread_{};
    std::mutex mutex_;
    std::vector<Callback> posted_;
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    impl_->run();
}

void EventLoop::poll() {
    impl_->poll();
}

void EventLoop::stop() {
    impl_->stop();
}

void EventLoop::post(Callback task) {
    impl_->post(std::move(task));
}

LoopHandle EventLoop::after(milliseconds delay, Callback callback) {
    return impl_->add_timer(delay, milliseconds(0), std::move(callback));
}

LoopHandle EventLoop::every(milliseconds period, Callback callback) {
    return impl_->add_timer(period, period, std::move(callback));
}

LoopHandle EventLoop::when_readable(int fd, Callback callback) {
    return impl_->add_watch(fd, EPOLLIN, std::move(callback));
}

LoopHandle EventLoop::when_writable(int fd, Callback callback) {
    return impl_->add_watch(fd, EPOLLOUT, std::move(callback));
}

}  // namespace cxedge
