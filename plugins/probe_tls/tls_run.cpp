// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tls/tls_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::ProbeResult;
using probes::TlsSession;

constexpr std::uint16_t kHttpsPort = 443;
constexpr double kMillisecondsASecond = 1e3;

Figure figure_of(SeriesInfo info, const std::optional<double>& value) {
    Figure figure{std::move(info), {}};
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

SeriesInfo expiry_of(const std::string& certificate) {
    return {{"net.tls.expiry", {{"cert", certificate}}}, Kind::gauge, "s", {}, 0};
}

std::optional<double> version_number(const std::string& version) {
    const auto& all = probes::tls_versions();
    const auto found = std::find(all.begin(), all.end(), version);
    return found == all.end() ? std::nullopt
                              : std::optional(static_cast<double>(found - all.begin()));
}

SeriesInfo handshake_of(const std::string& last_version) {
    const std::string version = last_version.empty() ? "unknown" : last_version;
    return {{"net.tls.handshake", {{"version", version}}}, Kind::histogram, "s", {}, 0};
}

std::string milliseconds_text(double seconds) {
    return fmt::format("{:.3f} ms", seconds * kMillisecondsASecond);
}

std::string instant(std::int64_t unix_s) {
    return iso8601(from_unix_ms(unix_s * 1000));
}

}  // namespace

TlsRun::TlsRun(const Parts& parts, const probes::Target& target)
    : parts_(parts), where_(split_host_port(target.address).value_or(HostPort{})) {}

void TlsRun::begin(Done done) {
    done_ = std::move(done);
    begun_ns_ = probes::monotonic_ns();
    probes::DialRequest request;
    request.host = where_.host;
    request.port = where_.port.value_or(kHttpsPort);
    request.family = probes::family_of(parts_.settings.family);
    request.every_address = parts_.settings.every_address;
    request.timeout = parts_.context.timeout;
    dial_.emplace(parts_.context, std::move(request), [this](probes::Dialled dialled) {
        take(std::move(dialled));
    });
}

void TlsRun::take(probes::Dialled dialled) {
    connected_ns_ = probes::monotonic_ns();
    dialled_ = std::move(dialled);
    if (dialled_.result != ProbeResult::ok) {
        fail(dialled_.result, dialled_.step, dialled_.detail);
        return;
    }
    // Until here the dial has looked after the time.
    const auto spent = std::chrono::nanoseconds(connected_ns_ - begun_ns_);
    deadline_ = parts_.context.loop.after(
        parts_.context.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(spent),
        [this] { time_is_up(); }
    );
    const std::string& name = parts_.settings.tls_name;
    session_.emplace(
        parts_.trust, probes::TlsName{name.empty() ? where_.host : name, parts_.settings.alpn}
    );
    stream_.emplace(
        parts_.context,
        std::move(dialled_.fd),
        probes::ByteStream::Events{
            [this](std::string_view bytes) { hear(bytes); },
            [this](int error) {
                hung_up(error);
            }}
    );
    go_on();
}

void TlsRun::hear(std::string_view bytes) {
    session_->feed(bytes);
    go_on();
}

void TlsRun::go_on() {
    const TlsSession::State state = session_->advance();
    const std::string answer = session_->take();
    if (!answer.empty()) {
        stream_->send(answer);
    }
    if (state == TlsSession::State::open) {
        shake_hands_done();
    } else if (state == TlsSession::State::failed) {
        fail(ProbeResult::tls_error, "tls", session_->error());
    }
}

void TlsRun::shake_hands_done() {
    handshake_s_ = probes::seconds_since(connected_ns_);
    peer_ = session_->peer();
    const probes::TlsVerdict verdict = session_->verdict();
    finding_.result = verdict.result;
    finding_.step = verdict.result == ProbeResult::ok ? "" : "tls";
    finding_.detail = verdict.detail;
    finish();
}

void TlsRun::hung_up(int error) {
    if (error == probes::ByteStream::kCapped) {
        fail(ProbeResult::capped, "tls", "the budget is used up");
    } else {
        fail(ProbeResult::tls_error, "tls", "the server hangs up during the handshake");
    }
}

void TlsRun::time_is_up() {
    fail(
        ProbeResult::timeout,
        "tls",
        fmt::format("the handshake takes longer than {} ms", parts_.context.timeout.count())
    );
}

void TlsRun::fail(ProbeResult result, const std::string& step, const std::string& detail) {
    finding_.result = result;
    finding_.step = step;
    finding_.detail = detail;
    finish();
}

std::vector<Figure> TlsRun::figures() const {
    std::optional<double> leaf;
    std::optional<double> chain;
    std::optional<double> version;
    if (peer_) {
        const double now =
            static_cast<double>(unix_ms(parts_.context.clock.wall_now())) / kMillisecondsASecond;
        leaf = static_cast<double>(peer_->leaf_expires) - now;
        chain = static_cast<double>(peer_->chain_expires) - now;
        version = version_number(peer_->version);
    }
    std::vector<Figure> all;
    all.push_back(figure_of(handshake_of(parts_.last_version), handshake_s_));
    all.push_back(figure_of(expiry_of("leaf"), leaf));
    all.push_back(figure_of(expiry_of("chain"), chain));
    all.push_back(
        figure_of({{"net.tls.version", {}}, Kind::state, "1", probes::tls_versions(), 0}, version)
    );
    return all;
}

void TlsRun::tell_peer() {
    parts_.last_version = peer_->version;
    auto& facts = finding_.facts;
    facts.emplace_back("version", peer_->version);
    facts.emplace_back("cipher", peer_->cipher);
    if (!peer_->group.empty()) {
        facts.emplace_back("group", peer_->group);
    }
    facts.emplace_back("subject", peer_->subject);
    facts.emplace_back("issuer", peer_->issuer);
    facts.emplace_back("leaf_expires", instant(peer_->leaf_expires));
    facts.emplace_back("chain_expires", instant(peer_->chain_expires));
    if (!peer_->alpn.empty()) {
        facts.emplace_back("alpn", peer_->alpn);
    }
}

// The last thing that a run does.
void TlsRun::finish() {
    deadline_.cancel();
    if (dialled_.addressed) {
        finding_.facts.emplace_back("address", dialled_.address.text());
    }
    if (dialled_.resolve_s) {
        finding_.facts.emplace_back("resolve", milliseconds_text(*dialled_.resolve_s));
    }
    if (dialled_.connect_s) {
        finding_.facts.emplace_back("connect", milliseconds_text(*dialled_.connect_s));
    }
    for (const std::string& each : dialled_.skipped) {
        finding_.facts.emplace_back("skipped", each);
    }
    if (peer_) {
        tell_peer();
    }
    finding_.figures = figures();
    stream_.reset();
    session_.reset();
    dial_.reset();
    const Done done = std::move(done_);
    done(std::move(finding_));
}

}  // namespace cxedge::plugins
