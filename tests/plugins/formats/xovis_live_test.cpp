// SPDX-License-Identifier: Apache-2.0
// Live events of Xovis firmware 5: who is told twice.
#include <fmt/core.h>

#include "tests/plugins/formats/format_case.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

using LiveLines = std::vector<std::string>;

std::string live(const std::string& objects, const std::string& events) {
    return R"({"live_data":{"frames":[{"framenumber":9,"time":1700000000000,"tracked_objects":[)" +
           objects + R"(],"events":[)" + events + "]}]}}";
}

TEST_CASE("xovis 5: live events are one person each, and a passage counts once", "[formats]") {
    const std::string cross =
        R"({"type":"LINE_CROSS_FORWARD","attributes":{"track_id":4,"sequence_number":1,"geometry_id":2,)"
        R"("geometry_name":"Main"}})";
    const std::string count =
        R"({"type":"COUNT_INCREMENT","attributes":{"logic_id":1,"logic_name":"Main",)"
        R"("counter_name":"fw","counter_value":77}})";
    const std::string entry =
        R"({"type":"ZONE_ENTRY","attributes":{"track_id":4,"sequence_number":2,"geometry_name":"Desk"}})";
    const std::string exit =
        R"({"type":"ZONE_EXIT","attributes":{"track_id":4,"sequence_number":3,"geometry_name":"Desk"}})";
    const Report report = parsed("xovis", live("", cross + "," + count + "," + entry + "," + exit));
    CHECK(
        lines_of(report) ==
        LiveLines{
            "store.footfall.in{door=Main} delta 1 @1700000000000",
            "store.zone.visits{zone=Desk} delta 1 @1700000000000"}
    );
    CHECK(report.readings[0].id != report.readings[1].id);
    CHECK(parsed("xovis", live("", cross)).readings.size() == 1);
    CHECK(
        parsed("xovis", live("", cross)).readings[0].id ==
        parsed("xovis", live("", cross)).readings[0].id
    );
    const std::string group = R"({"track_id":4,"type":"GROUP","attributes":{"gender":"MALE"}})";
    const Report groups = parsed("xovis", live(group, cross));
    CHECK(groups.readings.empty());
    CHECK(groups.private_fields.at("gender") == 1);
}

std::string crossing(const std::string& line, int track) {
    return fmt::format(
        R"({{"type":"LINE_CROSS_FORWARD","attributes":{{"track_id":{},"sequence_number":{},)"
        R"("geometry_id":2,"geometry_name":"{}"}}}})",
        track,
        track,
        line
    );
}

std::string increment(const std::string& logic, const std::string& more) {
    return R"({"type":"COUNT_INCREMENT","attributes":{"logic_id":1,"logic_name":")" + logic +
           R"(","counter_value":77,)" + more + "}}";
}

TEST_CASE("trap: a passage told by a logic and by its line is one person", "[formats]") {
    const std::string line = crossing("Line 0", 4);
    const LiveLines once{"store.footfall.in{door=Entrance} delta 1 @1700000000000"};
    const LiveLines twice{
        "store.footfall.in{door=Line 0} delta 1 @1700000000000",
        "store.footfall.in{door=Entrance} delta 1 @1700000000000"};
    const auto told = [&](const std::string& more) {
        return lines_of(parsed("xovis", live("", line + "," + increment("Entrance", more))));
    };
    CHECK(told(R"("track_id":4,"counter_name":"fw")") == once);
    CHECK(told(R"("track_id":4,"counter_name":"in")") == once);
    CHECK(told(R"("counter_name":"fw")") == once);
    CHECK(told(R"("track_id":5,"counter_name":"fw")") == twice);
    CHECK(told(R"("track_id":4,"counter_name":"bw")").size() == 2);
    // Two people, of whom one is counted.
    const std::string both = crossing("Line 1", 5) + "," + line;
    CHECK(
        lines_of(parsed(
            "xovis",
            live("", both + "," + increment("Entrance", R"("track_id":4,"counter_name":"fw")"))
        )) ==
        LiveLines{
            "store.footfall.in{door=Line 1} delta 1 @1700000000000",
            "store.footfall.in{door=Entrance} delta 1 @1700000000000"}
    );
    CHECK(
        lines_of(
            parsed("xovis", live("", both + "," + increment("Line 0", R"("counter_name":"fw")")))
        ) ==
        LiveLines{
            "store.footfall.in{door=Line 1} delta 1 @1700000000000",
            "store.footfall.in{door=Line 0} delta 1 @1700000000000"}
    );
}

// One frame every 80 ms.
std::string package(const LiveLines& frames) {
    std::string list;
    std::int64_t time = 1'700'000'000'000;
    for (const std::string& events : frames) {
        list += fmt::format(
            R"({}{{"framenumber":{},"time":{},"events":[{}]}})",
            list.empty() ? "" : ",",
            time / 80,
            time,
            events
        );
        time += 80;
    }
    return R"({"live_data":{"frames":[)" + list + "]}}";
}

TEST_CASE("trap: a crossing that a later frame counts is one person", "[formats]") {
    const std::string fw = R"("counter_name":"fw")";
    const std::string fw4 = R"("track_id":4,"counter_name":"fw")";
    const auto told = [](const LiveLines& frames) {
        return lines_of(parsed("xovis", package(frames)));
    };
    const auto in = [](const std::string& door, int frame) {
        const std::int64_t time = 1'700'000'000'000 + 80 * frame;
        return fmt::format("store.footfall.in{{door={}}} delta 1 @{}", door, time);
    };
    const std::string line = crossing("Line 0", 4);
    CHECK(told({line, increment("Line 0", fw)}) == LiveLines{in("Line 0", 1)});
    CHECK(told({line, "", increment("Entrance", fw4)}) == LiveLines{in("Entrance", 2)});
    CHECK(told({line, "", increment("Entrance", fw)}) == LiveLines{in("Entrance", 2)});
    // Of two people the logic has counted one by now; the other one comes with the next package.
    CHECK(
        told({crossing("Line 0", 5), line, increment("Line 0", fw)}) == LiveLines{in("Line 0", 2)}
    );
    // A line that no logic counts goes on counting.
    CHECK(
        told({crossing("Shoes", 4), line, increment("Entrance", fw4)}) ==
        LiveLines{in("Shoes", 0), in("Entrance", 2)}
    );
    CHECK(
        told({crossing("Shoes", 5), line, increment("Line 0", fw)}) ==
        LiveLines{in("Shoes", 0), in("Line 0", 2)}
    );
    // A count comes with its crossing or after it.
    CHECK(told({increment("Entrance", fw), line}) == LiveLines{in("Entrance", 0), in("Line 0", 1)});
}

TEST_CASE("trap: a count that knows its track leaves the others their crossings", "[formats]") {
    const std::string both = crossing("Line 0", 4) + "," + crossing("Line 1", 5);
    const std::string counts = increment("Entrance", R"("counter_name":"fw")") + "," +
                               increment("Exit", R"("track_id":5,"counter_name":"fw")");
    CHECK(parsed("xovis", package({both, counts})).readings.size() == 2);
}

TEST_CASE("trap: a group stays a group when its frame is over", "[formats]") {
    CHECK(
        parsed(
            "xovis",
            R"({"live_data":{"frames":[{"framenumber":1,"time":1700000000000,"tracked_objects":)"
            R"([{"track_id":4,"type":"GROUP"}],"events":[]},{"framenumber":2,"time":1700000000080,)"
            R"("events":[)" +
                crossing("Main", 4) + "]}]}}"
        )
            .readings.empty()
    );
}

}  // namespace
}  // namespace cxedge::devices::test
