// SPDX-License-Identifier: Apache-2.0
// Whose acknowledgement deletes a batch.
#include <algorithm>
#include <limits>

#include "agent/uplink/acknowledgements.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using test::ScriptedBroker;
using test::UplinkRig;
using Answer = ScriptedBroker::Answer;
using Seqs = std::vector<std::uint64_t>;

namespace {

const wire::Topics kTopics("acme", "store-7", "box-1");

std::string ack(const UplinkRig& rig, std::uint64_t contig) {
    wire::PlatformAck message;
    message.platform_ack = true;
    message.lanes.push_back({rig.spool->epoch(), Lane::live, contig});
    return wire::encode_platform_ack(message);
}

std::string withdrawal() {
    return wire::encode_platform_ack({});
}

}  // namespace

TEST_CASE("acks: nothing is deleted before it is known who acknowledges", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 5);
    SECTION("no answer to the subscription: two seconds") {
        rig.broker.answers_subscriptions = false;
        rig.pass(milliseconds(1900), milliseconds(50));
        CHECK(rig.held() == 5);
        rig.pass(milliseconds(400), milliseconds(50));
    }
    SECTION("an answer: a moment later") {
        rig.pass(milliseconds(200), milliseconds(50));
        CHECK(rig.held() == 5);
        rig.pass(milliseconds(400), milliseconds(50));
    }
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().samples_delivered == 5);
    CHECK_FALSE(rig.uplink->status().platform_ack);
    CHECK(rig.broker.to("/up/").size() == 5);
}

TEST_CASE("acks: the subscription goes out before any batch", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi);
    bool first = true;
    rig.broker.answer = [&](const ScriptedBroker::Published&) {
        first = first && rig.broker.subscribed.empty();
        return Answer{};
    };
    rig.turn(3);
    CHECK_FALSE(first);
    CHECK(rig.broker.subscribed.front() == kTopics.platform_ack());
}

TEST_CASE("acks: where the platform acknowledges, its word deletes", "[uplink]") {
    UplinkRig rig;
    rig.broker.retained[kTopics.platform_ack()] = ack(rig, 0);
    rig.append(Stream::kpi, 6);
    rig.pass(milliseconds(5000), milliseconds(100));
    CHECK(rig.held() == 6);
    CHECK(rig.uplink->status().platform_ack);
    CHECK(rig.uplink->status().batches_delivered == 0);
    CHECK(rig.broker.to("/up/").size() == 6);
    rig.broker.receive(kTopics.platform_ack(), ack(rig, 4));
    rig.turn(2);
    CHECK(rig.held() == 2);
    CHECK(rig.uplink->status().batches_delivered == 4);
    CHECK(rig.uplink->status().samples_delivered == 4);
    rig.broker.receive(kTopics.platform_ack(), ack(rig, 4));  // again: nothing new
    rig.turn(2);
    CHECK(rig.uplink->status().samples_delivered == 4);

    SECTION("a new connection sends the rest again, acknowledged by the broker or not") {
        rig.broker.retained[kTopics.platform_ack()] = ack(rig, 4);
        rig.broker.lose_connection("broker killed");
        rig.pass(milliseconds(5000), milliseconds(100));
        CHECK(test::seqs(rig.broker.to("/up/")) == Seqs{1, 2, 3, 4, 5, 6, 5, 6});
        CHECK(rig.held() == 2);
    }
    SECTION("after a restart its word on what was sent before says nothing of what is sent now") {
        rig.reopen_uplink(test::rig_options());
        rig.broker.answer = [](const ScriptedBroker::Published&) {
            return Answer{0, 0, 0, false};
        };
        rig.turn(2);
        rig.broker.receive(kTopics.platform_ack(), ack(rig, 6));
        rig.turn(2);
        CHECK(rig.uplink->status().batches_delivered == 2);
        CHECK(rig.uplink->status().batches_accepted == 0);
    }
    SECTION("a restart remembers, though the announcement is lost with the broker") {
        rig.broker.retained.clear();
        rig.reopen_uplink(test::rig_options());
        rig.pass(milliseconds(10000), milliseconds(100));
        CHECK(rig.held() == 2);
        CHECK(rig.uplink->status().platform_ack);
        rig.broker.receive(kTopics.platform_ack(), ack(rig, 6));
        rig.turn(2);
        CHECK(rig.held() == 0);
    }
    SECTION("withdrawn: the broker's word is enough, for what it had already as well") {
        rig.broker.receive(kTopics.platform_ack(), GENERATE(std::string(), withdrawal()));
        rig.pass(milliseconds(2000), milliseconds(100));
        CHECK(rig.held() == 0);
        CHECK_FALSE(rig.uplink->status().platform_ack);
        rig.append(Stream::kpi);
        rig.pass(milliseconds(1000), milliseconds(100));
        CHECK(rig.held() == 0);
    }
}

