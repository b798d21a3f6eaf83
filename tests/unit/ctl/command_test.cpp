// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/command.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

CommandOptions command_line(std::vector<std::string> args) {
    CommandOptions options;
    options.node = "acme/store-1/box-1";
    options.op = "live";
    options.args = std::move(args);
    return options;
}

Event told(const std::string& name, const std::string& id, const std::string& part) {
    Event event;
    event.name = name;
    event.attrs = {{"command", id}, {"op", "ping"}};
    if (!part.empty()) {
        event.attrs.push_back({"part", part});
        event.attrs.push_back({"detail", "<" + part + ">"});
    }
    return event;
}

}  // namespace

TEST_CASE("command: a command line becomes a command, or says what is wrong", "[ctl]") {
    const WallTime now = from_unix_ms(1'700'000'000'000);
    const auto good = command_from(command_line({"series=till.*", "ttl_s=60"}), now);
    REQUIRE(good.ok());
    CHECK(good->node == "box-1");
    CHECK(good->args.at("series") == "till.*");
    CHECK(wire::valid_ulid(good->id));
    CHECK_FALSE(command_from(command_line({"series"}), now).ok());
    CHECK_FALSE(command_from(command_line({"Series=x"}), now).ok());
    auto nowhere = command_line({});
    for (const char* name : {"box-1", "a/b", "a/b/c/d", "a/b/+", ""}) {
        nowhere.node = name;
        CHECK_FALSE(command_from(nowhere, now).ok());
    }
}

TEST_CASE("command: an outcome in parts, in any order and repeated, is one", "[ctl]") {
    CommandStory story("ID");
    CHECK_FALSE(story.hear(told("command.accepted", "OTHER", "")));
    CHECK(story.hear(told("command.accepted", "ID", "")));
    CHECK_FALSE(story.hear(told("command.accepted", "ID", "")));
    CHECK(story.state() == "accepted");
    for (const char* strange : {"0/2", "3/2", "x", "1/9999", "/"}) {
        story.hear(told("command.succeeded", "ID", strange));
        CHECK_FALSE(story.finished());
    }
    CHECK_FALSE(story.hear(told("command.succeeded", "ID", "2/2")));
    CHECK_FALSE(story.hear(told("command.succeeded", "ID", "2/2")));
    CHECK(story.hear(told("command.succeeded", "ID", "1/2")));
    CHECK(story.finished());
    CHECK(story.detail() == "<1/2><2/2>");
    CHECK_FALSE(story.hear(told("command.failed", "ID", "1/1")));
    CHECK(story.state() == "succeeded");
}

}  // namespace cxedge::ctl
