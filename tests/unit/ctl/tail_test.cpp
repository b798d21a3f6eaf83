// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/tail.hpp"

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/ctl/node.hpp"
#include "tests/unit/ctl/played_broker.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

class Following {
public:
    explicit Following(TailOptions options)
        : tail(
              options,
              *broker_options(options.connection),
              {broker,
               clock,
               [this](std::string_view text) {
                   printed += text;
                   return reading;
               },
               [this](std::string_view text) {
                   notes.emplace_back(text);
               }}
          ) {}

    test::ManualClock clock;
    PlayedBroker broker;
    std::string printed;
    bool reading = true;
    std::vector<std::string> notes;
    Tail tail;
};

TailOptions jsonl() {
    TailOptions options;
    options.format = "jsonl";
    return options;
}

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("tail: connects as a guest, subscribes, prints", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Following following(jsonl());
    following.broker.accepts();
    CHECK(following.tail.turn());
    CHECK(following.broker.connects == 1);
    CHECK(following.broker.client_id.rfind("cxctl-", 0) == 0);
    CHECK(following.broker.session_expiry_s == 0);
    CHECK(following.broker.will_topic.empty());
    CHECK(following.broker.subscribed == std::vector<std::string>{"cx/1/#"});

    following.broker.arrives(node.topics().dictionary(0), node.dictionary()[0].payload);
    following.broker.arrives(node.live(), node.one(level, 7.5, 1));
    CHECK(following.tail.turn());
    CHECK(nlohmann::json::parse(following.printed)["value"] == 7.5);
    CHECK(following.tail.was_connected());
    following.tail.stop();
    CHECK(following.broker.disconnected);
}

TEST_CASE("tail: asks for a dictionary outside the broker's callbacks", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    Following following(jsonl());
    following.broker.accepts();
    following.broker.arrives(node.live(), node.one(level, 7.5, 1));
    CHECK(following.tail.turn());
    REQUIRE(following.broker.published.size() == 1);
    CHECK(following.broker.published[0].topic == "cx/1/acme/paris/box-7/cmd/req");
    CHECK(following.broker.published[0].payload == "\x08\x01");
    CHECK_FALSE(following.broker.published[0].retain);
    CHECK(following.printed.empty());
    following.broker.arrives(node.topics().dictionary(0), node.dictionary()[0].payload);
    CHECK(following.tail.turn());
    CHECK(lines_in(following.printed) == 1);
}

TEST_CASE("tail: comes back after the broker went away, ever slower", "[ctl]") {
    Following following(jsonl());
    following.broker.accepts();
    CHECK(following.tail.turn());
    following.broker.refuse = true;
    following.broker.drops();
    CHECK(following.tail.turn());
    CHECK(following.tail.pause() > milliseconds(0));
    std::vector<int> waits;
    for (int attempt = 2; attempt < 8; ++attempt) {
        int waited = 0;
        while (following.broker.connects < attempt) {
            following.clock.advance(milliseconds(100));
            waited += 100;
            REQUIRE(following.tail.turn());
        }
        waits.push_back(waited);
    }
    CHECK(waits == std::vector<int>{200, 400, 800, 1600, 2000, 2000});
    following.broker.refuse = false;
    following.broker.accepts();
    following.clock.advance(milliseconds(2000));
    CHECK(following.tail.turn());
    CHECK(following.broker.subscribed.size() == 2);
    CHECK(following.tail.pause() == milliseconds(0));
}

TEST_CASE("tail: stops after so many lines, to the line", "[ctl]") {
    Node node("box-7");
    const SeriesId level = node.define(Kind::gauge, "g", "1");
    TailOptions options = GENERATE(true, false) ? jsonl() : TailOptions{};
    options.count = 3;
    Following following(options);
    const std::size_t heading = lines_in(following.printed);
    following.broker.accepts();
    following.broker.arrives(node.topics().dictionary(0), node.dictionary()[0].payload);
    for (unsigned seq = 1; seq <= 2; ++seq) {
        following.broker.arrives(node.live(), node.one(level, seq, seq));
    }
    CHECK(following.tail.turn());
    for (unsigned seq = 3; seq <= 5; ++seq) {
        following.broker.arrives(node.live(), node.one(level, seq, seq));
    }
    CHECK_FALSE(following.tail.turn());
    CHECK(lines_in(following.printed) == heading + 3);
    CHECK(following.printed.back() == '\n');
}

