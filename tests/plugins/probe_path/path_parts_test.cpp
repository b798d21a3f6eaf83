// SPDX-License-Identifier: Apache-2.0
// The parts of a trace that need no network: bytes, order, memory, search.
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "plugins/probe_path/mtu_search.hpp"
#include "plugins/probe_path/path_memory.hpp"
#include "plugins/probe_path/path_packets.hpp"
#include "plugins/probe_path/path_tracer.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::plugins {
namespace {

using Whose = ProbeMatch::Whose;

PathFlow flow_of(PathMethod method, bool v6 = false) {
    PathFlow flow;
    flow.method = method;
    flow.from = *SocketAddress::parse(v6 ? "2001:db8::1" : "192.0.2.1");
    flow.to = *SocketAddress::parse(v6 ? "2001:db8::2" : "198.51.100.7", 443);
    flow.source = 50'000;
    flow.nonce = 0x1234abcd;
    return flow;
}

std::string bytes_of(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) {
        out.push_back(static_cast<char>(value));
    }
    return out;
}

// ---- A network without packets.

struct Way {
    int target_at = 4;     // hops
    std::set<int> silent;  // hops
};

struct Trace {
    std::vector<PathTracer::Ask> asked;
    int most_on_the_way = 0;
    std::vector<TracedHop> hops;
    PathWord end = PathWord::hop;
};

// First in, first out: answers come in the order of the questions.
Trace trace_of(const TraceRules& rules, const Way& way, int expected = 0, bool serial = false) {
    PathTracer tracer(rules, expected);
    if (serial) {
        tracer.go_serial();
    }
    Trace trace;
    std::deque<PathTracer::Ask> under_way;
    while (true) {
        while (const auto ask = tracer.next()) {
            trace.asked.push_back(*ask);
            under_way.push_back(*ask);
        }
        trace.most_on_the_way = std::max(trace.most_on_the_way, static_cast<int>(under_way.size()));
        if (under_way.empty()) {
            break;
        }
        const PathTracer::Ask ask = under_way.front();
        under_way.pop_front();
        if (way.silent.count(ask.ttl) != 0) {
            tracer.unanswered(ask);
        } else if (ask.ttl >= way.target_at) {
            tracer.answered(ask, {"target", 0.004, PathWord::reached});
        } else {
            tracer.answered(ask, {"r" + std::to_string(ask.ttl), 0.001, PathWord::hop});
        }
    }
    CHECK(tracer.done());
    trace.hops = tracer.hops();
    trace.end = tracer.end();
    return trace;
}

SeenPath path_of(const std::vector<std::vector<std::string>>& hops, bool whole = true) {
    return {hops, whole};
}

// What a network that takes `mtu` makes of a search: `tells` of packets that are too large.
std::optional<int> search_for(
    MtuSearch& search, int mtu, const std::function<int(int size)>& tells
) {
    for (int steps = 0; steps < 40; ++steps) {
        const std::optional<int> size = search.next();
        if (!size) {
            return search.found();
        }
        const int told = *size > mtu ? tells(*size) : 0;
        if (*size <= mtu) {
            search.arrived(*size);
        } else if (told >= 0) {
            search.too_big(*size, told);
        } else {
            search.silent(*size);
        }
    }
    FAIL("the search does not end");
    return std::nullopt;
}

constexpr int kSilent = -1;

}  // namespace

TEST_CASE("path packets: what routers share load by is the same in all", "[plugins][path]") {
    for (const PathMethod method : {PathMethod::icmp, PathMethod::tcp}) {
        for (const bool v6 : {false, true}) {
            const PathFlow flow = flow_of(method, v6);
            PathFlow other_run = flow;
            other_run.nonce = 0x99887766;
            const std::string first = make_path_probe(flow, 1, 40);
            for (const int number : {0, 2, 255, 256, 32'768, 65'535}) {
                const auto n = static_cast<std::uint16_t>(number);
                const std::string probe = make_path_probe(flow, n, 40);
                CHECK(probe.size() == first.size());
                CHECK(probe.substr(0, 4) == first.substr(0, 4));
                CHECK(make_path_probe(other_run, n, 40).substr(0, 4) == first.substr(0, 4));
                CHECK(match_quoted(flow, probe.substr(0, 8)).whose == Whose::ours);
                CHECK(match_quoted(flow, probe.substr(0, 8)).number == n);
                CHECK(match_quoted(flow, probe).number == n);
            }
        }
    }
}

