// SPDX-License-Identifier: Apache-2.0
#include "agent/control/session.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>

namespace cxedge::control {
namespace {

// A client that asks faster than it reads answers is not read from until it caught up.
constexpr std::size_t kMaxPending = 64;
constexpr std::size_t kMaxOutputBytes = 256UL * 1024UL;

// The operation a request names, or why there is none.
Result<std::string> operation_of(std::string_view line) {
    const auto request = nlohmann::json::parse(line, nullptr, false);
    if (!request.is_object()) {
        return invalid_argument(R"(a request is one JSON object a line: {"op":"status"})");
    }
    const auto op = request.find("op");
    if (op == request.end() || !op->is_string()) {
        return invalid_argument(R"(the request names no operation: {"op":"status"})");
    }
    return op->get<std::string>();
}

std::string unknown_operation(const std::string& name, const Operations& operations) {
    std::string text = "unknown operation '" + name.substr(0, 64) + "'; known:";
    for (const auto& [known, operation] : operations) {
        text += " " + known;
    }
    return text;
}

// The peer closed both directions; after a shutdown of its writing side alone it still listens.
bool hung_up(const UniqueFd& socket) {
    pollfd entry{socket.get(), 0, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

Session::Session(
    EventLoop& loop,
    UniqueFd socket,
    const Operations& operations,
    std::function<void(Session&)> closed
)
    : loop_(loop),
      socket_(std::move(socket)),
      operations_(operations),
      closed_(std::move(closed)) {}

void Session::start() {
    arrange();
}

void Session::on_readable() {
    const auto self = shared_from_this();  // closing drops the server's reference
    std::array<char, 16384> buffer{};
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            close();
        }
        return;
    }
    if (got == 0 && hung_up(socket_)) {
        close();  // nobody is left to answer; do not hold the place until a slow operation ends
        return;
    }
    input_ended_ = got == 0;
    input_.append(buffer.data(), static_cast<std::size_t>(got));
    take_lines();
    arrange();
}

void Session::on_writable() {
    const auto self = shared_from_this();
    take_lines();  // what had to wait for room
    arrange();
}

void Session::take_lines() {
    std::size_t begin = 0;
    while (pending_.size() < kMaxPending && output_.size() < kMaxOutputBytes) {
        const std::size_t end = input_.find('\n', begin);
        if (end == std::string::npos) {
            break;
        }
        handle(std::string_view(input_).substr(begin, end - begin));
        begin = end + 1;
    }
    input_.erase(0, begin);
    const bool whole_line_waits = input_.find('\n') != std::string::npos;
    if (!whole_line_waits && input_.size() > kMaxRequestBytes) {
        input_.clear();
        input_ended_ = true;  // where the next request begins is unknown: answer, then close
        pending_.emplace_back(error_answer("the request is longer than 65536 bytes"));
    } else if (!whole_line_waits && input_ended_ && !input_.empty()) {
        handle(std::exchange(input_, {}));  // a last line without its newline
    }
}

void Session::handle(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        return;
    }
    const std::uint64_t ticket = first_ticket_ + pending_.size();
    pending_.emplace_back();
    if (line.size() > kMaxRequestBytes) {
        answer(ticket, error_answer("the request is longer than 65536 bytes"));
        return;
    }
    const auto name = operation_of(line);
    if (!name) {
        answer(ticket, error_answer(name.error().message));
        return;
    }
    const auto operation = operations_.find(*name);
    if (operation == operations_.end()) {
        answer(ticket, error_answer(unknown_operation(*name, operations_)));
        return;
    }
    operation->second(line, [weak = weak_from_this(), ticket](std::string text) {
        if (const auto self = weak.lock()) {
            self->answer_later(ticket, std::move(text));
        }
    });
}

// The sending is posted, not done: an operation that answers at once is still inside take_lines().
void Session::answer_later(std::uint64_t ticket, std::string line) {
    answer(ticket, std::move(line));
    loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->take_lines();
            self->arrange();
        }
    });
}

void Session::answer(std::uint64_t ticket, std::string line) {
    if (ticket < first_ticket_ || ticket - first_ticket_ >= pending_.size()) {
        return;
    }
    auto& awaited = pending_[static_cast<std::size_t>(ticket - first_ticket_)];
    if (!awaited) {
        awaited = std::move(line);
    }
}

void Session::collect_answers() {
    while (!pending_.empty() && pending_.front()) {
        output_ += *pending_.front();
        output_ += '\n';
        pending_.pop_front();
        ++first_ticket_;
    }
}

bool Session::write_out() {
    while (!output_.empty()) {
        const ssize_t sent = ::send(socket_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        output_.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
}

bool Session::wants_input() const {
    return !input_ended_ && input_.size() <= kMaxRequestBytes && pending_.size() < kMaxPending &&
           output_.size() < kMaxOutputBytes;
}

void Session::arrange() {
    if (!socket_) {
        return;
    }
    collect_answers();
    const bool done = input_ended_ && input_.empty() && pending_.empty();
    if (!write_out() || (done && output_.empty())) {
        close();
        return;
    }
    if (!wants_input()) {
        readable_ = {};
    } else if (!readable_) {
        readable_ = loop_.when_readable(socket_.get(), [this] { on_readable(); });
    }
    if (output_.empty()) {
        writable_ = {};
    } else if (!writable_) {
        writable_ = loop_.when_writable(socket_.get(), [this] { on_writable(); });
    }
}

void Session::close() {
    readable_ = {};
    writable_ = {};
    socket_.reset();
    if (const auto closed = std::exchange(closed_, nullptr)) {
        closed(*this);
    }
}

}  // namespace cxedge::control
