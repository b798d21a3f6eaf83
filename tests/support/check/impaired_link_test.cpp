// SPDX-License-Identifier: Apache-2.0
#include "tests/support/impaired_link.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/check/laboratory.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr std::uint32_t kMany = 4000;

microseconds median(std::vector<microseconds> of) {
    const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
    std::nth_element(of.begin(), middle, of.end());
    return *middle;
}

// From before it is sent until the other kernel has it: how long this thread then takes to look
// does not count.
microseconds travel(const NumberedUdp& from, const NumberedUdp& to, std::uint32_t number) {
    const auto sent = std::chrono::system_clock::now();
    REQUIRE(from.send(number));
    const auto got = to.receive(kPatience);
    REQUIRE(got);
    CHECK(got->number == number);
    return std::chrono::duration_cast<microseconds>(got->arrived - sent);
}

void check_delays(
    const ImpairedLink& link, Direction direction, microseconds asked, microseconds measured
) {
    const auto applied = link.delays(direction);
    const microseconds middle = percentile(applied, 0.5);
    CAPTURE(link.real_time(), asked.count(), middle.count(), measured.count());
    CHECK(percentile(applied, 0) >= asked);
    // Without real-time priority it waits for its turn like everybody.
    const microseconds late = (link.real_time() ? 200us : 5000us) * slowness();
    CHECK(middle - asked < late);
    CHECK(measured >= middle);
    CHECK(measured - middle < late);
}

TEST_CASE("link: the delay is the one asked for", "[support][native][SO_TIMESTAMPING]") {
    if (laboratory_missing()) {
        return;
    }
    constexpr std::uint32_t kEchoes = 200;
    const Laboratory lab({.delay = 2ms}, {.delay = 1ms});
    std::vector<microseconds> there;
    std::vector<microseconds> back;
    for (std::uint32_t number = 0; number < kEchoes; ++number) {
        there.push_back(travel(lab.near, lab.far, number));
        back.push_back(travel(lab.far, lab.near, number));
    }
    CHECK(lab.link.delays(Direction::a_to_b).size() == kEchoes);
    check_delays(lab.link, Direction::a_to_b, 2ms, median(there));
    check_delays(lab.link, Direction::b_to_a, 1ms, median(back));
}

TEST_CASE("link: jitter is spread evenly and overtakes nobody", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const Laboratory spaced({.delay = 1ms, .jitter = 2ms}, {});
    for (std::uint32_t number = 0; number < 200; ++number) {
        travel(spaced.near, spaced.far, number);
    }
    const auto applied = spaced.link.delays(Direction::a_to_b);
    CHECK(percentile(applied, 0) >= 1ms);
    CHECK(percentile(applied, 0.9) - percentile(applied, 0.1) > 1200us);

    Laboratory packed({.jitter = 5ms}, {});
    packed.send_all(500);
    const auto got = packed.received();
    REQUIRE(got.size() == 500);
    CHECK(std::is_sorted(got.begin(), got.end(), [](const Datagram& one, const Datagram& other) {
        return one.number < other.number;
    }));
    CHECK(packed.there().reordered == 0);
}

// Of independent losses.
bool within_four_sigmas(std::uint64_t lost, std::uint64_t of, double share) {
    const auto tries = static_cast<double>(of);
    const double sigma = std::sqrt(tries * share * (1 - share));
    return std::abs(static_cast<double>(lost) - tries * share) <= 4 * sigma;
}

TEST_CASE("link: packets are lost at the rate asked for", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const double share = GENERATE(0.01, 0.1, 0.5);
    Laboratory lab({.loss = share}, {});
    lab.send_all(kMany);
    const Truth truth = lab.there();
    CHECK(truth.in == kMany);
    CHECK(truth.forwarded == kMany - truth.dropped);
    CHECK(truth.bytes == truth.forwarded * (64 + 28));
    CHECK(truth.overflowed == 0);
    CHECK(lab.received().size() == truth.forwarded);
    CHECK(within_four_sigmas(truth.dropped, kMany, share));
    CHECK(lab.link.truth(Direction::b_to_a).in == 0);
    CHECK(lab.link.missed(Direction::a_to_b) == 0);
}

std::vector<std::uint32_t> losses_in_a_row(const std::vector<Datagram>& got) {
    std::vector<std::uint32_t> out;
    std::uint32_t expected = 0;
    for (const Datagram& datagram : got) {
        if (datagram.number > expected) {
            out.push_back(datagram.number - expected);
        }
        expected = datagram.number + 1;
    }
    return out;
}

