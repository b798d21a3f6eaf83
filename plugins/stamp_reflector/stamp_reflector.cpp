// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/stamp_reflector.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>
#include <netinet/in.h>

#include "agent/base/secret_file.hpp"

#include "plugins/_probes/stamp_hmac.hpp"
#include "plugins/_probes/stamp_stream.hpp"
#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::Packet;
using probes::StampMode;

constexpr int kReplyTtl = 255;         // RFC 5357, 4.2.1
constexpr std::uint8_t kNoTtl = 255;   // likewise: "if it cannot be fetched"
constexpr unsigned kDscpMask = 0xFCU;  // the two other bits are the network's (ECN)
constexpr std::chrono::seconds kAskClockEvery{1};

// Where it is bound, or errno.
Result<SocketAddress> bind_to(int fd, const SocketAddress& where) {
    const int on = 1;
    if (where.is_v6()) {
        // An IPv4 address in IPv6 clothes would be in no network of `allow`.
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    const bool taken = ::bind(fd, where.data(), where.size()) == 0;
    const auto bound = taken ? SocketAddress::of_socket(fd) : std::nullopt;
    return bound
               ? Result<SocketAddress>(*bound)
               : Result<SocketAddress>(system_error("listening on " + where.text_with_port(), errno)
                 );
}

}  // namespace

StampReflector::StampReflector(std::function<KernelClock()> own_clock)
    : own_clock_(std::move(own_clock)) {}

StampReflector::~StampReflector() = default;

std::vector<SettingHelp> StampReflector::settings_help() {
    return reflector_schema().help();
}

void StampReflector::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = reflector_schema().read(settings, problems);
    networks_ = read_networks(settings_, settings, problems);
}

StampMode StampReflector::mode() const {
    return key_.empty() ? StampMode::unauthenticated : StampMode::authenticated;
}

Status StampReflector::start(Host& host) {
    host_ = &host;
    if (!settings_.key_file.empty()) {
        Result<std::string> key = read_secret(settings_.key_file);
        if (!key) {
            return key.error().during("key_file");
        }
        key_ = std::move(key).value();
    }
    rate_.emplace(settings_.packets_per_s, settings_.packets_per_s_all);
    sessions_.emplace(static_cast<std::size_t>(settings_.max_sessions), settings_.idle);
    tally_.emplace(host);
    for (const std::string& where : settings_.listen) {
        if (Status listening = listen(where); !listening) {
            return listening;
        }
    }
    return {};
}

Status StampReflector::listen(const std::string& where) {
    const SocketAddress wanted = *parse_listen(where);  // init() has checked it
    probes::Opened opened =
        probes::open_socket(wanted.family(), SOCK_DGRAM, 0, settings_.interface);
    if (!opened) {
        return system_error("listening on " + where, opened.error);
    }
    const Result<SocketAddress> bound = bind_to(opened.fd.get(), wanted);
    if (!bound) {
        return bound.error();
    }
    const std::size_t index = sockets_.size();
    sockets_.push_back(std::make_unique<probes::PacketSocket>(
        host_->loop(),
        std::move(opened.fd),
        probes::PacketSocket::Events{
            [this, index](const Packet& packet) { take(index, packet); },
            [this, index](std::uint32_t id, probes::PacketTime sent) {
                lags_[index].sent(id, sent);
            },
            {}}
    ));
    ports_.push_back(bound->port());
    lags_.emplace_back();
    host_->log(
        log::Level::info,
        fmt::format(
            "listening on {}{}",
            bound->text_with_port(),
            key_.empty() ? "" : ", answers only signed packets"
        )
    );
    return {};
}

void StampReflector::stop() {
    sockets_.clear();
    ports_.clear();
    lags_.clear();
    if (tally_) {
        tally_->flush();
    }
    tally_.reset();
    sessions_.reset();
    rate_.reset();
    key_.clear();
    clock_asked_.reset();
}

void StampReflector::take(std::size_t socket, const Packet& packet) {
    const Reflection refused = judge(packet);
    const Reflection what = refused == Reflection::reflected ? reflect(socket, packet) : refused;
    tally_->add(what, packet.from.text());
}

// What costs least comes first; the signature last.
Reflection StampReflector::judge(const Packet& packet) {
    const auto holds = [&](const Network& network) {
        return network.holds(packet.from);
    };
    if (std::none_of(networks_.begin(), networks_.end(), holds)) {
        return Reflection::network;
    }
    const std::uint16_t port = packet.from.port();
    if (port == probes::kStampPort ||
        std::find(ports_.begin(), ports_.end(), port) != ports_.end()) {
        return Reflection::loop;
    }
    if (!decode_stamp_request(mode(), packet.bytes) ||
        packet.bytes.size() > probes::kStampLongestBytes) {
        return Reflection::malformed;
    }
    if (!rate_->take(packet.from, host_->clock().steady_now())) {
        return Reflection::rate;
    }
    return key_.empty() || probes::stamp_signature_fits(packet.bytes, key_) ? Reflection::reflected
                                                                            : Reflection::hmac;
}

Reflection StampReflector::reflect(std::size_t socket, const Packet& packet) {
    probes::StampReply reply;
    reply.request = *decode_stamp_request(mode(), packet.bytes);
    reply.session = reply.request.session;
    reply.sequence = settings_.stateful
                         ? sessions_->next(packet.from, reply.session, host_->clock().steady_now())
                         : reply.request.sequence;
    reply.received = probes::encode_ntp(packet.received.realtime_ns);
    reply.ttl = packet.ttl >= 0 ? static_cast<std::uint8_t>(packet.ttl) : kNoTtl;
    reply.error_estimate = error_field();
    // What comes after it would count as time on the way: as late as can be, and with what the
    // kernel took for the packets before.
    const std::int64_t now = probes::realtime_ns();
    reply.time = probes::encode_ntp(now + lags_[socket].expected());
    std::string bytes = encode_stamp_reply(mode(), reply, packet.bytes);
    probes::sign_stamp(bytes, key_);
    const int tos = packet.tos > 0 ? packet.tos & static_cast<int>(kDscpMask) : 0;
    const auto sent = sockets_[socket]->send(bytes, packet.from, kReplyTtl, tos);
    if (sent.error != 0) {
        return Reflection::unsent;
    }
    lags_[socket].began(sent.id, now);
    return Reflection::reflected;
}

std::uint16_t StampReflector::error_field() {
    const SteadyTime now = host_->clock().steady_now();
    if (!clock_asked_ || now - *clock_asked_ >= kAskClockEvery) {
        clock_asked_ = now;
        error_field_ = probes::stamp_error_field(own_clock_());
    }
    return error_field_;
}

}  // namespace cxedge::plugins