TEST_CASE("path packets: checksums are right", "[plugins][path]") {
    const std::string echo = make_path_probe(flow_of(PathMethod::icmp), 77, 40);
    CHECK(internet_checksum(echo) == 0);
    const std::string syn = make_path_probe(flow_of(PathMethod::tcp), 77, 24);
    // The pseudo header of RFC 9293 3.1, by hand.
    const std::string pseudo = bytes_of({192, 0, 2, 1, 198, 51, 100, 7, 0, 6, 0, 24});
    CHECK(internet_checksum(pseudo + syn) == 0);
    CHECK(internet_checksum(bytes_of({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7})) == 0x220d);
    CHECK(internet_checksum(bytes_of({0xff})) == 0x00ff);
}

TEST_CASE("path packets: others' packets are not ours", "[plugins][path]") {
    for (const PathMethod method : {PathMethod::udp, PathMethod::icmp, PathMethod::tcp}) {
        const PathFlow flow = flow_of(method);
        PathFlow other = flow;
        other.nonce = 1;
        other.source = 50'001;
        const std::string theirs = make_path_probe(other, 5, 40);
        CHECK(match_quoted(flow, theirs).whose == Whose::foreign);
        CHECK(match_quoted(flow, "something else entirely").whose == Whose::foreign);
        const std::string ours = make_path_probe(flow, 5, 40);
        CHECK(match_quoted(flow, ours).whose == Whose::ours);
        for (std::size_t size = 0; size < ours.size(); ++size) {
            const ProbeMatch cut = match_quoted(flow, ours.substr(0, size));
            CHECK((cut.whose != Whose::ours || cut.number == 5));
        }
    }
    const PathFlow flow = flow_of(PathMethod::udp);
    CHECK(match_quoted(flow, "").whose == Whose::anonymous);
    CHECK(match_quoted(flow, make_path_probe(flow, 5, 40).substr(0, 9)).whose == Whose::anonymous);
}

TEST_CASE("path packets: answers find their probe", "[plugins][path]") {
    const PathFlow echo = flow_of(PathMethod::icmp);
    std::string reply = make_path_probe(echo, 300, 40);
    CHECK(match_answer(echo, reply).whose == Whose::foreign);  // a request
    reply[0] = 0;
    CHECK(match_answer(echo, reply).number == 300);
    CHECK(match_answer(echo, reply.substr(0, 7)).whose == Whose::foreign);

    const PathFlow tcp = flow_of(PathMethod::tcp);
    // Ports 443 -> 50000, acknowledges nonce | 300, plus 1; SYN ACK.
    std::string answer = bytes_of({0x01, 0xbb, 0xc3, 0x50, 9, 9, 9, 9, 0x12, 0x34, 0x01, 0x2d});
    answer += bytes_of({0x50, 0x12, 0, 0, 0, 0, 0, 0});
    CHECK(match_answer(tcp, answer).whose == Whose::ours);
    CHECK(match_answer(tcp, answer).number == 300);
    answer[13] = 0x14;  // RST ACK
    CHECK(match_answer(tcp, answer).whose == Whose::ours);
    answer[13] = 0x10;  // ACK of a connection
    CHECK(match_answer(tcp, answer).whose == Whose::foreign);
    answer[13] = 0x12;
    answer[8] = 0x13;  // another run's
    CHECK(match_answer(tcp, answer).whose == Whose::foreign);
}

