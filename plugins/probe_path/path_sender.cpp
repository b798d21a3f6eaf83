// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_sender.hpp"

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

namespace cxedge::plugins {
namespace {

// Numbers of an earlier run are not taken for those of this one.
std::uint16_t first_number() {
    std::random_device random;
    return static_cast<std::uint16_t>(random() & 0xffffU);
}

// Of one kind at both ends: the kernel's, or where it has none, that of the calls.
double round_trip_s(
    const probes::PacketTime& called,
    const probes::PacketTime& left,
    const probes::PacketTime& received
) {
    const bool stamped = left.from_kernel && received.from_kernel;
    const std::int64_t from = stamped ? left.realtime_ns : called.realtime_ns;
    return static_cast<double>(std::max<std::int64_t>(received.realtime_ns - from, 0)) / 1e9;
}

constexpr std::uint32_t kNeverStamped = 0xffffffffU;

// Full for a moment: as good as lost on the way.
bool passes_by_itself(int error) {
    return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

PathSender::PathSender(const probes::ProbeContext& context, Events events)
    : context_(context), events_(std::move(events)), next_(first_number()) {}

PathSocket::Trouble PathSender::open(const PathSocket::Wish& wish) {
    PathSocket::Made made = PathSocket::open(
        context_.loop,
        wish,
        {[this](const PathAnswer& answer) { take(answer); },
         [this](std::uint32_t id, probes::PacketTime sent) {
             take_stamp(id, sent);
         }}
    );
    socket_ = std::move(made.socket);
    return made.trouble;
}

PathSender::Sent PathSender::send(
    int tag, int ttl, std::size_t bytes, std::chrono::milliseconds wait
) {
    if (!context_.meter.spend(bytes)) {
        return {Fate::capped, 0};
    }
    const std::uint16_t number = next_++;
    const probes::PacketSocket::Sent sent = socket_->send(number, ttl, bytes);
    if (sent.error == EMSGSIZE) {
        return {Fate::too_large, EMSGSIZE};
    }
    if (sent.error != 0 && !passes_by_itself(sent.error)) {
        return {Fate::failed, sent.error};
    }
    Probe& probe = on_the_way_[number];
    probe.tag = tag;
    probe.send_id = sent.error == 0 ? sent.id : kNeverStamped;
    probe.called = sent.time;
    probe.patience = context_.loop.after(wait, [this, number] { expire(number); });
    return {};
}

void PathSender::take_stamp(std::uint32_t id, probes::PacketTime sent) {
    for (auto& [number, probe] : on_the_way_) {
        if (probe.send_id == id) {
            probe.left = sent;
        }
    }
}

void PathSender::take(const PathAnswer& answer) {
    if (!context_.meter.spend(answer.bytes)) {
        events_.capped();
        return;
    }
    if (!answer.number && on_the_way_.size() > 1) {
        events_.confused();
        return;
    }
    const auto found = answer.number ? on_the_way_.find(*answer.number) : on_the_way_.begin();
    if (found == on_the_way_.end()) {
        return;  // too late, or once more
    }
    const Probe probe = std::move(found->second);
    on_the_way_.erase(found);
    const double rtt_s = round_trip_s(probe.called, probe.left, answer.received);
    events_.answered(probe.tag, {answer.word, answer.from.text(), rtt_s, answer.mtu});
}

void PathSender::expire(std::uint16_t number) {
    const auto found = on_the_way_.find(number);
    if (found != on_the_way_.end()) {
        const int tag = found->second.tag;
        on_the_way_.erase(found);
        events_.expired(tag);
    }
}

}  // namespace cxedge::plugins
