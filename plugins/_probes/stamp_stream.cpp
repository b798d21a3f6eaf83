// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/_probes/stamp_hmac.hpp"
#include "plugins/_probes/wires.hpp"

namespace cxedge::probes {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostFurther = 10;
constexpr std::uint32_t kNumberGap = 1'000;
constexpr milliseconds kFurtherEvery{200};
// A copy comes right behind its original.
constexpr milliseconds kCopiesWithin{50};
constexpr int kTestTtl = 255;  // RFC 5357, 4.1.2: hops can be counted then
constexpr std::uint64_t kUdpV4Headers = 28;
constexpr std::uint64_t kUdpV6Headers = 48;
// Farther than a clock can be slewed meanwhile (500 ppm: adjtimex(2)).
constexpr std::int64_t kStepNs = 1'000'000;
constexpr std::int64_t kSlewDivisor = 2'000;
constexpr std::int64_t kNsPerUs = 1'000;
constexpr std::int64_t kNsPerMs = 1'000'000;

milliseconds ceil_ms(std::int64_t ns) {
    return milliseconds(ns <= 0 ? 0 : (ns + kNsPerMs - 1) / kNsPerMs);
}

std::uint16_t some_session() {
    // Not 0, which means none.
    return static_cast<std::uint16_t>(std::random_device()() % 65'535U + 1U);
}

}  // namespace

class StampStream::Impl {
public:
    Impl(const ProbeContext& context, StampPlan plan, KernelClockReader own_clock)
        : context_(context), plan_(std::move(plan)), own_clock_(std::move(own_clock)) {}

    void begin(const std::string& address, Done done) {
        done_ = std::move(done);
        deadline_ = context_.loop.after(context_.timeout, [this] { end_in_time(); });
        const std::optional<HostPort> place = split_host_port(address);
        if (!place) {
            end(ProbeResult::dns_error, "dns", address + " is no host and port");
            return;
        }
        host_ = place->host;
        port_ = place->port.value_or(kStampPort);
        question_ = context_.resolver.resolve(
            host_,
            plan_.family,
            context_.timeout,
            [this](const Result<Resolver::Found>& found) { take_address(found); }
        );
    }

private:
    [[nodiscard]] StampMode mode() const {
        return plan_.key.empty() ? StampMode::unauthenticated : StampMode::authenticated;
    }
    [[nodiscard]] std::uint64_t ip_bytes(std::size_t payload) const {
        return payload + (to_.is_v6() ? kUdpV6Headers : kUdpV4Headers);
    }

    void take_address(const Result<Resolver::Found>& found) {
        if (!found) {
            end(ProbeResult::dns_error, "dns", found.error().message);
            return;
        }
        to_ = found->addresses.front();
        to_.set_port(port_);
        outcome_.address = to_.text();
        Opened opened = open_socket(to_.family(), SOCK_DGRAM, 0, context_.interface);
        if (!opened) {
            end_without_socket(opened.error);
            return;
        }
        socket_.emplace(
            context_.loop,
            std::move(opened.fd),
            PacketSocket::Events{
                [this](const Packet& packet) { take_packet(packet); },
                [this](std::uint32_t id, PacketTime sent) { take_sent(id, sent); },
                [this](const PacketError& error) {
                    take_error(error);
                }}
        );
        began_ns_ = monotonic_ns();
        clock_offset_ns_ = realtime_ns() - began_ns_;
        send_due();
    }

    // ---- Sending.

    void send_due() {
        std::int64_t left_ns = 0;
        while (!ended_ && next_ < plan_.times.size() && (left_ns = until_next_ns()) <= 0) {
            send_packet(static_cast<std::uint32_t>(next_++));
        }
        if (!ended_ && left_ns > 0) {
            timer_ = context_.loop.after(ceil_ms(left_ns), [this] { send_due(); });
        } else if (!ended_) {
            wait_for_last();
        }
    }

