// SPDX-License-Identifier: Apache-2.0
#include "plugins/kpi_socket/client.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sys/socket.h>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMaxBatches = 64;  // reads whose commit is awaited
// Answers to a client that does not wait for them come this much later.
constexpr std::chrono::milliseconds kPause{10};
constexpr std::string_view kOk = "ok\n";

void append_error(std::string& answers, std::string_view why) {
    constexpr std::size_t kLongest = 200;
    answers += "error ";
    for (const char c : why.substr(0, kLongest)) {
        // An answer is one line, whatever a message holds.
        answers += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    answers += '\n';
}

// The same answers with every "ok" replaced.
std::string without_ok(std::string_view answers, std::string_view why) {
    std::string changed;
    while (!answers.empty()) {
        const std::string_view line = answers.substr(0, answers.find('\n') + 1);
        answers.remove_prefix(line.size());
        if (line == kOk) {
            append_error(changed, why);
        } else {
            changed += line;
        }
    }
    return changed;
}

}  // namespace

Client::Client(UniqueFd fd, ClientContext& context, Closed closed)
    : fd_(std::move(fd)), context_(context), closed_(std::move(closed)) {}

void Client::start() {
    update_watches();
}

void Client::on_readable() {
    const auto keep_alive = shared_from_this();
    const std::uint64_t lines = context_.lines;
    read();
    if (fd_ && pace_.pauses_after(static_cast<std::size_t>(context_.lines - lines))) {
        pause_ = context_.host->loop().after(kPause, [this] { end_pause(); });
    }
    update_watches();
}

void Client::end_pause() {
    const auto keep_alive = shared_from_this();
    pause_ = LoopHandle();
    if (may_read()) {
        on_readable();
    } else {
        update_watches();
    }
}

void Client::read() {
    std::vector<char>& buffer = context_.buffer;
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (size < 0) {
        close();
        return;
    }
    if (size == 0) {
        take_end();
    } else {
        take_bytes({buffer.data(), static_cast<std::size_t>(size)});
    }
}

void Client::take_bytes(std::string_view bytes) {
    std::string answers;
    bool needs_commit = false;
    splitter_.feed(bytes, [&](std::string_view line, bool too_long) {
        needs_commit |= answer(line, too_long, answers);
    });
    if (!answers.empty()) {
        push(std::move(answers), needs_commit);
    }
}

// A half-closed client still gets its answers. Half a line is none: "sales 12" may have been meant
// as "sales 123".
void Client::take_end() {
    at_end_ = true;
    if (splitter_.has_partial()) {
        std::string answers;
        ++context_.lines;
        ++context_.errors;
        append_error(answers, "the last line has no line end");
        push(std::move(answers), false);
    }
}

// Appends the answer; true if it is an "ok" that awaits a commit.
bool Client::answer(std::string_view line, bool too_long, std::string& answers) {
    ++context_.lines;
    const Status status =
        too_long ? invalid_argument("line is longer than " + std::to_string(kMaxKpiLine) + " bytes")
                 : context_.take_line(line);
    if (status) {
        answers += kOk;
        return true;
    }
    ++context_.errors;
    append_error(answers, status.error().message);
    return false;
}

void Client::push(std::string answers, bool needs_commit) {
    undecided_bytes_ += answers.size();
    batches_.push_back({std::move(answers), !needs_commit});
    if (!needs_commit) {
        collect_decided();
        return;
    }
    const std::uint64_t number = first_batch_ + batches_.size() - 1;
    context_.host->commit([weak = weak_from_this(), number](const Status& status) {
        if (const auto client = weak.lock()) {
            client->decide(number, status);
        }
    });
}

void Client::decide(std::uint64_t number, const Status& status) {
    if (!fd_ || number < first_batch_ || number - first_batch_ >= batches_.size()) {
        return;
    }
    Batch& batch = batches_[static_cast<std::size_t>(number - first_batch_)];
    batch.is_decided = true;
    if (!status) {
        undecided_bytes_ -= batch.answers.size();
        batch.answers = without_ok(batch.answers, status.error().message);
        undecided_bytes_ += batch.answers.size();
    }
    collect_decided();
    update_watches();
}

void Client::collect_decided() {
    while (!batches_.empty() && batches_.front().is_decided) {
        undecided_bytes_ -= batches_.front().answers.size();
        out_ += batches_.front().answers;
        batches_.pop_front();
        ++first_batch_;
    }
    write_out();
}

void Client::write_out() {
    while (fd_ && written_ < out_.size()) {
        const ssize_t size =
            ::send(fd_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            stop_writing(errno == EAGAIN);
            return;
        }
        written_ += static_cast<std::size_t>(size);
    }
    out_.clear();
    written_ = 0;
}

// For now, and forgets what is written; or for good.
void Client::stop_writing(bool for_now) {
    if (for_now) {
        out_.erase(0, std::exchange(written_, 0));
    } else {
        close();
    }
}

bool Client::may_read() const {
    return !at_end_ && batches_.size() < kMaxBatches &&
           undecided_bytes_ + out_.size() - written_ < context_.max_answers;
}

// Watches what there is to do: level-triggered events that nobody serves would spin.
void Client::update_watches() {
    if (!fd_) {
        return;
    }
    const bool has_output = written_ < out_.size();
    if (at_end_ && batches_.empty() && !has_output) {
        close();
        return;
    }
    EventLoop& loop = context_.host->loop();
    if (!may_read() || pause_) {
        readable_ = LoopHandle();
    } else if (!readable_) {
        readable_ = loop.when_readable(fd_.get(), [this] { on_readable(); });
    }
    if (!has_output) {
        writable_ = LoopHandle();
    } else if (!writable_) {
        writable_ = loop.when_writable(fd_.get(), [this] {
            const auto keep_alive = shared_from_this();
            write_out();
            update_watches();
        });
    }
}

void Client::close() {
    pause_ = LoopHandle();
    readable_ = LoopHandle();
    writable_ = LoopHandle();
    fd_.reset();
    closed_(*this);
}

}  // namespace cxedge::plugins