TEST_CASE("link: losses come in bursts of the length asked for", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    Laboratory lab({.loss = 0.1, .burst = 5}, {});
    lab.send_all(kMany);
    const auto bursts = losses_in_a_row(lab.received());
    const double lost = static_cast<double>(lab.there().dropped);
    // Both within four standard deviations of what 80 bursts of a geometric length give.
    CHECK(lost == Approx(kMany * 0.1).margin(220));
    CHECK(lost / static_cast<double>(bursts.size()) == Approx(5).margin(2));
}

TEST_CASE("link: a seed settles which packets are lost", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const auto lost_with = [](const Impairment& impairment) {
        Laboratory lab(impairment, {});
        lab.send_all(500);
        return losses_in_a_row(lab.received());
    };
    const auto lost = lost_with({.loss = 0.2});
    CHECK(lost_with({.loss = 0.2, .duplicate = 0.5, .seed = 2}) != lost);
    CHECK(lost_with({.jitter = 1ms, .loss = 0.2}) == lost);
}

TEST_CASE("link: duplicates arrive twice and are counted", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    Laboratory lab({.duplicate = 0.3}, {});
    lab.send_all(kMany);
    const Truth truth = lab.there();
    CHECK(truth.in == kMany);
    CHECK(within_four_sigmas(truth.duplicated, kMany, 0.3));
    CHECK(truth.forwarded == kMany + truth.duplicated);
    CHECK(truth.reordered == 0);
    CHECK(lab.received().size() == truth.forwarded);
}

std::uint64_t late_ones(const std::vector<Datagram>& got) {
    std::uint64_t late = 0;
    std::uint32_t latest = 0;
    for (const Datagram& datagram : got) {
        late += datagram.number < latest ? 1U : 0U;
        latest = std::max(latest, datagram.number);
    }
    return late;
}

TEST_CASE("link: a packet held back is overtaken", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    Laboratory lab({.delay = 1ms, .reorder = 0.1, .reorder_by = 50ms}, {});
    lab.send_all(1000);
    const auto got = lab.received();
    CHECK(got.size() == 1000);
    CHECK(late_ones(got) == lab.there().reordered);
    CHECK(lab.there().reordered > 0);
    CHECK(percentile(lab.link.delays(Direction::a_to_b), 1) >= 51ms);
}