TEST_CASE("acks: an announcement after the first batches still holds them", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.still(3);
    rig.broker.receive(kTopics.platform_ack(), ack(rig, 1));
    rig.pass(milliseconds(5000), milliseconds(100));
    CHECK(rig.held() == 2);
}

TEST_CASE("acks: rubbish on dn/ack changes nothing and is reported", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.broker.receive(kTopics.platform_ack(), "\xff\xff\xff");
    rig.turn(3);
    rig.broker.receive(kTopics.platform_ack(), "\xff\xff\xff");
    rig.turn(8);
    CHECK(rig.held() == 0);
    CHECK(test::mentions(rig.uplink->status().last_error, "acknowledgement of the platform"));
}

TEST_CASE("acks: a broker lost before the answer keeps what it acknowledged", "[uplink]") {
    UplinkRig rig;
    rig.broker.answers_subscriptions = false;
    rig.append(Stream::kpi, 3);
    rig.still(4);
    rig.broker.lose_connection("gone");
    rig.still(2);
    CHECK(rig.held() == 3);
    rig.pass(milliseconds(10000), milliseconds(100));
    CHECK(rig.held() == 0);
    CHECK(test::seqs(rig.broker.to("/up/")) == Seqs{1, 2, 3, 1, 2, 3});
}

TEST_CASE("acks: a platform that repeats itself while deleting waits takes no room", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 9);
    Acknowledgements acks(*rig.spool);
    const SteadyTime now = rig.clock.steady_now();
    acks.connected(now);
    wire::PlatformAck message;
    message.platform_ack = true;
    for (const std::uint64_t contig : Seqs{1, 4, 3, 4, 2}) {
        message.lanes = {{rig.spool->epoch(), Lane::live, contig}};
        CHECK_FALSE(acks.platform_says(message, now));
        CHECK(acks.pending() == 1);
    }
    // Nor does one that makes epochs up.
    for (std::uint64_t epoch = 1; epoch < 1000; ++epoch) {
        message.lanes = {{epoch, Lane::live, 1}};
        CHECK_FALSE(acks.platform_says(message, now));
    }
    CHECK(acks.pending() == Acknowledgements::kMostLanes);
    const auto gone = acks.flush(now, true);
    REQUIRE(gone.ok());
    CHECK(gone->batches == 4);
    CHECK(acks.pending() == 0);
}

TEST_CASE("acks: what the platform asks for again is sent again", "[uplink]") {
    UplinkRig rig;
    rig.broker.retained[kTopics.platform_ack()] = ack(rig, 0);
    rig.append(Stream::kpi, 9);
    rig.pass(milliseconds(3000), milliseconds(100));
    REQUIRE(rig.broker.to("/up/").size() == 9);
    const auto ask = [&](std::uint64_t epoch, std::uint64_t first, std::uint64_t last) {
        rig.broker.published.clear();
        rig.broker.receive(
            kTopics.command_request(),
            wire::encode_request(wire::Resend{Lane::live, epoch, first, last})
        );
        rig.turn(4);
        return test::seqs(rig.broker.to("/up/"));
    };
    const std::uint64_t epoch = rig.spool->epoch();
    CHECK(ask(epoch, 3, 5) == Seqs{3, 4, 5});
    CHECK(ask(epoch, 9, 9) == Seqs{9});
    CHECK(ask(epoch, 8, 400) == Seqs{8, 9});
    CHECK(ask(epoch, 8, std::numeric_limits<std::uint64_t>::max()) == Seqs{8, 9});
    CHECK(ask(epoch, 10, 12).empty());
    CHECK(ask(epoch + 1, 3, 5).empty());
    rig.broker.receive(kTopics.platform_ack(), ack(rig, 4));
    rig.turn(2);
    CHECK(ask(epoch, 1, 6) == Seqs{5, 6});
    CHECK(rig.held() == 5);
}

}  // namespace cxedge::uplink
