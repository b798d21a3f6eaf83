// SPDX-License-Identifier: Apache-2.0
// What becomes of batches that a broker refuses.
#include <algorithm>

#include "agent/uplink/refusal_book.hpp"
#include "agent/uplink/throttle.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedBroker;
using test::UplinkRig;
using Answer = ScriptedBroker::Answer;
using Act = Ruling::Act;

namespace {

constexpr SteadyTime kFirst{std::chrono::hours(1)};

bool carries_batch(const ScriptedBroker::Published& packet) {
    return packet.topic.find("/up/") != std::string::npos;
}

// The broker answers batches of `part` of the topics with `reason`, everything else well.
void refuse(UplinkRig& rig, const std::string& part, std::uint8_t reason) {
    rig.broker.answer = [part, reason](const ScriptedBroker::Published& packet) {
        const bool refused = carries_batch(packet) && packet.topic.find(part) != std::string::npos;
        return refused ? Answer{1, reason, 0, false} : Answer{};
    };
}

store::NewBatch batch_of(const Clock& clock, int samples) {
    wire::BatchBuilder builder;
    for (int i = 0; i < samples; ++i) {
        builder.add(Sample{SeriesId{0}, at_boot(clock.boot_now() + milliseconds(i * 7)), i * 1.37});
    }
    const wire::SealedBody body = builder.seal();
    store::NewBatch batch = test::sealed_batch(clock, Stream::kpi, 1);
    batch.samples = body.samples;
    batch.codec = body.codec;
    batch.t0_boot_ms = body.t0.count();
    batch.body = body.bytes;
    return batch;
}

// Values of the samples that the broker accepted, sorted.
std::vector<double> delivered_values(const std::vector<ScriptedBroker::Published>& packets) {
    std::vector<double> values;
    for (const auto& packet : packets) {
        const auto body = wire::decode_body(test::parse(packet));
        REQUIRE(body.ok());
        for (const Sample& sample : body->samples) {
            values.push_back(std::get<double>(sample.value));
        }
    }
    std::sort(values.begin(), values.end());
    return values;
}

std::vector<DeadLetter> dead_letters(const UplinkRig& rig) {
    std::vector<DeadLetter> all;
    for (const auto& packet : rig.broker.to("/up/evt")) {
        const auto body = wire::decode_body(test::parse(packet));
        REQUIRE(body.ok());
        for (const auto& dead : body->dead) {
            all.push_back(dead.what);
        }
    }
    return all;
}

constexpr double kPoison = 7 * 1.37;  // value of the eighth sample of batch_of()

}  // namespace

TEST_CASE("refusals: a topic that is refused gets three more tries while others pass", "[uplink]") {
    RefusalBook book;
    book.passed(1, Lane::live);
    const Refusal refusal{Lane::live, 5, 0x87};
    SteadyTime now = kFirst;
    milliseconds previous{0};
    for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
        const Ruling ruling = book.rule(refusal, now);
        CHECK(ruling.act == Act::retry);
        CHECK(ruling.attempts == attempt);
        CHECK(ruling.pause > previous);
        CHECK(book.not_before(Lane::live, 5, now) == now + ruling.pause);
        previous = ruling.pause;
        now += ruling.pause;
        CHECK_FALSE(book.not_before(Lane::live, 5, now));
    }
    CHECK(book.rule(refusal, now).act == Act::bury);
}

TEST_CASE("refusals: where nothing passes the broker is wrong, not the batch", "[uplink]") {
    RefusalBook book;
    for (int i = 0; i < 100; ++i) {
        const Ruling ruling = book.rule({Lane::live, 5, 0x87}, kFirst + minutes(i));
        CHECK(ruling.act == Act::retry);
        CHECK(ruling.attempts == 0);
    }
    // Of use once is not of use now.
    book.passed(1, Lane::live);
    book.reconnected();
    CHECK(book.rule({Lane::live, 5, 0x90}, kFirst).attempts == 0);
}