    [[nodiscard]] std::int64_t until_next_ns() const {
        return began_ns_ + plan_.times[next_].count() * kNsPerUs - monotonic_ns();
    }

    void wait_for_last() {
        const milliseconds wait = refused_ == record().slots.size() ? milliseconds(0) : plan_.wait;
        last_due_ns_ = monotonic_ns() + wait.count() * kNsPerMs;
        patience_ = context_.loop.after(wait, [this] { end(ProbeResult::ok, "", ""); });
        timer_ = context_.loop.every(kFurtherEvery, [this] { send_further(); });
        end_if_complete();
    }

    // Asks a reflector that counts how far it has counted.
    void send_further() {
        const std::int64_t now = monotonic_ns();
        const std::int64_t pause = std::max(kFurtherEvery.count() * kNsPerMs, 2 * longest_ns_);
        const bool in_time =
            now + 2 * longest_ns_ + kCopiesWithin.count() * kNsPerMs < last_due_ns_;
        if (!ended_ && needs_further() && in_time && now - last_sent_ns_ >= pause &&
            further_ < kMostFurther) {
            send_packet(static_cast<std::uint32_t>(plan_.times.size() + further_) + kNumberGap);
            ++further_;
        }
    }

    [[nodiscard]] bool needs_further() const {
        if (answered_ == 0 || answered_ == record().slots.size()) {
            return false;
        }
        const bool asked = further_ > 0;
        return !record().slots.back().answer || (!asked && !stamp_counts(record()));
    }

    void send_packet(std::uint32_t number) {
        const std::size_t size = std::max(plan_.payload_bytes, stamp_base(mode()));
        if (!context_.meter.spend(ip_bytes(size))) {
            end_capped();
            return;
        }
        StampSlot slot;
        slot.sequence = number;
        const std::uint64_t wire_time = encode_ntp(realtime_ns());
        std::string bytes =
            encode_stamp_request(mode(), {number, wire_time, own_error_, session_}, size);
        sign_stamp(bytes, plan_.key);
        const PacketSocket::Sent sent = socket_->send(bytes, to_, kTestTtl, plan_.dscp << 2);
        // What the box itself refuses, or has no room for, is as lost as what a router drops.
        slot.t1 = sent.time.realtime_ns;
        slot.refused = sent.error != 0 && sent.error != EAGAIN && sent.error != ENOBUFS;
        if (slot.refused) {
            ++refused_;
            refusal_ = refusal_ == 0 ? sent.error : refusal_;
        }
        last_sent_ns_ = monotonic_ns();
        numbers_[number] = record().slots.size();
        if (sent.error == 0) {
            ids_[sent.id] = record().slots.size();
        }
        wire_times_.push_back(wire_time);
        record().slots.push_back(std::move(slot));
    }

    void take_sent(std::uint32_t id, PacketTime sent) {
        const auto known = ids_.find(id);
        if (known != ids_.end() && known->second < record().slots.size()) {
            record().slots[known->second].t1 = sent.realtime_ns;
            record().slots[known->second].kernel_time = sent.from_kernel;
        }
    }

    // ---- Answers.

    void take_packet(const Packet& packet) {
        if (ended_) {
            return;
        }
        const bool affordable = context_.meter.spend(ip_bytes(packet.bytes.size()));
        const bool from_it = packet.from.same_host(to_) && packet.from.port() == to_.port();
        const bool good = plan_.key.empty() || stamp_signature_fits(packet.bytes, plan_.key);
        const auto reply =
            from_it && good ? decode_stamp_reply(mode(), packet.bytes) : std::nullopt;
        const auto slot = reply ? numbers_.find(reply->request.sequence) : numbers_.end();
        unsigned_ += from_it && !good ? 1U : 0U;
        if (slot == numbers_.end() || reply->request.time != wire_times_[slot->second]) {
            ++outcome_.foreign;
        } else {
            take_reply(*reply, slot->second, packet.received.realtime_ns);
        }
        if (!affordable) {
            end_capped();
        }
    }

