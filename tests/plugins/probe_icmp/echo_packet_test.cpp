// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_packet.hpp"

#include <string>
#include <vector>

#include "plugins/probe_icmp/echo_tally.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::EchoHead;
using plugins::EchoSlot;
using plugins::EchoTimes;

std::string request_bytes(bool v6, const EchoHead& head, std::size_t size) {
    std::vector<std::uint8_t> packet(size, 0x5a);
    plugins::write_echo_request(v6, head, packet);
    return {packet.begin(), packet.end()};
}

std::string as_reply(bool v6, std::string request) {
    request[0] = static_cast<char>(v6 ? 129 : 0);
    return request;
}

constexpr std::int64_t kMs = 1'000'000;

// Sent `at` ms after the start and back `rtt` ms later, by calls; both clocks agree.
EchoTimes by_calls(std::int64_t at, std::int64_t rtt) {
    EchoTimes times;
    times.sent = {at * kMs, 1'000'000 * kMs + at * kMs};
    times.back = {(at + rtt) * kMs, 1'000'000 * kMs + (at + rtt) * kMs};
    return times;
}

EchoSlot answered(std::int64_t at, std::int64_t rtt) {
    EchoSlot slot;
    slot.sent = true;
    slot.answered = true;
    slot.times = by_calls(at, rtt);
    return slot;
}

EchoSlot unanswered() {
    EchoSlot slot;
    slot.sent = true;
    return slot;
}

}  // namespace

TEST_CASE("echo packet: what was written is read", "[plugins][probe_icmp]") {
    const bool v6 = GENERATE(false, true);
    const EchoHead head{0xbeef, 0xfffe, 0x0123456789abcdef};
    const std::string request = request_bytes(v6, head, 64);
    CHECK(plugins::read_echo_reply(v6, as_reply(v6, request)) == head);
    CHECK(plugins::read_quoted_request(v6, request) == head);
    CHECK_FALSE(plugins::read_echo_reply(v6, request));
    CHECK_FALSE(plugins::read_echo_reply(!v6, as_reply(v6, request)));
    CHECK_FALSE(plugins::read_quoted_request(v6, as_reply(v6, request)));
}

TEST_CASE("echo packet: cut off, it is nothing or has no cookie", "[plugins][probe_icmp]") {
    const EchoHead head{1, 2, 3};
    const std::string request = request_bytes(false, head, 16);
    for (std::size_t size = 0; size < request.size(); ++size) {
        CHECK_FALSE(plugins::read_echo_reply(false, as_reply(false, request).substr(0, size)));
        const auto quoted = plugins::read_quoted_request(false, request.substr(0, size));
        CHECK(quoted.has_value() == (size >= plugins::kEchoHeader));
        if (quoted) {
            CHECK(*quoted == EchoHead{1, 2, 0});
        }
    }
}

TEST_CASE("echo packet: the checksum is that of RFC 1071", "[plugins][probe_icmp]") {
    // Section 3 of the RFC: 0001 f203 f4f5 f6f7 sum up to ddf2.
    const std::vector<std::uint8_t> example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(plugins::internet_checksum(example) == static_cast<std::uint16_t>(~0xddf2U));
    const std::vector<std::uint8_t> odd{0x01};
    CHECK(plugins::internet_checksum(odd) == static_cast<std::uint16_t>(~0x0100U));
    const std::string request = request_bytes(false, {7, 8, 9}, 65);
    const std::vector<std::uint8_t> bytes(request.begin(), request.end());
    CHECK(plugins::internet_checksum(bytes) == 0);
}

TEST_CASE("echo packet: long ones count with the headers of their fragments", "[plugins]") {
    const auto fits = plugins::size_on_line(false, 1'480);
    CHECK(fits.bytes == 1'500);
    CHECK(fits.packets == 1);
    const auto two = plugins::size_on_line(false, 1'481);
    CHECK(two.bytes == 1'521);
    CHECK(two.packets == 2);
    const auto v6 = plugins::size_on_line(true, 1'461);
    CHECK(v6.bytes == 1'461 + 2 * 48);
    CHECK(v6.packets == 2);
}

TEST_CASE("echo times: the kernel's where they can be right", "[plugins][probe_icmp]") {
    EchoTimes times = by_calls(0, 10);
    CHECK(plugins::round_trip(times).ns == 10 * kMs);
    CHECK_FALSE(plugins::round_trip(times).by_kernel);
    times.sent_kernel = times.sent.realtime + 30'000;
    CHECK_FALSE(plugins::round_trip(times).by_kernel);  // both ends of one kind
    times.back_kernel = times.back.realtime - 20'000;
    CHECK(plugins::round_trip(times).ns == 10 * kMs - 50'000);
    CHECK(plugins::round_trip(times).by_kernel);
}

TEST_CASE("echo times: a clock that is set meanwhile moves nothing", "[plugins][probe_icmp]") {
    const std::int64_t step = GENERATE(-3'600'000 * kMs, -5 * kMs, 5 * kMs, 3'600'000 * kMs);
    EchoTimes times = by_calls(0, 10);
    times.sent_kernel = times.sent.realtime;
    times.back.realtime += step;
    times.back_kernel = times.back.realtime;
    CHECK(plugins::round_trip(times).ns == 10 * kMs);
    CHECK_FALSE(plugins::round_trip(times).by_kernel);
}

TEST_CASE("echo tally: a lost packet keeps its slot", "[plugins][probe_icmp]") {
    std::vector<EchoSlot> slots{
        answered(0, 10), answered(200, 14), unanswered(), answered(600, 30), answered(800, 24)};
    slots[1].duplicates = 2;
    slots[3].reordered = true;
    const auto all = plugins::tally(slots, 0, 2'000 * kMs);
    CHECK(all.sent == 5);
    CHECK(all.lost == 1);
    CHECK(all.duplicates == 2);
    CHECK(all.reordered == 1);
    CHECK(all.rtt == std::vector{0.010, 0.014, 0.030, 0.024});
    // |14-10| and |24-30|: 14 to 30 has a loss between.
    REQUIRE(all.jitter);
    CHECK(*all.jitter == Approx(0.005));
}

TEST_CASE("echo tally: later than allowed is lost, and other sizes are not mixed", "[plugins]") {
    std::vector<EchoSlot> slots{answered(0, 10), answered(0, 2'001), answered(0, 20)};
    slots[2].size = 1;
    slots.emplace_back();  // not sent
    const auto small = plugins::tally(slots, 0, 2'000 * kMs);
    CHECK(small.sent == 2);
    CHECK(small.lost == 1);
    CHECK(small.rtt == std::vector{0.010});
    CHECK_FALSE(small.jitter);
    CHECK(plugins::tally(slots, 1, 2'000 * kMs).rtt == std::vector{0.020});
}

}  // namespace cxedge::test