TEST_CASE("refusals: an unexplained one gets eight tries and ten minutes", "[uplink]") {
    RefusalBook book;
    SteadyTime now = kFirst;
    const auto refuse_until_buried = [&](int limit) {
        int tries = 0;
        for (Ruling ruling; tries < limit && ruling.act != Act::bury; ++tries) {
            ruling = book.rule({Lane::live, 5, 0x80}, now);
            now += ruling.pause;
        }
        return tries;
    };
    SECTION("while others pass") {
        book.rule({Lane::live, 5, 0x80}, now);
        book.passed(6, Lane::live);
        CHECK(refuse_until_buried(100) == 7);
        CHECK(now - kFirst >= minutes(10));
    }
    SECTION("and more when nothing passes meanwhile") {
        CHECK(refuse_until_buried(100) == 100);
    }
}

TEST_CASE("refusals: lane 0 is never buried, a full broker never a reason", "[uplink]") {
    RefusalBook book;
    for (int i = 0; i < 50; ++i) {
        book.passed(1, Lane::live);
        CHECK(book.rule({Lane::control, 5, 0x87}, kFirst + minutes(i)).act == Act::retry);
        CHECK(book.rule({Lane::control, 6, 0x80}, kFirst + minutes(i)).act == Act::retry);
        CHECK(book.rule({Lane::live, 7, 0x97}, kFirst + minutes(i)).act == Act::retry);
    }
    CHECK(book.rule({Lane::live, 8, 0x95}, kFirst).act == Act::split);
    CHECK(book.rule({Lane::live, 9, 0x99}, kFirst).act == Act::split);
}

TEST_CASE("refusals: the window is halved when the broker is full and grows again", "[uplink]") {
    Throttle throttle;
    throttle.reset(32);
    throttle.out_of_room(kFirst);
    CHECK(throttle.window() == 16);
    for (int i = 0; i < 5; ++i) {
        throttle.out_of_room(kFirst);
    }
    CHECK(throttle.window() == 1);
    CHECK(throttle.paused(kFirst));
    CHECK_FALSE(throttle.paused(kFirst + Throttle::kFirstPause));
    for (int i = 0; i < 40; ++i) {
        throttle.accepted();
    }
    CHECK_FALSE(throttle.paused(kFirst));
    CHECK(throttle.window() >= 8);
    CHECK(throttle.window() < 16);
    for (int i = 0; i < 2000; ++i) {
        throttle.accepted();
    }
    CHECK(throttle.window() == 32);
}

TEST_CASE("uplink: one topic that is refused is buried, declared and blocks nothing", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.append(Stream::health, 2);
    refuse(rig, "/up/health", 0x87);
    rig.turn(8);
    CHECK(rig.spool->status(Lane::live).batches == 0);
    CHECK(rig.spool->status(Lane::bulk).batches == 2);
    CHECK(rig.uplink->status().batches_refused >= 2);
    CHECK(test::mentions(rig.uplink->status().last_error, "not authorised (0x87)"));
    rig.pass(minutes(3), milliseconds(500));
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().batches_buried == 2);
    CHECK(rig.broker.to("/up/health").size() == 8);
    const auto dead = dead_letters(rig);
    REQUIRE(dead.size() == 2);
    CHECK(dead[0].lane == Lane::bulk);
    CHECK(dead[0].samples == 1);
    CHECK(dead[0].reason == 0x87);
    CHECK(dead[0].attempts == 4);
    CHECK(rig.broker.connections == 1);
}

TEST_CASE(
    "uplink: a broker that refuses everything gets nothing buried and few tries", "[uplink]"
) {
    UplinkRig rig;
    rig.append(Stream::kpi, 40);
    rig.append(Stream::event, 2);
    refuse(rig, "/up/", 0x87);
    rig.pass(minutes(60), milliseconds(500));
    CHECK(rig.held() == 42);
    CHECK(rig.uplink->status().batches_buried == 0);
    CHECK(rig.broker.to("/up/").size() < 150);
    CHECK(rig.broker.connections == 1);
    const int shots = static_cast<int>(rig.broker.to("/up/").size());
    rig.broker.answer = [](const ScriptedBroker::Published&) {
        return Answer{};
    };
    rig.pass(minutes(6), milliseconds(500));
    CHECK(rig.held() == 0);
    CHECK(static_cast<int>(rig.broker.to("/up/").size()) >= shots + 42);
}

