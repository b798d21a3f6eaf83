// SPDX-License-Identifier: Apache-2.0
// A sealed body cut in two: nothing is lost, doubled, moved or reordered.
#include "agent/wire/split_body.hpp"

#include "tests/unit/wire/random_batch.hpp"

namespace cxedge::test {
namespace {

using wire::BatchBuilder;
using wire::DecodedBody;
using wire::SealedBody;

constexpr std::uint32_t kFirstSeed = 1;
constexpr std::uint32_t kBatches = 1000;
// Boot time of the oldest thing the receiver shows as UTC of kT0UnixMs - t0 + time.
constexpr std::int64_t kBootUnixMs = kT0UnixMs;

// What a receiver sees of a body that a node sends with the right t0.
DecodedBody received(const SealedBody& body) {
    wire::BatchHeader sent = header();
    const auto ms =
        static_cast<std::uint64_t>(kBootUnixMs) + static_cast<std::uint64_t>(body.t0.count());
    sent.t0 = from_unix_ms(static_cast<std::int64_t>(ms));
    const auto batch = wire::parse_batch(wire::encode_batch(sent, body));
    REQUIRE(batch);
    auto decoded = wire::decode_body(*batch);
    REQUIRE(decoded);
    return std::move(decoded).value();
}

Event event(int number) {
    Event event;
    event.name = "n" + std::to_string(number);
    event.time = number % 2 == 0 ? at_boot(BootTime(number)) : at_wall(from_unix_ms(number));
    return event;
}

SealedBody mixed(std::uint32_t seed) {
    BatchBuilder builder;
    for (Sample& sample : RandomBatch(seed).make()) {
        builder.add(std::move(sample));
    }
    const int more = static_cast<int>(seed % 5);
    for (int i = 0; i < more; ++i) {
        builder.add(event(i));
        Gap gap;
        gap.first_seq = gap.last_seq = static_cast<std::uint64_t>(i) + 1;
        builder.add(wire::Declared<Gap>{at_boot(BootTime(i)), gap});
        DeadLetter dead;
        dead.seq = static_cast<std::uint64_t>(i);
        builder.add(wire::Declared<DeadLetter>{at_wall(from_unix_ms(i)), dead});
        builder.add(ClockStep{at_boot(BootTime(i)), i, 2});
    }
    return builder.seal();
}

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
}

DecodedBody joined(DecodedBody first, DecodedBody second) {
    append(first.samples, std::move(second.samples));
    append(first.events, std::move(second.events));
    append(first.gaps, std::move(second.gaps));
    append(first.dead, std::move(second.dead));
    append(first.clock_steps, std::move(second.clock_steps));
    return first;
}

std::size_t things_in(const DecodedBody& body) {
    return body.samples.size() + body.events.size() + body.gaps.size() + body.dead.size() +
           body.clock_steps.size();
}

std::string events_of(const DecodedBody& body) {
    std::string text;
    for (const Event& event : body.events) {
        text += event.name + "@" + std::to_string(event.time.ms) + " ";
    }
    return text;
}

// Empty when the halves hold what the whole holds.
std::string lost_by_splitting(const SealedBody& whole) {
    const auto halves = wire::split_body(whole);
    if (!halves) {
        return halves.error().message;
    }
    const DecodedBody all = received(whole);
    DecodedBody first = received(halves->first);
    DecodedBody second = received(halves->second);
    if (things_in(first) != things_in(all) / 2) {
        return "not the half";
    }
    const DecodedBody both = joined(std::move(first), std::move(second));
    if (both.gaps != all.gaps || both.dead != all.dead || both.clock_steps != all.clock_steps ||
        events_of(both) != events_of(all)) {
        return "events or declarations differ";
    }
    // `all` has wall times, which difference() takes as they are.
    return difference(all.samples, both.samples, whole.t0);
}

}  // namespace

TEST_CASE("split: the halves together are the whole, in order and on time", "[wire]") {
    for (std::uint32_t seed = kFirstSeed; seed < kFirstSeed + kBatches; ++seed) {
        const SealedBody whole = mixed(seed);
        if (things_in(received(whole)) < 2) {
            continue;
        }
        const std::string wrong = lost_by_splitting(whole);
        if (!wrong.empty()) {
            FAIL("seed " << seed << ": " << wrong);
        }
    }
}

TEST_CASE("split: bisecting ends at single things, which cannot be halved", "[wire]") {
    std::vector<SealedBody> waiting{mixed(4)};
    const std::size_t things = things_in(received(waiting[0]));
    std::size_t singles = 0;
    while (!waiting.empty()) {
        const SealedBody body = std::move(waiting.back());
        waiting.pop_back();
        auto halves = wire::split_body(body);
        if (!halves) {
            CHECK(halves.error().code == ErrorCode::invalid_argument);
            CHECK(halves.error().message == "split: 1 things cannot be halved");
            ++singles;
            continue;
        }
        waiting.push_back(std::move(halves->first));
        waiting.push_back(std::move(halves->second));
    }
    CHECK(singles == things);
    CHECK(things > 10);
}

TEST_CASE("split: an empty body and a damaged one are refused", "[wire]") {
    CHECK(wire::split_body({}).error().code == ErrorCode::invalid_argument);
    SealedBody body = mixed(4);
    body.samples += 1;
    CHECK(wire::split_body(body).error().code == ErrorCode::corrupt);
}

}  // namespace cxedge::test