    void take_reply(const StampReply& reply, std::size_t index, std::int64_t t4) {
        StampSlot& slot = record().slots[index];
        if (slot.answer) {
            slot.further.push_back(reply.sequence);
            return;
        }
        const StampErrorEstimate error = decode_error_estimate(reply.error_estimate);
        slot.answer = StampAnswer{
            reply.sequence,
            decode_stamp_time(reply.received, error.ptp),
            decode_stamp_time(reply.time, error.ptp),
            t4,
            error};
        ++answered_;
        record().reordered += answered_ > 1 && index < latest_ ? 1U : 0U;
        latest_ = std::max(latest_, index);
        longest_ns_ = std::max(longest_ns_, t4 - slot.t1);
        end_if_complete();
    }

    void take_error(const PacketError& error) {
        if (error_ == 0) {
            error_ = error.error;
        }
        // Nobody listens there: more packets would not change that.
        if (error.error == ECONNREFUSED && answered_ == 0) {
            end(ProbeResult::ok, "", "");
        }
    }

    // ---- The end.

    void end_if_complete() {
        if (next_ == plan_.times.size() && answered_ == record().slots.size()) {
            patience_ =
                context_.loop.after(kCopiesWithin, [this] { end(ProbeResult::ok, "", ""); });
        }
    }

    void end_in_time() {
        if (!socket_) {
            end(ProbeResult::dns_error, "dns", "nobody says in time where " + host_ + " is");
        } else {
            forget_unjudged();
            end(ProbeResult::ok, "", "");
        }
    }

    void end_capped() {
        forget_unjudged();
        end(ProbeResult::capped, "", "the budget of this test or interface is spent");
    }

    void end_without_socket(int error) {
        end(result_of_socket(error), "socket", words_of_socket(error, context_.interface));
    }

    // `ok`: what came back decides. Not at once: this may be a call of the socket, and the kernel's
    // times of the last packets may still be in its queue.
    void end(ProbeResult result, std::string step, std::string detail) {
        if (ended_) {
            return;
        }
        ended_ = true;
        outcome_.result = result;
        outcome_.step = std::move(step);
        outcome_.detail = std::move(detail);
        if (result == ProbeResult::ok && answered_ == 0) {
            judge_silence();
        }
        timer_.cancel();
        patience_.cancel();
        deadline_ = context_.loop.after(milliseconds(0), [this] { deliver(); });
    }

    // Where it is ended early, the last packets may still be on their way: neither lost nor not.
    void forget_unjudged() {
        std::vector<StampSlot>& slots = record().slots;
        const std::int64_t judged = realtime_ns() - plan_.wait.count() * kNsPerMs;
        const auto open = [&](const StampSlot& slot) {
            return !slot.refused && slot.t1 > judged;
        };
        const auto last_settled =
            std::find_if(slots.rbegin(), slots.rend(), [&](const StampSlot& slot) {
                return slot.answer || !(slot.refused || open(slot));
            });
        slots.erase(std::remove_if(last_settled.base(), slots.end(), open), slots.end());
    }

    void judge_refusal() {
        outcome_.result = result_of_errno(refusal_);
        outcome_.step = "send";
        outcome_.detail = words_of_sending(host_, refusal_);
        if (refusal_ == EMSGSIZE) {
            outcome_.detail += ": fewer payload_bytes are needed here";
        }
    }