TEST_CASE("uplink: a refused topic does not hide another one that would pass", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 40);
    refuse(rig, "/kpi", 0x87);
    rig.turn(5);
    rig.append(Stream::health, 3);
    rig.pass(seconds(30), milliseconds(500));
    CHECK(rig.spool->status(Lane::bulk).batches == 0);
    CHECK(rig.spool->status(Lane::live).batches == 40);
    rig.pass(minutes(5), milliseconds(500));  // now it is known that others pass
    CHECK(rig.uplink->status().batches_buried == 40);
    CHECK(rig.held() == 0);
}

TEST_CASE("uplink: a full broker gets less at a time, and all in the end", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 60);
    refuse(rig, "/up/", 0x97);
    rig.pass(minutes(2), milliseconds(200));
    CHECK(rig.held() == 60);
    const std::size_t tries = rig.broker.to("/up/").size();
    CHECK(tries < 400);
    rig.broker.answer = [](const ScriptedBroker::Published&) {
        return Answer{};
    };
    rig.pass(minutes(6), milliseconds(200));
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().batches_buried == 0);
}

TEST_CASE("uplink: a batch that is too large is halved until it fits", "[uplink]") {
    UplinkRig rig;
    REQUIRE(rig.spool->append({batch_of(rig.clock, 300)}).ok());
    rig.append(Stream::kpi, 2);
    SECTION("by the broker's limit") {
        rig.broker.limits.maximum_packet_size = 400;
    }
    SECTION("by its refusal") {
        rig.broker.answer = [](const ScriptedBroker::Published& packet) {
            return carries_batch(packet) && packet.payload.size() > 400 ? Answer{1, 0x95, 0, false}
                                                                        : Answer{};
        };
    }
    rig.pass(milliseconds(20000), milliseconds(100));
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().batches_buried == 0);
    std::vector<ScriptedBroker::Published> accepted;
    for (const auto& packet : rig.broker.to("/up/live/kpi")) {
        if (packet.payload.size() <= 400) {
            accepted.push_back(packet);
        }
    }
    std::vector<double> expected{42.0, 42.0};
    for (int i = 0; i < 300; ++i) {
        expected.push_back(i * 1.37);
    }
    std::sort(expected.begin(), expected.end());
    CHECK(delivered_values(accepted) == expected);
}

TEST_CASE("uplink: one poison sample is found by halving and buried alone", "[uplink]") {
    UplinkRig rig;
    REQUIRE(rig.spool->append({batch_of(rig.clock, 16)}).ok());
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        if (packet.topic.find("/up/live/kpi") == std::string::npos) {
            return Answer{};
        }
        const auto values = delivered_values({packet});
        const bool poison = std::find(values.begin(), values.end(), kPoison) != values.end();
        return Answer{1, poison ? std::uint8_t{0x99} : std::uint8_t{0}, 0, false};
    };
    rig.pass(milliseconds(20000), milliseconds(100));
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().batches_buried == 1);
    CHECK(rig.uplink->status().samples_delivered == 15);
    const auto dead = dead_letters(rig);
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].samples == 1);
    CHECK(dead[0].reason == 0x99);
}

TEST_CASE("uplink: a declaration that is too large itself is kept, not buried again", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi);
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        const bool batch = packet.topic.find("/up/") != std::string::npos;
        return Answer{1, batch ? std::uint8_t{0x95} : std::uint8_t{0}, 0, false};
    };
    rig.pass(minutes(20), milliseconds(1000));
    CHECK(rig.spool->status(Lane::live).batches == 0);
    CHECK(rig.spool->status(Lane::control).batches == 1);
    CHECK(rig.uplink->status().batches_buried == 1);
    rig.broker.answer = [](const auto&) {
        return Answer{};
    };
    rig.pass(minutes(10), milliseconds(500));
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().batches_buried == 1);
    CHECK_FALSE(dead_letters(rig).empty());
}

}  // namespace cxedge::uplink
