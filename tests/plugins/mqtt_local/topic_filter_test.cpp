// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/topic_filter.hpp"

#include "plugins/_devices/mqtt_subscriber.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {

using plugins::check_filter;
using plugins::check_pattern;
using plugins::covers;
using plugins::matches;
using plugins::names_in;
using plugins::TopicNames;

TEST_CASE("mqtt_local: topic filters as in MQTT 3.1.1, 4.7", "[plugins][mqtt_local]") {
    CHECK(matches("a/#", "a"));
    CHECK(matches("a/#", "a/b/c"));
    CHECK(matches("a/+/c", "a/b/c"));
    CHECK(matches("a/+", "a/"));
    CHECK(matches("+/+", "/a"));
    CHECK_FALSE(matches("a/+", "a"));
    CHECK_FALSE(matches("a/+", "a/b/c"));
    CHECK_FALSE(matches("a", "a/b"));
    CHECK_FALSE(matches("#", "$SYS/x"));
    CHECK(matches("$SYS/#", "$SYS/x"));
    for (const char* const wrong : {"", "a/#/b", "a+", "a/b#", "$share/g/a"}) {
        CHECK_FALSE(check_filter(wrong).empty());
    }
    CHECK(check_filter("+/a/#").empty());
}

TEST_CASE("mqtt_local: which filters cover others", "[plugins][mqtt_local]") {
    CHECK(covers("a/#", "a/+/c"));
    CHECK(covers("a/#", "a/#"));
    CHECK(covers("a/+", "a/b"));
    CHECK_FALSE(covers("a/+", "a/#"));
    CHECK_FALSE(covers("a/b", "a/+"));
}

TEST_CASE("mqtt_local: names in topics", "[plugins][mqtt_local]") {
    CHECK(
        names_in("shop/hall/t1", "shop/+room/+device") ==
        TopicNames{{"room", "hall"}, {"device", "t1"}}
    );
    CHECK(names_in("z/a/b", "z/#device") == TopicNames{{"device", "a/b"}});
    CHECK(names_in("z/a/b", "+/+device/+") == TopicNames{{"device", "a"}});
    CHECK_FALSE(names_in("y/a", "z/+device"));
    CHECK_FALSE(names_in("z/a/b", "z/+device"));
    CHECK_FALSE(names_in("z", "z/+device"));
    CHECK(check_pattern("").empty());
    CHECK(check_pattern("a/+device").empty());
    for (const char* const wrong : {"a/+", "a/+room", "#device/x", "a+device", "+Device", "+a b"}) {
        CHECK_FALSE(check_pattern(wrong).empty());
    }
}

TEST_CASE("mqtt_local: what is no broker", "[plugins][mqtt_local]") {
    for (const char* const good :
         {"mqtt://10.0.0.1", "mqtts://broker.shop:8884", "mqtt://[::1]:1883", "mqtt://a_b"}) {
        CHECK(devices::check_broker(good).empty());
    }
    for (const char* const bad :
         {"",
          "10.0.0.1",
          "http://a",
          "mqtt://",
          "mqtt://a:0",
          "mqtt://a:99999",
          "mqtt://u:p@a",
          "mqtt://[::1",
          "mqtt://a/b",
          "mqtt://a b"}) {
        CHECK_FALSE(devices::check_broker(bad).empty());
    }
}

}  // namespace cxedge::test