TEST_CASE("path packets: what an ICMP error means", "[plugins][path]") {
    CHECK(path_word(false, 11, 0, false) == PathWord::hop);
    CHECK(path_word(false, 11, 1, false) == PathWord::other);  // reassembly
    CHECK(path_word(false, 3, 3, true) == PathWord::reached);
    CHECK(path_word(false, 3, 3, false) == PathWord::refused);  // a firewall's
    CHECK(path_word(false, 3, 1, false) == PathWord::no_route);
    CHECK(path_word(false, 3, 4, false) == PathWord::too_big);
    CHECK(path_word(false, 3, 13, false) == PathWord::refused);
    CHECK(path_word(false, 5, 0, false) == PathWord::other);
    CHECK(path_word(true, 3, 0, false) == PathWord::hop);
    CHECK(path_word(true, 1, 4, true) == PathWord::reached);
    CHECK(path_word(true, 1, 0, false) == PathWord::no_route);
    CHECK(path_word(true, 1, 1, false) == PathWord::refused);
    CHECK(path_word(true, 2, 0, false) == PathWord::too_big);
}

TEST_CASE("path tracer: each hop as often as asked, and the target ends it", "[plugins][path]") {
    const Trace trace = trace_of({}, {});
    CHECK(trace.end == PathWord::reached);
    REQUIRE(trace.hops.size() == 4);
    CHECK(trace.hops.front().tries.size() == 3);
    CHECK(trace.hops.back().tries.front()->from == "target");
    CHECK(trace.most_on_the_way <= 6);
    CHECK(trace.asked.size() <= 4 * 3 + 5);
}

TEST_CASE("path tracer: a known target is not asked from beyond", "[plugins][path]") {
    CHECK(trace_of({}, {}, 4).asked.size() == 4 * 3);
    // It has moved away: then it is asked further.
    Way farther;
    farther.target_at = 7;
    const Trace trace = trace_of({}, farther, 4);
    CHECK(trace.end == PathWord::reached);
    CHECK(trace.hops.size() == 7);
}

TEST_CASE("path tracer: silent hops", "[plugins][path]") {
    Way way;
    way.target_at = 9;
    way.silent = {2, 5, 6};
    const Trace through = trace_of({}, way);
    CHECK(through.end == PathWord::reached);
    REQUIRE(through.hops.size() == 9);
    CHECK(through.hops[1].silent());
    CHECK_FALSE(through.hops[2].silent());
    for (int hop = 4; hop < 40; ++hop) {
        way.silent.insert(hop);
    }
    const Trace lost = trace_of({}, way);
    CHECK(lost.end == PathWord::hop);
    CHECK(lost.hops.size() == 3);
    CHECK(lost.asked.back().ttl == 3 + 5);
}

TEST_CASE("path tracer: limits and one at a time", "[plugins][path]") {
    TraceRules rules;
    rules.max_hops = 3;
    rules.first_hop = 2;
    rules.tries = 1;
    const Trace trace = trace_of(rules, {});
    CHECK(trace.asked.size() == 2);
    CHECK(trace.asked.front().ttl == 2);
    CHECK(trace.end == PathWord::hop);
    const Trace serial = trace_of({}, {}, 0, true);
    CHECK(serial.most_on_the_way == 1);
    CHECK(serial.hops.size() == 4);
}

TEST_CASE("path memory: a star contradicts nothing", "[plugins][path]") {
    PathMemory memory;
    CHECK_FALSE(memory.learn(path_of({{"a"}, {}, {"c"}, {"t"}})));
    const std::string with_star = memory.hash();
    CHECK_FALSE(memory.learn(path_of({{"a"}, {"b"}, {}, {"t"}})));
    const std::string full = memory.hash();
    CHECK(full != with_star);
    CHECK(full == path_hash(path_of({{"a"}, {"b"}, {"c"}, {"t"}})));
    CHECK_FALSE(memory.learn(path_of({{}, {}, {}, {"t"}})));
    CHECK_FALSE(memory.learn(path_of({{"a"}}, false)));
    CHECK_FALSE(memory.learn(path_of({}, false)));
    CHECK(memory.hash() == full);
    CHECK(memory.changes() == 0);
}

