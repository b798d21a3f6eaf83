// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/topics.hpp"

#include <string>

#include "tests/support/catch.hpp"

using cxedge::Stream;
using cxedge::wire::parse_topic;
using cxedge::wire::TopicKind;
using cxedge::wire::Topics;
using cxedge::wire::valid_topic_name;

TEST_CASE("topics: are exactly these", "[wire]") {
    const Topics topics("acme", "store-0017", "gw.1");
    CHECK(topics.data(Stream::kpi, false) == "cx/1/acme/store-0017/gw.1/up/live/kpi");
    CHECK(topics.data(Stream::kpi, true) == "cx/1/acme/store-0017/gw.1/up/back/kpi");
    CHECK(topics.data(Stream::bulk, false) == "cx/1/acme/store-0017/gw.1/up/live/bulk");
    CHECK(topics.data(Stream::bulk, true) == "cx/1/acme/store-0017/gw.1/up/back/bulk");
    CHECK(topics.data(Stream::event, false) == "cx/1/acme/store-0017/gw.1/up/evt");
    CHECK(topics.data(Stream::event, true) == "cx/1/acme/store-0017/gw.1/up/evt");
    CHECK(topics.data(Stream::health, false) == "cx/1/acme/store-0017/gw.1/up/health");
    CHECK(topics.dictionary(0) == "cx/1/acme/store-0017/gw.1/dict");
    CHECK(topics.dictionary(12) == "cx/1/acme/store-0017/gw.1/dict/12");
    CHECK(topics.state() == "cx/1/acme/store-0017/gw.1/state");
    CHECK(topics.command_request() == "cx/1/acme/store-0017/gw.1/cmd/req");
    CHECK(topics.platform_ack() == "cx/1/acme/store-0017/gw.1/dn/ack");
}

TEST_CASE("topics: what a node publishes is understood", "[wire]") {
    const Topics topics("acme", "store-0017", "gw.1");
    const auto kind = [](const std::string& topic) {
        const auto parts = parse_topic(topic);
        REQUIRE(parts);
        CHECK(parts->tenant == "acme");
        CHECK(parts->site == "store-0017");
        CHECK(parts->node == "gw.1");
        CHECK(topic == "cx/1/acme/store-0017/gw.1/" + parts->rest);
        return parts->kind;
    };
    for (const Stream stream : cxedge::kStreams) {
        CHECK(kind(topics.data(stream, false)) == TopicKind::data);
        CHECK(kind(topics.data(stream, true)) == TopicKind::data);
    }
    CHECK(kind(topics.dictionary(0)) == TopicKind::dictionary);
    CHECK(kind(topics.dictionary(511)) == TopicKind::dictionary);
    CHECK(kind(topics.state()) == TopicKind::state);
    CHECK(kind(topics.command_request()) == TopicKind::other);
    CHECK(kind("cx/1/acme/store-0017/gw.1/dict/x") == TopicKind::other);
    CHECK(kind("cx/1/acme/store-0017/gw.1/up/live/") == TopicKind::other);
    CHECK(kind("cx/1/acme/store-0017/gw.1/up/live/a/b") == TopicKind::other);
}

TEST_CASE("topics: other people's topics are not ours", "[wire]") {
    for (const char* topic :
         {"",
          "cx/1/",
          "cx/2/a/b/c/state",
          "CX/1/a/b/c/state",
          "x/cx/1/a/b/c/state",
          "cx/1/a/b/c",
          "cx/1/a/b/c/",
          "cx/1/a//c/state",
          "cx/1//b/c/state",
          "cx/1/a/b/+/state",
          "cx/1/#",
          "cx/1/a/b c/d/state",
          "$SYS/broker/uptime"}) {
        INFO(topic);
        CHECK_FALSE(parse_topic(topic));
    }
}

TEST_CASE("topics: names hold no wildcard, separator or empty level", "[wire]") {
    for (const char* name : {"a", "store-0017", "gw.1", "A_b", "0"}) {
        INFO(name);
        CHECK(valid_topic_name(name));
    }
    CHECK(valid_topic_name(std::string(64, 'n')));
    CHECK_FALSE(valid_topic_name(std::string(65, 'n')));
    for (const char* name : {"", "a/b", "+", "#", "a+", "$a", "caf\xC3\xA9", "a b", "a\n"}) {
        INFO(name);
        CHECK_FALSE(valid_topic_name(name));
    }
}