    void judge_silence() {
        outcome_.step = "server";
        if (unsigned_ > 0) {
            outcome_.result = ProbeResult::bad_status;
            outcome_.step = "auth";
            outcome_.detail = fmt::format(
                "{} answers, but not signed with the key of key_file: give both the same one", host_
            );
        } else if (refusal_ != 0) {
            judge_refusal();
        } else if (error_ != 0) {
            outcome_.result = result_of_errno(error_);
            outcome_.detail = fmt::format("{}: {}", host_, words_of_errno(error_));
            if (error_ == ECONNREFUSED) {
                outcome_.detail = fmt::format(
                    "{} says that nobody listens on port {}: is a reflector running?", host_, port_
                );
            }
        } else {
            outcome_.result = ProbeResult::timeout;
            outcome_.detail = fmt::format(
                "no answer from {} port {}: packets are lost on the way, or the reflector does not "
                "allow this address{}",
                host_,
                port_,
                plan_.key.empty() ? ", or wants signed packets (key_file)" : ", or has another key"
            );
        }
    }

    void deliver() {
        const std::int64_t passed = monotonic_ns() - began_ns_;
        const std::int64_t moved = realtime_ns() - monotonic_ns() - clock_offset_ns_;
        outcome_.clock_stepped =
            socket_.has_value() && std::abs(moved) > kStepNs + passed / kSlewDivisor;
        socket_.reset();
        question_.reset();
        const Done done = std::exchange(done_, nullptr);
        done(std::move(outcome_));  // may destroy this
    }

    StampRecord& record() { return outcome_.record; }
    [[nodiscard]] const StampRecord& record() const { return outcome_.record; }

    const ProbeContext& context_;
    const StampPlan plan_;
    const KernelClockReader own_clock_;
    Done done_;
    std::string host_;
    std::uint16_t port_ = kStampPort;
    SocketAddress to_;
    const std::uint16_t session_ = some_session();
    const std::uint16_t own_error_ = stamp_error_field(own_clock_());
    StampOutcome outcome_;
    std::map<std::uint32_t, std::size_t> numbers_;  // slots by what stands in the packet
    std::map<std::uint32_t, std::size_t> ids_;      // slots by the kernel's count
    std::vector<std::uint64_t> wire_times_;         // of each slot
    std::size_t next_ = 0;
    std::size_t further_ = 0;
    std::size_t answered_ = 0;
    std::size_t latest_ = 0;
    std::uint64_t unsigned_ = 0;
    int error_ = 0;
    int refusal_ = 0;  // why the box would not send, the first time
    std::size_t refused_ = 0;
    std::int64_t began_ns_ = 0;
    std::int64_t clock_offset_ns_ = 0;
    std::int64_t last_sent_ns_ = 0;
    std::int64_t last_due_ns_ = 0;
    std::int64_t longest_ns_ = 0;
    bool ended_ = false;
    Resolver::QuestionPtr question_;
    LoopHandle deadline_;
    LoopHandle timer_;
    LoopHandle patience_;
    std::optional<PacketSocket> socket_;
};

std::uint16_t stamp_error_field(const KernelClock& clock) {
    constexpr double kUsPerS = 1e6;
    return encode_error_estimate(
        {clock.synchronised, false, static_cast<double>(clock.maximum_error_us) / kUsPerS}
    );
}

StampStream::StampStream(const ProbeContext& context, StampPlan plan, KernelClockReader own_clock)
    : impl_(std::make_unique<Impl>(context, std::move(plan), std::move(own_clock))) {}

StampStream::~StampStream() = default;

void StampStream::begin(const std::string& address, Done done) {
    impl_->begin(address, std::move(done));
}

std::vector<std::chrono::microseconds> stamp_times(
    std::size_t count, std::chrono::microseconds spacing, double random
) {
    std::mt19937 engine(std::random_device{}());
    std::uniform_real_distribution<double> share(1 - random, 1 + random);
    std::vector<std::chrono::microseconds> times;
    double at = 0;
    for (std::size_t i = 0; i < count; ++i) {
        times.emplace_back(static_cast<std::int64_t>(at));
        at += static_cast<double>(spacing.count()) * share(engine);
    }
    return times;
}

std::string check_stamp_address(const std::string& address) {
    return split_host_port(address) ? "" : "must be host or host:port, such as 192.0.2.1:862";
}

}  // namespace cxedge::probes
