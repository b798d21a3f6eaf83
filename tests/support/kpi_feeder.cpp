// SPDX-License-Identifier: Apache-2.0
#include "tests/support/kpi_feeder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/unix_socket.hpp"

namespace cxedge::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

// An answer that does not come must not let the queue of lines grow without end.
constexpr std::size_t kMostWaiting = 20'000;
constexpr std::chrono::milliseconds kRefusedPause{50};

std::int64_t now_ns() {
    return std::chrono::nanoseconds(SteadyClock::now().time_since_epoch()).count();
}

}  // namespace

std::string KpiFeeder::value_of(std::size_t sample) {
    const std::uint64_t mixed = (sample + 1) * 0x9E3779B97F4A7C15ULL;
    return fmt::format("{}.{:02}", sample, (mixed >> 40U) % 100);
}

KpiFeeder::KpiFeeder(KpiFeed feed)
    : feed_(std::move(feed)),
      sent_(feed_.samples),
      limit_(feed_.samples),
      begin_(SteadyClock::now()),
      thread_([this] { run(); }) {}

KpiFeeder::~KpiFeeder() {
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool KpiFeeder::finish(std::chrono::milliseconds patience) {
    const auto end = SteadyClock::now() + patience;
    while (!ended_ && SteadyClock::now() < end) {
        ::poll(nullptr, 0, 1);
    }
    const bool complete = ended_;
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    return complete;
}

bool KpiFeeder::at_end() const {
    return next_ >= limit_ && waiting_.empty() && again_.empty();
}

void KpiFeeder::run() {
    while (!stopping_ && !at_end()) {
        if (!fd_) {
            connect();
        }
        if (fd_) {
            write_due();
            flush();
        }
        wait();
        if (fd_) {
            read_answers();
        }
    }
    ended_ = at_end();
}

void KpiFeeder::connect() {
    struct stat info {};
    if (::stat(feed_.socket.c_str(), &info) == 0 && S_ISFIFO(info.st_mode)) {
        // Fails until somebody reads it.
        fd_.reset(::open(feed_.socket.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        return;
    }
    auto connection = connect_unix_socket(feed_.socket, SOCK_STREAM);
    if (connection && connection->code == 0) {
        fd_ = std::move(connection->socket);
    }
}

// Whether the agent took what it did not answer is unknown.
void KpiFeeder::lost() {
    fd_.reset();
    in_.clear();
    out_.clear();
    if (feed_.repeat_unanswered) {
        for (const std::size_t sample : waiting_) {
            sent_[sample].repeated = true;
        }
        again_.insert(again_.end(), waiting_.begin(), waiting_.end());
    }
    waiting_.clear();
}

std::size_t KpiFeeder::due() const {
    auto elapsed = SteadyClock::now() - begin_;
    if (!feed_.strict) {
        elapsed -= elapsed % feed_.burst;
    }
    const double seconds = std::chrono::duration<double>(elapsed).count();
    return std::min(limit_.load(), static_cast<std::size_t>(seconds * feed_.rate));
}

void KpiFeeder::write_due() {
    const std::size_t most = feed_.strict ? 1 : kMostWaiting;
    while (!again_.empty() && waiting_.size() < most && SteadyClock::now() >= again_at_) {
        write_sample(again_.front());
        again_.pop_front();
    }
    for (const std::size_t end = due(); next_ < end && waiting_.size() < most;) {
        write_sample(next_++);
    }
}

void KpiFeeder::write_sample(std::size_t sample) {
    if (feed_.before.empty()) {
        out_.append(feed_.series).append(1, ' ');
    }
    out_.append(feed_.before).append(value_of(sample)).append(1, '\n');
    waiting_.push_back(sample);
    KpiSent& sent = sent_[sample];
    sent.first_ns = sent.first_ns == 0 ? now_ns() : sent.first_ns;
}

void KpiFeeder::flush() {
    ssize_t size = out_.empty() ? 0 : ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == ENOTSOCK) {
        size = ::write(fd_.get(), out_.data(), out_.size());
    }
    if (size > 0) {
        out_.erase(0, static_cast<std::size_t>(size));
    } else if (size < 0 && errno != EAGAIN && errno != EINTR) {
        lost();
    }
    if (!feed_.answered && fd_ && out_.empty()) {
        take_written();
    }
}

void KpiFeeder::take_written() {
    for (const std::size_t sample : waiting_) {
        sent_[sample].ok_ns = now_ns();
        ++acknowledged_;
    }
    waiting_.clear();
}

void KpiFeeder::read_answers() {
    if (!feed_.answered) {
        return;
    }
    std::array<char, 65536> chunk{};
    const ssize_t size = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        lost();
        return;
    }
    in_.append(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    std::size_t begin = 0;
    for (std::size_t end = in_.find('\n'); end != std::string::npos; end = in_.find('\n', begin)) {
        take_answer(std::string_view(in_).substr(begin, end - begin));
        begin = end + 1;
    }
    in_.erase(0, begin);
}

void KpiFeeder::take_answer(std::string_view answer) {
    if (waiting_.empty()) {
        return;
    }
    const std::size_t sample = waiting_.front();
    waiting_.pop_front();
    if (answer.starts_with(feed_.ok)) {
        sent_[sample].ok_ns = now_ns();
        ++acknowledged_;
    } else {
        // Not taken, and the agent knows it: the same value again is no repetition.
        ++refusals_;
        again_.push_back(sample);
        again_at_ = SteadyClock::now() + kRefusedPause;
    }
}

// For answers, for room to write, for the next burst.
void KpiFeeder::wait() const {
    const bool strict_turn = feed_.strict && waiting_.empty();
    const bool more_due = next_ < due();
    const int timeout = strict_turn && more_due && fd_ ? 0 : 1;
    const bool writes = !out_.empty();
    pollfd ready{fd_.get(), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
    ::poll(&ready, fd_ ? 1 : 0, timeout);
}

}  // namespace cxedge::test
