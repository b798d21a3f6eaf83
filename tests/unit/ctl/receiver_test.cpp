// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/receiver.hpp"

#include <nlohmann/json.hpp>

#include "agent/ctl/json_lines.hpp"
#include "agent/ctl/summary.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/unit/ctl/node.hpp"

namespace cxedge::ctl {
namespace {

// A receiver whose lines, notes and requests can be looked at.
class Platform {
public:
    explicit Platform(ReceiverOptions options = {})
        : writer(out), receiver(options, writer, clock) {
        receiver.on_ask([this](const std::string& topic) { asked.push_back(topic); });
        receiver.on_note([this](const std::string& text) { notes.push_back(text); });
    }
    void announce(const Node& node) {
        for (const auto& part : node.dictionary()) {
            receiver.receive(node.topics().dictionary(part.part), part.payload);
        }
    }
    // Values of the lines printed since the last call, in order.
    std::vector<double> values() {
        std::vector<double> found;
        std::size_t begin = 0;
        while (begin < out.size()) {
            const std::size_t end = out.find('\n', begin);
            found.push_back(nlohmann::json::parse(out.substr(begin, end - begin))["value"]);
            begin = end + 1;
        }
        out.clear();
        return found;
    }

    test::ManualClock clock;
    std::string out;
    JsonLines writer;
    Receiver receiver;
    std::vector<std::string> asked;
    std::vector<std::string> notes;
};

using Values = std::vector<double>;

}  // namespace

TEST_CASE("receiver: a repeat is dropped and counted", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Platform platform;
    platform.announce(node);
    const std::string batch = node.one(level, 1.5, 3);
    platform.receiver.receive(node.live(), batch);
    platform.receiver.receive(node.live(), batch);
    platform.receiver.receive(node.topics().data(Stream::kpi, true), batch);
    CHECK(platform.values() == Values{1.5});
    CHECK(platform.receiver.totals().samples == 1);
    CHECK(platform.receiver.totals().batches == 1);
    CHECK(platform.receiver.totals().duplicate_batches == 2);
    CHECK(platform.receiver.totals().payload_bytes == batch.size());
    CHECK(platform.notes.empty());
}

TEST_CASE("receiver: repeats are shown on request, still counted apart", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    ReceiverOptions options;
    options.keep_duplicates = true;
    Platform platform(options);
    platform.announce(node);
    platform.receiver.receive(node.live(), node.one(level, 1.5, 3));
    platform.receiver.receive(node.live(), node.one(level, 1.5, 3));
    CHECK(platform.out.find("\"duplicate\":true") != std::string::npos);
    CHECK(platform.values() == Values{1.5, 1.5});
    CHECK(platform.receiver.totals().samples == 1);
    CHECK(platform.receiver.totals().duplicate_batches == 1);
}

TEST_CASE("receiver: the same seq of another node, lane or epoch is no repeat", "[ctl]") {
    Platform platform;
    for (const char* name : {"box-7", "box-8"}) {
        Node node(name);
        const SeriesId level = node.define(Kind::gauge, "g", "1");
        platform.announce(node);
        for (const Lane lane : {Lane::live, Lane::bulk}) {
            wire::BatchBuilder builder;
            builder.add(Sample{level, at_wall(from_unix_ms(kStart)), 1.0});
            platform.receiver.receive(node.live(), node.seal(builder, 1, lane));
        }
    }
    CHECK(platform.receiver.totals().samples == 4);
    CHECK(platform.receiver.totals().duplicate_batches == 0);
    CHECK(platform.receiver.lanes().size() == 4);
}

TEST_CASE("receiver: a batch waits for its dictionary", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Platform platform;
    platform.receiver.receive(node.live(), node.one(level, 1, 1));
    platform.receiver.receive(node.live(), node.one(level, 2, 2));
    platform.receiver.receive(node.live(), node.one(level, 2, 2));
    CHECK(platform.values().empty());
    CHECK(platform.receiver.totals().waiting_batches == 2);
    CHECK(platform.receiver.totals().samples == 0);
    REQUIRE(platform.notes.size() == 1);
    CHECK(platform.notes[0].rfind(node.live() + ": the dictionary ", 0) == 0);
    CHECK(platform.notes[0].find("of 1 series is missing") != std::string::npos);
    CHECK(platform.asked == std::vector<std::string>{"cx/1/acme/paris/box-7/cmd/req"});

    platform.announce(node);
    CHECK(platform.values() == Values{1, 2});
    CHECK(platform.receiver.totals().waiting_batches == 0);
    CHECK(platform.receiver.totals().samples == 2);
    CHECK(platform.receiver.totals().duplicate_batches == 1);
    CHECK(platform.receiver.totals().errors == 0);
}

TEST_CASE("receiver: it asks again, but not at once", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Platform platform;
    platform.receiver.receive(node.live(), node.one(level, 1, 1));
    platform.clock.advance(std::chrono::milliseconds(4999));
    platform.receiver.tick();
    CHECK(platform.asked.size() == 1);
    platform.clock.advance(std::chrono::milliseconds(1));
    platform.receiver.tick();
    CHECK(platform.asked.size() == 2);
    platform.announce(node);
    platform.clock.advance(std::chrono::seconds(60));
    platform.receiver.tick();
    CHECK(platform.asked.size() == 2);
}

TEST_CASE("receiver: a dictionary that grew late lets the rest follow", "[ctl]") {
    Node node("box-7");
    const SeriesId first = node.define(Kind::gauge, "a", "1");
    Platform platform;
    platform.announce(node);
    const SeriesId second = node.define(Kind::gauge, "b", "1");
    platform.receiver.receive(node.live(), node.one(second, 2, 1));
    platform.receiver.receive(node.live(), node.one(first, 1, 2));
    CHECK(platform.values() == Values{1});
    platform.announce(node);
    CHECK(platform.values() == Values{2});
}

TEST_CASE("receiver: a node that begins a new dictionary is not read with the old one", "[ctl]") {
    Node old("box-7");
    const SeriesId level = old.define(Kind::gauge, "old.name", "1");
    Node fresh("box-7");
    const SeriesId other = fresh.define(Kind::gauge, "new.name", "1");
    Platform platform;
    platform.announce(old);
    platform.receiver.receive(old.live(), old.one(level, 1, 1));
    platform.receiver.receive(fresh.live(), fresh.one(other, 2, 2));
    CHECK(platform.values() == Values{1});
    platform.announce(fresh);
    CHECK(platform.out.find("new.name") != std::string::npos);
    CHECK(platform.values() == Values{2});
}

TEST_CASE("receiver: what waits is bounded by number and by bytes", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    ReceiverOptions options;
    const bool by_bytes = GENERATE(false, true);
    options.max_waiting_batches = by_bytes ? 1000 : 3;
    options.max_waiting_bytes = by_bytes ? 3 * node.one(level, 1, 1).size() : 1000000;
    Platform platform(options);
    for (unsigned seq = 1; seq <= 5; ++seq) {
        platform.receiver.receive(node.live(), node.one(level, seq, seq));
    }
    CHECK(platform.receiver.totals().waiting_batches == 3);
    CHECK(platform.receiver.totals().errors == 2);
    platform.announce(node);
    CHECK(platform.values() == Values{3, 4, 5});
}

TEST_CASE("receiver: events need no dictionary", "[ctl]") {
    const Node node("box-7");
    Event event;
    event.name = "series.stale";
    event.time = at_wall(from_unix_ms(kStart));
    wire::BatchBuilder builder;
    builder.add(event);
    Platform platform;
    platform.receiver.receive(
        node.topics().data(Stream::event, false), node.seal(builder, 1, Lane::control)
    );
    CHECK(platform.out.find("series.stale") != std::string::npos);
    CHECK(platform.receiver.totals().events == 1);
    CHECK(platform.asked.empty());
}

TEST_CASE("receiver: declarations go into the account of the lane they are about", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Platform platform;
    platform.announce(node);
    platform.receiver.receive(node.live(), node.one(level, 1, 1));
    const SampleTime when = at_wall(from_unix_ms(kStart));
    wire::BatchBuilder builder;
    builder.add(wire::Declared<Gap>{when, {Lane::live, kEpoch, 2, 3, 20, 0, GapCause::age}});
    builder.add(wire::Declared<DeadLetter>{when, {Lane::live, kEpoch, 4, 5, 0, 0x87, 1}});
    const std::string batch = node.seal(builder, 1, Lane::control);
    platform.receiver.receive(node.topics().data(Stream::event, false), batch);
    platform.receiver.receive(node.topics().data(Stream::event, false), batch);
    const LaneAccount& live = platform.receiver.lanes().at({"acme", "paris", "box-7", kEpoch, 1});
    CHECK(live.totals().samples == 1);
    CHECK(live.totals().in_gaps.samples == 20);
    CHECK(live.totals().in_dead_letters.samples == 5);
    CHECK(live.window().contig() == 4);
    CHECK(platform.receiver.totals().samples == 1);
    const auto summary =
        nlohmann::json::parse(summary_json(platform.receiver.totals(), platform.receiver.lanes(), 1)
        );
    CHECK(summary["gaps"] == 1);
    CHECK(summary["dead_letters"] == 1);
    CHECK(summary["lanes"][1]["gap_samples"] == 20);
    CHECK(summary["lanes"][1]["dead_samples"] == 5);
}

TEST_CASE("receiver: a body that does not decode is settled, not asked for again", "[ctl]") {
    Platform platform;
    const Node node("box-7");
    wire::BatchHeader header;
    header.epoch = kEpoch;
    header.seq = 1;
    wire::SealedBody body;
    body.samples = 3;
    platform.receiver.receive(node.live(), wire::encode_batch(header, body));
    platform.receiver.receive(node.live(), wire::encode_batch(header, body));
    const LaneAccount& live = platform.receiver.lanes().at({"acme", "paris", "box-7", kEpoch, 1});
    CHECK(live.window().contig() == 1);
    CHECK(live.totals().unreadable.samples == 3);
    CHECK(platform.receiver.totals().errors == 1);
    CHECK(platform.receiver.totals().duplicate_batches == 1);
}

TEST_CASE("receiver: garbage is an error with its topic, other topics are not", "[ctl]") {
    const Node node("box-7");
    Platform platform;
    platform.receiver.receive(node.live(), "garbage");
    platform.receiver.receive(node.live(), "");
    platform.receiver.receive(node.topics().dictionary(0), "\xFF\xFF");
    CHECK(platform.receiver.totals().errors == 3);
    REQUIRE(platform.notes.size() == 3);
    CHECK(platform.notes[0].rfind(node.live() + ": ", 0) == 0);
    platform.receiver.receive(node.topics().command_request(), "x");
    platform.receiver.receive("home/kitchen", "21.5");
    platform.receiver.receive(node.topics().dictionary(0), "");  // a retained message is forgotten
    platform.receiver.receive(node.topics().state(), "");
    CHECK(platform.receiver.totals().errors == 3);
    CHECK(platform.out.empty());
}

TEST_CASE("receiver: the summary adds up", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Platform platform;
    platform.announce(node);
    std::uint64_t bytes = 0;
    for (unsigned seq = 1; seq <= 4; ++seq) {
        const std::string batch = node.one(level, seq, seq);
        bytes += batch.size();
        platform.receiver.receive(node.live(), batch);
    }
    platform.receiver.receive(node.live(), node.one(level, 4, 4));
    const std::string text =
        summary_json(platform.receiver.totals(), platform.receiver.lanes(), 2.5);
    CHECK(text.back() == '\n');
    const auto summary = nlohmann::json::parse(text);
    CHECK(summary["samples"] == 4);
    CHECK(summary["events"] == 0);
    CHECK(summary["batches"] == 4);
    CHECK(summary["duplicate_batches"] == 1);
    CHECK(summary["payload_bytes"] == bytes);
    CHECK(summary["bytes_per_sample"].get<double>() == Approx(static_cast<double>(bytes) / 4));
    CHECK(summary["errors"] == 0);
    CHECK(summary["waiting_batches"] == 0);
    CHECK(summary["seconds"] == 2.5);
    REQUIRE(summary["lanes"].size() == 1);
    CHECK(summary["lanes"][0]["epoch"] == "0123456789abcdef");
    CHECK(summary["lanes"][0]["node"] == "box-7");
    CHECK(summary["lanes"][0]["lane"] == 1);
    CHECK(summary["lanes"][0]["first_seq"] == 1);
    CHECK(summary["lanes"][0]["last_seq"] == 4);
    CHECK(nlohmann::json::parse(summary_json(Totals{}, {}, 0))["bytes_per_sample"].is_null());
}

}  // namespace cxedge::ctl
