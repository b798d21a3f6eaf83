// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/tcp_dial.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::probes {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kNanosecondsAMillisecond = 1'000'000;

std::string words_of(int error, const DialRequest& request) {
    switch (error) {
        case ETIMEDOUT:
            return "does not answer";
        case ECONNREFUSED:
            return fmt::format("nothing listens at port {}", request.port);
        case ECONNRESET:
            return "breaks the connection off";
        default:
            return words_of_errno(error);
    }
}

std::string joined_skips(const std::vector<std::string>& skipped) {
    std::string all;
    for (const std::string& each : skipped) {
        all += (all.empty() ? "" : "; ") + each;
    }
    return all;
}

std::uint32_t repeats_of(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_total_retrans : 0;
}

}  // namespace

std::uint64_t tcp_handshake_packet(const SocketAddress& to) {
    return to.is_v6() ? 80 : 60;
}

std::uint64_t tcp_plain_packet(const SocketAddress& to) {
    return to.is_v6() ? 72 : 52;
}

bool is_numeric(const std::string& host) {
    return SocketAddress::parse(host).has_value();
}

std::string family_text(const SocketAddress& address) {
    return address.is_v6() ? "6" : "4";
}

TcpDial::TcpDial(const ProbeContext& context, DialRequest request, Done done)
    : context_(context),
      request_(std::move(request)),
      done_(std::move(done)),
      deadline_ns_(monotonic_ns() + request_.timeout.count() * kNanosecondsAMillisecond) {
    timer_ = context_.loop.after(milliseconds(0), [this] { look_up(); });
}

milliseconds TcpDial::left() const {
    const std::int64_t ns = deadline_ns_ - monotonic_ns();
    return milliseconds(std::max<std::int64_t>(ns / kNanosecondsAMillisecond, 1));
}

void TcpDial::look_up() {
    if (request_.host.empty() || request_.port == 0) {
        end(ProbeResult::dns_error, "dns", "the target must be host:port");
        return;
    }
    question_ = context_.resolver.resolve_anew(
        request_.host,
        request_.family,
        left(),
        [this](const Result<Resolver::Found>& found) { take(found); }
    );
}

void TcpDial::take(const Result<Resolver::Found>& found) {
    if (!found) {
        end(ProbeResult::dns_error, "dns", found.error().message);
        return;
    }
    if (!is_numeric(request_.host)) {
        dialled_.resolve_s = std::chrono::duration<double>(found->took).count();
    }
    for (SocketAddress address : found->addresses) {
        address.set_port(request_.port);
        addresses_.push_back(address);
    }
    if (!request_.every_address) {
        addresses_.resize(1);
    }
    next();
}

void TcpDial::next() {
    if (at_ == addresses_.size()) {
        end(first_result_.value_or(ProbeResult::no_route), "connect", joined_skips(dialled_.skipped)
        );
        return;
    }
    const SocketAddress& to = addresses_[at_];
    if (!dialled_.addressed) {
        dialled_.address = to;
        dialled_.addressed = true;
    }
    knock(to);
}

void TcpDial::knock(const SocketAddress& to) {
    Opened opened = open_socket(to.family(), SOCK_STREAM, 0, context_.interface);
    if (!opened) {
        skip(result_of_socket(opened.error), words_of_socket(opened.error, context_.interface));
        return;
    }
    if (!context_.meter.spend(tcp_handshake_packet(to))) {
        end(ProbeResult::capped, "connect", "the budget is used up");
        return;
    }
    fd_ = std::move(opened.fd);
    knocked_ns_ = monotonic_ns();
    const int error = begin_connect(fd_.get(), to);
    if (error != 0) {
        failed(error);
        return;
    }
    writable_ = context_.loop.when_writable(fd_.get(), [this] { answered(); });
    const auto others = static_cast<std::int64_t>(addresses_.size() - at_);
    timer_ = context_.loop.after(left() / others, [this] { failed(ETIMEDOUT); });
}

void TcpDial::answered() {
    const std::int64_t now = monotonic_ns();
    const int error = connect_error(fd_.get());
    if (error != 0) {
        failed(error);
        return;
    }
    dialled_.connect_s = seconds_between(knocked_ns_, now);
    connected();
}

// SYNs that the kernel sent again.
bool TcpDial::spend_repeats() {
    const std::uint32_t repeats = fd_ ? repeats_of(fd_.get()) : 0;
    return repeats == 0 ||
           context_.meter.spend(repeats * tcp_handshake_packet(addresses_[at_]), repeats);
}

void TcpDial::failed(int error) {
    skip(result_of_errno(error), words_of(error, request_));
}

void TcpDial::skip(ProbeResult result, const std::string& why) {
    const SocketAddress to = addresses_[at_];
    const bool affordable = spend_repeats();
    writable_.cancel();
    timer_.cancel();
    fd_.reset();
    first_result_ = first_result_.value_or(result);
    dialled_.skipped.push_back(to.text() + ": " + why);
    ++at_;
    if (!affordable) {
        end(ProbeResult::capped, "connect", "the budget is used up");
        return;
    }
    // The answer of connect(2) may have come within the call of who asked.
    timer_ = context_.loop.after(milliseconds(0), [this] { next(); });
}

void TcpDial::connected() {
    const SocketAddress to = addresses_[at_];
    dialled_.address = to;
    // The answer to the SYN; ours to that, and FIN and its acknowledgement of both sides.
    constexpr std::uint64_t kPlain = 5;
    const bool affordable = spend_repeats() && context_.meter.spend(tcp_handshake_packet(to)) &&
                            context_.meter.spend(kPlain * tcp_plain_packet(to), kPlain);
    if (!affordable) {
        end(ProbeResult::capped, "connect", "the budget is used up");
        return;
    }
    writable_.cancel();
    dialled_.fd = std::move(fd_);
    end(ProbeResult::ok, "", "");
}

// The last thing that anything here does: there the object may go.
void TcpDial::end(ProbeResult result, const std::string& step, const std::string& detail) {
    writable_.cancel();
    timer_.cancel();
    fd_.reset();
    dialled_.result = result;
    dialled_.step = step;
    dialled_.detail = detail;
    const Done done = std::move(done_);
    done(std::move(dialled_));
}

}  // namespace cxedge::probes
