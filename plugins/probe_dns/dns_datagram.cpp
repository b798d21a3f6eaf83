// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_datagram.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <netinet/in.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;

// IP and UDP headers (RFC 791, RFC 8200, RFC 768).
std::size_t datagram_headers(const SocketAddress& to) {
    return to.is_v6() ? 48 : 28;
}

// ICMP errors other than "port unreachable" are only told to who asks for them (ip(7)).
void ask_for_errors(int fd, const SocketAddress& to) {
    const int on = 1;
    if (to.is_v6()) {
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    } else {
        ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    }
}

std::string datagram_words(int error, const SocketAddress& server) {
    if (error == ECONNREFUSED) {
        return fmt::format("nothing listens at port {} of {}", server.port(), server.text());
    }
    return probes::words_of_sending(server.text(), error);
}

}  // namespace

DnsReply no_dns_reply(ProbeResult result, std::string step, std::string detail) {
    DnsReply reply;
    reply.result = result;
    reply.step = std::move(step);
    reply.detail = std::move(detail);
    return reply;
}

DnsDatagram::DnsDatagram(
    const probes::ProbeContext& context, const Way& way, DnsQuestion question, Done done
)
    : context_(context),
      way_(way),
      question_(std::move(question)),
      done_(std::move(done)),
      timer_(context.loop.after(std::chrono::milliseconds(0), [this] { open(); })) {}

void DnsDatagram::open() {
    probes::Opened opened =
        probes::open_socket(way_.server.family(), SOCK_DGRAM, 0, context_.interface);
    if (!opened) {
        end(no_dns_reply(
            probes::result_of_socket(opened.error),
            "connect",
            probes::words_of_socket(opened.error, context_.interface)
        ));
        return;
    }
    if (const int error = probes::begin_connect(opened.fd.get(), way_.server); error != 0) {
        failed(error);
        return;
    }
    fd_ = std::move(opened.fd);
    ask_for_errors(fd_.get(), way_.server);
    readable_ = context_.loop.when_readable(fd_.get(), [this] { on_readable(); });
    send();
}

void DnsDatagram::send() {
    const std::string bytes = dns_query(question_);
    if (!context_.meter.spend(bytes.size() + datagram_headers(way_.server))) {
        end(no_dns_reply(ProbeResult::capped, "server", "the budget is used up"));
        return;
    }
    timer_ = context_.loop.after(way_.timeout / way_.tries, [this] { try_is_over(); });
    const std::int64_t now = probes::monotonic_ns();
    first_sent_ns_ = sent_ == 0 ? now : first_sent_ns_;
    ++sent_;
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
        failed(errno);
    }
}

void DnsDatagram::on_readable() {
    std::array<char, 65'536> datagram{};
    const ssize_t got = ::recv(fd_.get(), datagram.data(), datagram.size(), 0);
    const std::int64_t now = probes::monotonic_ns();
    if (got >= 0) {
        take({datagram.data(), static_cast<std::size_t>(got)}, now);
    } else if (errno != EAGAIN && errno != EINTR) {
        failed(errno);
    }
}

void DnsDatagram::take(std::string_view bytes, std::int64_t now_ns) {
    const bool affordable = context_.meter.spend(bytes.size() + datagram_headers(way_.server));
    if (affordable && !answers_question(bytes, question_)) {
        ++strangers_;
        return;
    }
    DnsReply reply;
    Result<DnsMessage> message = read_dns_message(bytes);
    if (!affordable) {
        reply = no_dns_reply(ProbeResult::capped, "server", "the budget is used up");
    } else if (!message) {
        reply = no_dns_reply(
            ProbeResult::body_mismatch,
            "server",
            "the answer cannot be read: " + message.error().message
        );
    } else {
        reply.message = std::move(*message);
        reply.took_s = probes::seconds_between(first_sent_ns_, now_ns);
    }
    end(std::move(reply));
}

void DnsDatagram::try_is_over() {
    if (sent_ < way_.tries) {
        send();
        return;
    }
    std::string detail =
        fmt::format("{} does not answer within {} ms", way_.server.text(), way_.timeout.count());
    if (strangers_ != 0) {
        detail += fmt::format(
            "; {} answer(s) to questions that were not asked: forged, or the server does not keep "
            "large and small letters (random_case = false)",
            strangers_
        );
    }
    end(no_dns_reply(ProbeResult::timeout, "server", std::move(detail)));
}

void DnsDatagram::failed(int error) {
    end(no_dns_reply(probes::result_of_errno(error), "connect", datagram_words(error, way_.server))
    );
}

// The last thing that anything here does: there the object may go.
void DnsDatagram::end(DnsReply reply) {
    readable_.cancel();
    timer_.cancel();
    fd_.reset();
    reply.repeats = sent_ > 1 ? sent_ - 1 : 0;
    reply.strangers = strangers_;
    const Done done = std::move(done_);
    done(std::move(reply));
}

}  // namespace cxedge::plugins