TEST_CASE("link: a flood comes out at the rate asked for", "[support][native][SO_TIMESTAMPING]") {
    if (laboratory_missing()) {
        return;
    }
    constexpr std::uint32_t kFlood = 1000;
    constexpr std::size_t kPacket = 1250;  // with its headers: 1 ms at 10 Mbit/s
    Laboratory lab({.rate_kbit = 10'000, .queue = 2000ms}, {});
    lab.send_all(kFlood, kPacket - 28);
    const auto got = lab.received();
    REQUIRE(got.size() == kFlood);
    // The kernel takes a moment to begin with the times of arrival.
    const std::size_t first = kFlood / 10;
    const std::chrono::duration<double> took = got.back().arrived - got[first].arrived;
    const auto bits = static_cast<double>((got.size() - 1 - first) * kPacket * 8);
    CHECK(bits / took.count() == Approx(10e6).epsilon(0.05));
    CHECK(lab.there().dropped == 0);
}

TEST_CASE("link: what does not fit into the queue is dropped", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    constexpr std::size_t kPacket = 1250;  // with its headers: 10 ms at 1 Mbit/s
    Laboratory lab({.rate_kbit = 1000, .queue = 100ms}, {});
    const auto begin = std::chrono::steady_clock::now();
    lab.send_all(200, kPacket - 28);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const Truth truth = lab.there();
    CHECK(truth.in == 200);
    CHECK(truth.forwarded + truth.dropped == 200);
    CHECK(truth.overflowed == truth.dropped);
    // One in the narrow place, ten that wait, and what has left meanwhile.
    CHECK(truth.forwarded >= 11);
    CHECK(static_cast<double>(truth.forwarded) <= 12 + took.count() / 0.01);
    CHECK(lab.received().size() == truth.forwarded);
    CHECK(percentile(lab.link.delays(Direction::a_to_b), 0.5) <= 110ms + 50ms * slowness());
}

TEST_CASE("link: a black hole opens and closes", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    Laboratory lab({.black_hole = true}, {});
    lab.send_all(20);
    CHECK(lab.there().dropped == 20);
    CHECK(lab.received().empty());
    lab.link.set(Direction::a_to_b, {});
    lab.send_all(20);
    CHECK(lab.received().size() == 20);
    CHECK(lab.there().forwarded == 20);
    CHECK(lab.there().dropped == 20);
}

TEST_CASE("link: it carries IPv6, and nothing is counted but what was sent", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const Laboratory lab({}, {}, {.subnet = 11});
    CHECK(lab.link.device() == "wan11");
    CHECK(lab.link.ipv4(End::b) == "10.78.11.2");
    CHECK(lab.link.ipv6(End::a) == "fd78:0:0:b::1");
    const NumberedUdp near(lab.a, lab.link.ipv6(End::a));
    const NumberedUdp far(lab.b, lab.link.ipv6(End::b));
    near.talk_to(far);
    far.talk_to(near);
    for (std::uint32_t number = 0; number < 10; ++number) {
        travel(near, far, number);
        travel(far, near, number);
    }
    CHECK(lab.there().in == 10);
    CHECK(lab.link.truth(Direction::b_to_a).in == 10);
}

TEST_CASE("link: packets are as large as they may be", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const Laboratory lab({}, {}, {.mtu = 1000});
    lab.a.sysctl("ipv4/ip_no_pmtu_disc", "1");
    const NumberedUdp near(lab.a, lab.link.ipv4(End::a));  // may be cut into pieces
    const NumberedUdp far(lab.b, lab.link.ipv4(End::b));
    near.talk_to(far);
    REQUIRE(near.send(1, 1400));
    const auto got = far.receive(kPatience);
    REQUIRE(got);
    CHECK(got->size == 1400);
    CHECK(lab.there().in == 2);
}

TEST_CASE("link: packets that it could not take are told", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const Laboratory lab({}, {});
    lab.a.ip({"link", "set", "dev", lab.link.device(), "txqueuelen", "2"});
    for (std::uint32_t number = 0; number < kMany; ++number) {
        REQUIRE(lab.near.send(number));
    }
    const std::uint64_t missed = lab.link.missed(Direction::a_to_b);
    CHECK(lab.link.await(Direction::a_to_b, kMany - missed, kPatience));
    CHECK(lab.there().in + missed == kMany);
}

TEST_CASE("link: one that cannot be is refused", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace a;
    const NetNamespace b;
    ImpairedLink link(a, b, {}, {});
    const auto set = [&](const Impairment& impairment) {
        link.set(Direction::b_to_a, impairment);
    };
    CHECK_THROWS_AS(set({.loss = 1.5}), std::invalid_argument);
    CHECK_THROWS_AS(set({.loss = 0.9, .burst = 2}), std::invalid_argument);
    CHECK_THROWS_AS(set({.delay = -1ms}), std::invalid_argument);
    CHECK_NOTHROW(set({.loss = 1, .burst = 2}));
    CHECK_NOTHROW(set({.loss = 0.5, .burst = 2}));
    CHECK_THROWS_AS(ImpairedLink(a, b, {.rate_kbit = -1}, {}), std::invalid_argument);
}

TEST_CASE("link: nothing is left of it", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const NetNamespace a;
    const NetNamespace b;
    const auto before = open_descriptors();
    std::optional<ImpairedLink> link;
    link.emplace(a, b, Impairment{}, Impairment{.delay = 3600s});
    const std::string device = link->device();
    CHECK(a.has_device(device));
    CHECK(b.has_device(device));
    const NumberedUdp near(a, link->ipv4(End::a));
    const NumberedUdp far(b, link->ipv4(End::b));
    far.talk_to(near);
    REQUIRE(far.send(1));
    link.reset();  // with a packet on the way for an hour
    CHECK_FALSE(a.has_device(device));
    CHECK_FALSE(b.has_device(device));
    CHECK(open_descriptors() == before + 2);  // near and far
}

TEST_CASE("link: it outlives an interface that was deleted", "[support]") {
    if (laboratory_missing()) {
        return;
    }
    const Laboratory lab({}, {});
    lab.b.ip({"link", "delete", "dev", lab.link.device()});
    REQUIRE(lab.near.send(1));
    REQUIRE(lab.link.await(Direction::a_to_b, 1, kPatience));
    CHECK(lab.there().dropped == 1);
}

}  // namespace
}  // namespace cxedge::test
