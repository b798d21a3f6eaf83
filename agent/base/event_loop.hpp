// SPDX-License-Identifier: Apache-2.0
// One thread's loop on epoll(7): timers, readable descriptors, tasks posted by other threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace cxedge {

// Owns one timer or one descriptor watch; destroying it cancels, and after the destructor returns
// the callback is never called again. Thread: the loop's.
class LoopHandle {
public:
    class State;
    LoopHandle();
    explicit LoopHandle(std::shared_ptr<State> state);
    LoopHandle(LoopHandle&& other) noexcept;
    LoopHandle& operator=(LoopHandle&& other) noexcept;
    LoopHandle(const LoopHandle&) = delete;
    LoopHandle& operator=(const LoopHandle&) = delete;
    ~LoopHandle();
    void cancel();
    explicit operator bool() const { return state_ != nullptr; }

private:
    std::shared_ptr<State> state_;
};

class EventLoop {
public:
    using Callback = std::function<void()>;

    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Runs until stop(); at once, if that came first. May be called again. Thread: the one that
    // then is "the loop's".
    void run();
    // Runs what is ready now and returns; for tests and the plugin process's shutdown.
    void poll();
    // Thread: any.
    void stop();
    // Runs `task` on the loop's thread. Thread: any.
    void post(Callback task);

    // The rest: the loop's thread only (or before run()).
    [[nodiscard]] LoopHandle after(std::chrono::milliseconds delay, Callback callback);
    // Fixed rate on the steady clock; ticks missed while the loop was busy are skipped, not
    // replayed.
    [[nodiscard]] LoopHandle every(std::chrono::milliseconds period, Callback callback);
    // Calls back whenever `fd` is readable (level triggered). `fd` stays the caller's, blocking or
    // not as it was, and must outlive the handle. The callback may destroy its own handle.
    [[nodiscard]] LoopHandle when_readable(int fd, Callback callback);
    // Calls back whenever `fd` is writable; keep the handle only while there is something to write.
    [[nodiscard]] LoopHandle when_writable(int fd, Callback callback);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge
