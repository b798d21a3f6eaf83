// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_burst.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

using std::chrono::milliseconds;

// A duplicate of the last reply comes close behind it.
constexpr milliseconds kLinger{50};
// A name server has so long even if the settings leave no time for it.
constexpr milliseconds kLeastLookUp{100};

}  // namespace

EchoBurst::EchoBurst(
    const IcmpSettings& settings,
    std::string address,
    std::shared_ptr<EchoSockets> sockets,
    const probes::ProbeContext& context,
    int& family
)
    : settings_(settings),
      address_(std::move(address)),
      sockets_(std::move(sockets)),
      context_(context),
      family_(family) {}

void EchoBurst::begin(Done done) {
    done_ = std::move(done);
    started_ = context_.clock.steady_now();
    question_ = context_.resolver.resolve(
        address_,
        probes::family_of(settings_.family),
        std::max(context_.timeout - settings_.wait, kLeastLookUp),
        [this](const Result<probes::Resolver::Found>& found) { take_name(found); }
    );
}

void EchoBurst::take_name(const Result<probes::Resolver::Found>& found) {
    if (!found) {
        trouble_ = name_trouble(address_, found.error());
        end();
        return;
    }
    to_ = found->addresses.front();
    to_text_ = to_.text();
    family_ = to_.family();
    const EchoSockets::Opened opened = sockets_->open(family_);
    access_ = opened.access;
    if (opened.access == EchoAccess::none) {
        trouble_ = socket_trouble(family_, context_.interface, opened.error);
        end();
        return;
    }
    start();
}

void EchoBurst::start() {
    const auto count = static_cast<std::uint16_t>(settings_.count);
    slots_.resize(count);
    EchoListener& self = *this;
    lane_.emplace(sockets_, self, to_, count);
    take_turn();
}

void EchoBurst::take_turn() {
    if (next_ < slots_.size()) {
        send_one();
    }
    if (next_ < slots_.size()) {
        timer_ = context_.loop.after(gap(), [this] { take_turn(); });
    } else if (open_ > 0) {
        timer_ = context_.loop.after(wait_left(), [this] { end(); });
    } else {
        end_if_settled();
    }
}

// What is left to send is left out when its replies could not come in time.
bool EchoBurst::may_send() const {
    return next_ == 0 ||
           context_.clock.steady_now() + settings_.wait <= started_ + context_.timeout;
}

milliseconds EchoBurst::wait_left() const {
    const auto left = last_sent_ + settings_.wait - context_.clock.steady_now();
    return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
}

milliseconds EchoBurst::gap() const {
    const auto most = static_cast<std::uint32_t>(settings_.spacing_jitter.count());
    return settings_.spacing + milliseconds(most == 0 ? 0 : random_u32() % (most + 1));
}

void EchoBurst::send_one() {
    const std::size_t payload = settings_.payload_of(next_);
    if (!may_send() || !spend(kEchoHeader + payload)) {
        leave_out_rest();
        return;
    }
    const std::size_t now = next_++;
    EchoSlot& slot = slots_[now];
    slot.sent = true;
    slot.size = static_cast<std::uint16_t>(now % settings_.payload_bytes.size());
    ++open_;
    const EchoLane::Sent sent = lane_->send(now, payload, static_cast<int>(settings_.dscp));
    slot.times.sent = sent.at;
    last_sent_ = context_.clock.steady_now();
    if (sent.error != 0) {
        fail(now, send_trouble(to_text_, sent.error));
    }
}

bool EchoBurst::spend(std::size_t message) {
    const IpSize size = size_on_line(to_.is_v6(), message);
    if (!context_.meter.spend(size.bytes, size.packets)) {
        capped_ = true;
    }
    return !capped_;
}

void EchoBurst::leave_out_rest() {
    slots_.resize(next_);
}

void EchoBurst::on_reply(std::size_t number, const probes::Packet& packet, const CallTime& at) {
    if (!spend(packet.bytes.size())) {
        leave_out_rest();
    }
    if (number >= next_) {
        return;
    }
    EchoSlot& slot = slots_[number];
    if (slot.answered) {
        ++slot.duplicates;
        return;
    }
    open_ -= slot.settled() ? 0U : 1U;
    slot.failed = false;
    slot.answered = true;
    slot.times.back = at;
    slot.times.back_kernel = packet.received.from_kernel ? packet.received.realtime_ns : 0;
    slot.reordered = number < beyond_;
    beyond_ = std::max(beyond_, number + 1);
    ttl_ = packet.ttl;
    end_if_settled();
}

void EchoBurst::on_sent(std::size_t number, std::int64_t stamp_ns) {
    if (number < next_) {
        slots_[number].times.sent_kernel = stamp_ns;
    }
}

void EchoBurst::on_error(std::size_t number, const probes::PacketError& error) {
    // The error itself: both headers and what it quotes.
    static_cast<void>(spend(2 * kEchoHeader + error.sent_bytes.size() + (to_.is_v6() ? 40 : 20)));
    if (number < next_) {
        fail(number, router_trouble(to_text_, error));
        end_if_settled();
    }
}

void EchoBurst::fail(std::size_t number, EchoTrouble trouble) {
    EchoSlot& slot = slots_[number];
    if (!slot.settled()) {
        slot.failed = true;
        --open_;
    }
    if (!trouble_) {
        trouble_ = std::move(trouble);
    }
}

void EchoBurst::end_if_settled() {
    if (open_ == 0 && next_ == slots_.size()) {
        timer_ = context_.loop.after(beyond_ > 0 ? kLinger : milliseconds(0), [this] { end(); });
    }
}

void EchoBurst::end() {
    timer_.cancel();
    lane_.reset();
    BurstOutcome outcome;
    outcome.family = family_;
    outcome.address = to_text_;
    outcome.access = access_;
    outcome.slots = slots_;
    outcome.ttl = ttl_;
    outcome.capped = capped_;
    outcome.trouble = trouble_;
    const Done done = std::move(done_);
    done(finding_of(settings_, outcome));
}

}  // namespace cxedge::plugins
