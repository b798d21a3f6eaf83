// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_stream.hpp"

#include <utility>

#include <fmt/core.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;
using probes::TlsSession;

}  // namespace

DnsStream::DnsStream(
    const probes::ProbeContext& context,
    DnsStreamWay way,
    std::vector<DnsQuestion> questions,
    Done done
)
    : context_(context),
      way_(std::move(way)),
      questions_(std::move(questions)),
      done_(std::move(done)),
      answered_(questions_.size(), false),
      open_(questions_.size()),
      begun_ns_(probes::monotonic_ns()) {
    report_.replies.resize(questions_.size());
    probes::DialRequest request;
    request.host = way_.host;
    request.port = way_.port;
    request.family = way_.family;
    request.timeout = way_.timeout;
    dial_.emplace(context_, std::move(request), [this](probes::Dialled dialled) {
        take(std::move(dialled));
    });
}

void DnsStream::take(probes::Dialled dialled) {
    connected_ns_ = probes::monotonic_ns();
    report_.connect_s = dialled.connect_s;
    report_.address = dialled.addressed ? dialled.address.text() : "";
    if (dialled.result != ProbeResult::ok) {
        reply_rest(no_dns_reply(dialled.result, dialled.step, dialled.detail));
        end();
        return;
    }
    // Until here the dial has looked after the time.
    const auto spent = std::chrono::nanoseconds(connected_ns_ - begun_ns_);
    deadline_ = context_.loop.after(
        way_.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(spent),
        [this] { time_is_up(); }
    );
    stream_.emplace(
        context_,
        std::move(dialled.fd),
        probes::ByteStream::Events{
            [this](std::string_view bytes) { hear(bytes); },
            [this](int error) {
                hung_up(error);
            }}
    );
    if (way_.trust == nullptr) {
        ask();
        return;
    }
    const std::string name = way_.tls_name.empty() ? way_.host : way_.tls_name;
    session_.emplace(*way_.trust, probes::TlsName{name, {"dot"}});  // RFC 7858, IANA ALPN ids
    shake_hands();
}

void DnsStream::shake_hands() {
    const TlsSession::State state = session_->advance();
    const std::string out = session_->take();
    if (!out.empty()) {
        stream_->send(out);
    }
    if (state == TlsSession::State::open) {
        encrypted();
    } else if (state == TlsSession::State::failed) {
        reply_rest(no_dns_reply(ProbeResult::tls_error, "tls", session_->error()));
        end();
    }
}

void DnsStream::encrypted() {
    report_.handshake_s = probes::seconds_since(connected_ns_);
    report_.peer = session_->peer();
    const probes::TlsVerdict verdict = session_->verdict();
    if (verdict.result != ProbeResult::ok) {
        reply_rest(no_dns_reply(verdict.result, "tls", verdict.detail));
        end();
        return;
    }
    ask();
}

void DnsStream::ask() {
    std::string all;
    for (const DnsQuestion& question : questions_) {
        all += DnsFramer::framed(dns_query(question));
    }
    asked_ns_ = probes::monotonic_ns();
    if (!session_) {
        stream_->send(all);
    } else if (session_->write(all)) {
        stream_->send(session_->take());
    } else {
        hung_up(0);
    }
}

void DnsStream::hear(std::string_view bytes) {
    if (!session_) {
        hear_plain(bytes);
        return;
    }
    session_->feed(bytes);
    if (asked_ns_ == 0) {
        shake_hands();
    } else {
        hear_encrypted();
    }
}

void DnsStream::hear_plain(std::string_view bytes) {
    framer_.feed(bytes);
    take_messages();
    if (open_ == 0) {
        end();
    }
}

void DnsStream::hear_encrypted() {
    std::string text;
    const bool on = session_->read(text);
    framer_.feed(text);
    const std::string out = session_->take();
    if (!out.empty()) {
        stream_->send(out);
    }
    take_messages();
    if (open_ == 0) {
        end();
    } else if (!on) {
        hung_up(0);
    }
}

void DnsStream::take_messages() {
    while (const auto message = framer_.next()) {
        take_message(*message);
    }
}

void DnsStream::take_message(const std::string& message) {
    for (std::size_t i = 0; i < questions_.size(); ++i) {
        if (answered_[i] || !answers_question(message, questions_[i])) {
            continue;
        }
        DnsReply& reply = report_.replies[i];
        Result<DnsMessage> read = read_dns_message(message);
        if (read) {
            reply.message = std::move(*read);
            reply.took_s = probes::seconds_since(asked_ns_);
        } else {
            reply = no_dns_reply(
                ProbeResult::body_mismatch,
                "server",
                "the answer cannot be read: " + read.error().message
            );
        }
        answered_[i] = true;
        --open_;
        return;
    }
    ++strangers_;
}

void DnsStream::hung_up(int error) {
    if (error == probes::ByteStream::kCapped) {
        reply_rest(no_dns_reply(ProbeResult::capped, "server", "the budget is used up"));
    } else if (session_ && asked_ns_ == 0) {
        reply_rest(
            no_dns_reply(ProbeResult::tls_error, "tls", "the server hangs up during the handshake")
        );
    } else {
        reply_rest(no_dns_reply(
            error == 0 ? ProbeResult::refused : probes::result_of_errno(error),
            "server",
            "the server closes the connection without an answer"
        ));
    }
    end();
}

void DnsStream::time_is_up() {
    const bool shaking = session_ && asked_ns_ == 0;
    std::string detail = fmt::format(
        "{} within {} ms",
        shaking ? "the handshake does not end"
                : "the server takes the question and does not answer",
        way_.timeout.count()
    );
    if (strangers_ != 0) {
        detail += fmt::format("; {} answer(s) to questions that were not asked", strangers_);
    }
    reply_rest(no_dns_reply(ProbeResult::timeout, shaking ? "tls" : "server", std::move(detail)));
    end();
}

void DnsStream::reply_rest(const DnsReply& reply) {
    for (std::size_t i = 0; i < answered_.size(); ++i) {
        if (!answered_[i]) {
            report_.replies[i] = reply;
        }
    }
}

// The last thing that anything here does: there the object may go.
void DnsStream::end() {
    deadline_.cancel();
    for (DnsReply& reply : report_.replies) {
        reply.strangers = strangers_;
    }
    stream_.reset();
    session_.reset();
    const Done done = std::move(done_);
    done(std::move(report_));
}

}  // namespace cxedge::plugins