TEST_CASE(
    "path memory: another router, a longer and a shorter way are changes", "[plugins][path]"
) {
    const SeenPath first = path_of({{"a"}, {"b"}, {"t"}});
    const auto change_to = [&](const SeenPath& next) {
        PathMemory memory;
        memory.learn(first);
        return memory.learn(next);
    };
    const auto other = change_to(path_of({{"a"}, {"x"}, {"t"}}));
    REQUIRE(other);
    CHECK(other->hop == 1);
    CHECK(other->old_address == "b");
    CHECK(other->new_address == "x");
    CHECK(other->old_hash == path_hash(first));
    CHECK(change_to(path_of({{"a"}, {"b"}, {"c"}, {"t"}}))->hop == 2);
    CHECK(change_to(path_of({{"a"}, {"t"}}))->hop == 1);
    CHECK(change_to(path_of({{}, {}, {}, {"t"}}))->hop == 3);
    CHECK_FALSE(change_to(path_of({{"a"}, {"b"}}, false)));
}

TEST_CASE("path memory: load shared packet by packet is no change", "[plugins][path]") {
    PathMemory memory;
    CHECK_FALSE(memory.learn(path_of({{"a"}, {"b1", "b2"}, {"t"}})));
    CHECK_FALSE(memory.learn(path_of({{"a"}, {"b2"}, {"t"}})));
    CHECK_FALSE(memory.learn(path_of({{"a"}, {"b2", "b3"}, {"t"}})));
    CHECK_FALSE(memory.learn(path_of({{"a"}, {"b3"}, {"t"}})));
    CHECK(memory.learn(path_of({{"a"}, {"b4"}, {"t"}})));
    CHECK(memory.changes() == 1);
}

TEST_CASE("path memory: who says no is not on the way", "[plugins][path]") {
    const TracedHop first{1, {HopAnswer{"a", 0, PathWord::hop}}};
    const TracedHop no{2, {HopAnswer{"a", 0, PathWord::no_route}}};
    CHECK(seen_path({first, no}, false).hops.size() == 1);
}

TEST_CASE("mtu search: exact for every size, told or not", "[plugins][path]") {
    for (const bool v6 : {false, true}) {
        for (int mtu = v6 ? 1'280 : 576; mtu <= 1'500; mtu += 7) {
            MtuSearch told(v6, 1'500);
            CHECK(search_for(told, mtu, [&](int) { return mtu; }) == mtu);
            CHECK_FALSE(told.black_hole());
            MtuSearch hole(v6, 1'500);
            CHECK(search_for(hole, mtu, [](int) { return kSilent; }) == mtu);
            CHECK(hole.black_hole() == (mtu < 1'500));
            MtuSearch old_router(v6, 1'500);  // before RFC 1191
            CHECK(search_for(old_router, mtu, [](int) { return 0; }) == mtu);
            MtuSearch liar(v6, 1'500);
            CHECK(search_for(liar, mtu, [](int size) { return size; }) == mtu);
        }
    }
    MtuSearch narrower(false, 9'000);  // one link after the other
    CHECK(search_for(narrower, 1'400, [](int size) {
              return size > 4'000 ? 4'000 : 1'400;
          }) == 1'400);
    MtuSearch both(false, 9'000);  // one says so, a later one does not
    CHECK(search_for(both, 1'300, [](int size) {
              return size > 1'500 ? 1'500 : kSilent;
          }) == 1'300);
    CHECK(both.black_hole());
}

TEST_CASE("mtu search: a target that never answers has none", "[plugins][path]") {
    MtuSearch search(false, 1'500);
    int steps = 0;
    while (const auto size = search.next()) {
        search.silent(*size);
        REQUIRE(++steps < 5);
    }
    CHECK_FALSE(search.found());
    CHECK_FALSE(search.black_hole());
}

}  // namespace cxedge::plugins