TEST_CASE("tail: stops after its time, and when nobody reads", "[ctl]") {
    TailOptions options = jsonl();
    options.seconds = 1.5;
    Following following(options);
    CHECK(following.tail.turn());
    following.clock.advance(milliseconds(1499));
    CHECK(following.tail.turn());
    following.clock.advance(milliseconds(1));
    CHECK_FALSE(following.tail.turn());
    CHECK_FALSE(following.tail.was_connected());

    Following unread(jsonl());
    CHECK(unread.tail.turn());
    unread.reading = false;
    CHECK_FALSE(unread.tail.turn());
}

TEST_CASE("tail: a node's coming and going is a line of the table, a note beside JSON", "[ctl]") {
    const Node node("box-7");
    wire::NodeState state;
    state.online = true;
    state.session = 1;
    const std::string payload = wire::encode_node_state(state);
    Following programs(jsonl());
    programs.broker.accepts();
    programs.broker.arrives(node.topics().state(), payload);
    CHECK(programs.tail.turn());
    CHECK(programs.printed.empty());
    CHECK(programs.notes.back() == "acme/paris/box-7 is online");

    Following people{TailOptions{}};
    people.broker.accepts();
    people.broker.arrives(node.topics().state(), payload);
    CHECK(people.tail.turn());
    CHECK(people.printed.find("ONLINE") != std::string::npos);
}

TEST_CASE("tail: connection options", "[ctl]") {
    const test::TempDir dir;
    std::ofstream(dir.file("password")) << "secret word\r\nmore\n";
    ConnectionOptions options;
    options.broker = "mqtts://broker.example";
    options.username = "reader";
    options.password_file = dir.file("password");
    options.ca_file = "ca.pem";
    const auto connection = broker_options(options);
    REQUIRE(connection.ok());
    CHECK(connection->tls);
    CHECK(connection->host == "broker.example");
    CHECK(connection->port == 8883);
    CHECK(connection->username == "reader");
    CHECK(connection->password == "secret word");
    CHECK(connection->ca_file == "ca.pem");

    options.password_file = dir.file("none");
    REQUIRE_FALSE(broker_options(options).ok());
    CHECK(broker_options(options).error().code == ErrorCode::not_found);
    options.broker = "http://broker.example";
    REQUIRE_FALSE(broker_options(options).ok());
    CHECK(exit_code_of(broker_options(options).error()) == ExitCode::usage);
}

}  // namespace cxedge::ctl

TEST_CASE("tail: a narrow topic brings its dictionaries along", "[ctl]") {
    using cxedge::ctl::filters_with_dictionaries;
    using Filters = std::vector<std::string>;
    CHECK(
        filters_with_dictionaries("cx/1/+/+/+/up/#") ==
        Filters{"cx/1/+/+/+/dict/#", "cx/1/+/+/+/up/#"}
    );
    CHECK(
        filters_with_dictionaries("cx/1/t/s/n/up/live/kpi") ==
        Filters{"cx/1/t/s/n/dict/#", "cx/1/t/s/n/up/live/kpi"}
    );
    for (const char* topic : {"cx/1/t/s/n/#", "cx/1/t/#", "cx/1/#", "#"}) {
        CHECK(filters_with_dictionaries(topic) == Filters{topic});
    }
}

TEST_CASE("broker link: what nodes say, without what they are told", "[ctl]") {
    using cxedge::ctl::filters_of_nodes;
    const auto filters = [](const std::string& node) {
        return std::vector<std::string>{node + "/dict/#", node + "/state", node + "/up/#"};
    };
    CHECK(filters_of_nodes("cx/1/#") == filters("cx/1/+/+/+"));
    CHECK(filters_of_nodes("cx/1/acme/#") == filters("cx/1/acme/+/+"));
    CHECK(filters_of_nodes("cx/1/acme/+/#") == filters("cx/1/acme/+/+"));
    CHECK(filters_of_nodes("cx/1/acme/paris/box-7/#") == filters("cx/1/acme/paris/box-7"));
    for (const char* topic : {"cx/1/acme/paris/box-7", "cx/1/+/+/+/up/#", "cx/1/acme", ""}) {
        INFO(topic);
        CHECK(filters_of_nodes(topic).empty());
    }
}
