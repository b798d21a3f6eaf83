// SPDX-License-Identifier: Apache-2.0
// Commands: what is refused and why, and that whatever kills the agent each is run at most once.
#include "agent/remote/command_desk.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "agent/base/ids.hpp"
#include "agent/wire/envelope.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::remote {

using test::ManualClock;

namespace {

const wire::EnrolName kSelf{"acme", "store-1", "box-1"};

std::string file_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A desk with an operation that counts, one that never answers, and one that ends the process.
struct Desk {
    test::TempDir dir;
    ManualClock clock;
    SigningKey key = SigningKey::generate().value();
    std::vector<Event> events;
    bool keeps = true;  // lane 0 takes what is told
    int runs = 0;
    int restarts = 0;
    CommandRespond pending;
    std::vector<std::pair<CommandDelivery, CommandRecord>> replies;
    std::vector<std::pair<CommandRecord, std::string>> audited;  // with its arguments
    std::vector<std::string> snapshots;  // the journal whenever something is done
    std::unique_ptr<CommandDesk> desk;

    Desk() { start(); }

    [[nodiscard]] std::string journal() const { return dir.file("commands.journal"); }

    void start() {
        std::map<std::string, CommandOperation> operations;
        operations["ping"].run = [this](const wire::Command&, const CommandRespond& respond) {
            snapshots.push_back(file_bytes(journal()));
            ++runs;
            respond(std::string("pong"));
        };
        operations["read"].repeatable = true;
        operations["read"].run = [](const wire::Command&, const CommandRespond& respond) {
            respond(std::string(1000, 'x'));
        };
        operations["wait"].run = [this](const wire::Command&, const CommandRespond& respond) {
            pending = respond;
        };
        operations["restart_agent"] = {
            [this](const wire::Command&, const CommandRespond&) { ++restarts; }, true};
        desk = std::make_unique<CommandDesk>(
            CommandJournal::open(journal(), clock.wall_now()).value(),
            CommandDesk::Parts{
                clock,
                kSelf,
                {key.public_key()},
                std::move(operations),
                [this](Event event, const std::function<void()>& kept) {
                    snapshots.push_back(file_bytes(journal()));
                    events.push_back(std::move(event));
                    if (keeps && kept) {
                        kept();
                    }
                },
                [this](const CommandRecord& record, const std::string& arguments) {
                    audited.emplace_back(record, arguments);
                },
                [this](const CommandDelivery& asked, const CommandRecord& record) {
                    replies.emplace_back(asked, record);
                }}
        );
        desk->resume();
    }

    [[nodiscard]] wire::Command command(const std::string& op = "ping") const {
        wire::Command made;
        made.tenant = kSelf.tenant;
        made.site = kSelf.site;
        made.node = kSelf.node;
        made.id = wire::make_ulid(clock.wall_now());
        made.issued_at = clock.wall_now();
        made.op = op;
        return made;
    }
    [[nodiscard]] std::string sealed(const std::string& body) const {
        return seal_envelope(Purpose::command, body, {&key}).value();
    }
    void send(const wire::Command& what) {
        desk->receive(sealed(wire::encode_command(what)), false);
    }
    [[nodiscard]] std::string last() const { return events.empty() ? "" : events.back().name; }
    [[nodiscard]] std::string detail() const {
        for (const Dimension& attr : events.back().attrs) {
            if (attr.key == "detail") {
                return attr.value;
            }
        }
        return events.back().text;
    }
};

}  // namespace

TEST_CASE("command_desk: accepted, run, told", "[remote]") {
    Desk box;
    const wire::Command ping = box.command();
    box.send(ping);
    REQUIRE(box.events.size() == 2);
    CHECK(box.events[0].name == "command.accepted");
    CHECK(box.last() == "command.succeeded");
    CHECK(box.detail() == "pong");
    CHECK(box.events[0].id == box.events[1].id);
    CHECK(box.desk->counters().accepted == 1);

    box.send(ping);  // replayed
    CHECK(box.runs == 1);
    CHECK(box.last() == "command.refused");
    CHECK(box.desk->counters().rejected == 1);
    box.start();  // also by the next process
    box.send(ping);
    CHECK(box.runs == 1);
}

TEST_CASE("command_desk: what is not signed for this node is not acted on", "[remote]") {
    Desk box;
    const wire::Command good = box.command();
    const std::string payload = box.sealed(wire::encode_command(good));
    std::vector<std::pair<std::string, std::string>> wrong;

    const SigningKey stranger = SigningKey::generate().value();
    const std::string body = wire::encode_command(good);
    wrong.emplace_back(
        "not in [remote] keys", seal_envelope(Purpose::command, body, {&stranger}).value()
    );
    wrong.emplace_back("does not hold", seal_envelope(Purpose::desired, body, {&box.key}).value());
    std::string forged = payload;
    forged[forged.find("ping")] = 'P';
    wrong.emplace_back("does not hold", forged);
    wrong.emplace_back("", payload.substr(0, payload.size() - 1));
    wrong.emplace_back("", "");
    wire::Command elsewhere = good;
    elsewhere.node = "box-2";
    wrong.emplace_back("is for acme/store-1/box-2", box.sealed(wire::encode_command(elsewhere)));
    wrong.emplace_back("too many", box.sealed(std::string(wire::kMaxCommandBytes + 1024, 'x')));
    wrong.emplace_back("not a Command", box.sealed("\x0a\x02\xff\xfe" + body));  // no UTF-8
    std::string nested;
    for (int i = 0; i < 2000; ++i) {
        nested += "\x7b";  // begin of group 15, two thousand deep
    }
    wrong.emplace_back("not a Command", box.sealed(body + nested));
    wire::Command no_ulid = good;
    no_ulid.id = "01";
    wrong.emplace_back("ULID", box.sealed(wire::encode_command(no_ulid)));
    wire::Command eternal = good;
    eternal.ttl = std::chrono::hours(8 * 24);
    wrong.emplace_back("ttl_s", box.sealed(wire::encode_command(eternal)));

    std::uint64_t rejected = 0;
    for (const auto& [why, bytes] : wrong) {
        INFO(why << ", " << bytes.size() << " bytes");
        box.clock.advance(std::chrono::minutes(2));  // a reason a minute is told
        box.events.clear();
        box.desk->receive(bytes, false);
        CHECK(box.desk->counters().rejected == ++rejected);
        REQUIRE(box.events.size() == 1);
        CHECK(box.last() == "command.refused");
        CHECK(box.events.back().text.find(why) != std::string::npos);
    }
    box.desk->receive(payload, true);  // retained
    CHECK(box.desk->counters().rejected == rejected + 1);
    CHECK(box.runs == 0);
    CHECK(file_bytes(box.journal()).empty());  // no flash for strangers
}

TEST_CASE("command_desk: what is signed but not to be run is answered", "[remote]") {
    Desk box;
    wire::Command old = box.command();
    old.ttl = std::chrono::seconds(10);
    box.clock.advance(std::chrono::seconds(11));
    box.send(old);
    CHECK(box.last() == "command.expired");
    wire::Command early = box.command();
    early.issued_at += std::chrono::hours(1);
    box.send(early);
    CHECK(box.last() == "command.rejected");
    CHECK(box.detail().find("clock shows") != std::string::npos);
    box.send(box.command("format_disk"));
    CHECK(box.last() == "command.rejected");
    CHECK(box.runs == 0);
    CHECK(box.desk->counters().rejected == 3);
}

TEST_CASE("command_desk: what takes too long is given up, a late answer ignored", "[remote]") {
    Desk box;
    box.send(box.command("wait"));
    box.desk->tick();
    CHECK(box.last() == "command.accepted");
    box.clock.advance(std::chrono::seconds(61));
    box.desk->tick();
    CHECK(box.last() == "command.failed");
    const std::size_t told = box.events.size();
    box.pending(std::string("done"));
    CHECK(box.events.size() == told);
}

TEST_CASE("command_desk: a long result travels in parts and arrives whole", "[remote]") {
    Desk box;
    box.send(box.command("wait"));
    std::string result;
    for (int i = 0; result.size() < 70'000; ++i) {
        result += std::to_string(i) + ",";
    }
    box.events.clear();
    box.pending(result);
    std::string got;
    for (const Event& event : box.events) {
        CHECK(event.name == "command.succeeded");
        got += event.attrs.back().value;
    }
    CHECK(got == result.substr(0, kMaxResultBytes));
}

TEST_CASE(
    "command_desk: killed while it ran, it was interrupted, a restart was meant", "[remote]"
) {
    Desk box;
    box.send(box.command("wait"));
    box.start();
    CHECK(box.last() == "command.interrupted");
    box.send(box.command("restart_agent"));
    CHECK(box.restarts == 1);
    box.start();
    CHECK(box.last() == "command.succeeded");
    CHECK(box.restarts == 1);
    const std::size_t told = box.events.size();
    box.start();
    CHECK(box.events.size() == told);
}

TEST_CASE("command_desk: an outcome is told until lane 0 has it", "[remote]") {
    Desk box;
    box.keeps = false;
    box.send(box.command());
    box.events.clear();
    box.start();
    REQUIRE(box.events.size() == 1);
    CHECK(box.last() == "command.succeeded");
    CHECK(box.detail() == "pong");
    box.keeps = true;
    box.start();
    CHECK(box.events.size() == 2);
    box.start();
    CHECK(box.events.size() == 2);
    CHECK(box.runs == 1);
}

// Every moment of a command's life at which a kill -9 or a power cut can leave the journal, also
// in the middle of each write.
TEST_CASE(
    "command_desk: killed at any byte, it is done at most once and its end is told", "[remote]"
) {
    Desk box;
    box.keeps = false;
    box.send(box.command());
    REQUIRE(box.runs == 1);
    const std::string whole = file_bytes(box.journal());
    const std::string at_run = box.snapshots.at(1);  // RUNNING is written, then it is run
    REQUIRE(whole.substr(0, at_run.size()) == at_run);
    REQUIRE(at_run.size() < whole.size());
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        INFO("journal cut to " << size << " of " << whole.size() << " bytes");
        std::ofstream(box.journal(), std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        const int ran_before = size >= at_run.size() ? 1 : 0;
        box.runs = ran_before;
        box.events.clear();
        box.start();
        if (box.events.empty()) {
            CHECK(box.runs == 0);  // cut before ACCEPTED was whole: it never came
            continue;
        }
        CHECK(box.runs == 1);
        const bool was_running = ran_before == 1 && size < whole.size();
        CHECK(box.last() == (was_running ? "command.interrupted" : "command.succeeded"));
    }
}

TEST_CASE("command_desk: accepted before a long absence, it has expired", "[remote]") {
    Desk box;
    box.send(box.command());
    std::ofstream(box.journal(), std::ios::binary | std::ios::trunc) << box.snapshots.front();
    box.clock.advance(std::chrono::hours(1));
    box.runs = 0;
    box.start();
    CHECK(box.runs == 0);
    CHECK(box.last() == "command.expired");
}

TEST_CASE("command_journal: ids are known for seven days and no longer", "[remote]") {
    Desk box;
    box.send(box.command());
    box.clock.advance(std::chrono::hours(6 * 24));
    CHECK(CommandJournal::open(box.journal(), box.clock.wall_now())->records().size() == 1);
    box.clock.advance(std::chrono::hours(25));
    CHECK(CommandJournal::open(box.journal(), box.clock.wall_now())->records().empty());
}

TEST_CASE("command_desk: the audit has who asked for what, also after a restart", "[remote]") {
    Desk box;
    const std::string key = to_hex(box.key.public_key().id());
    wire::Command wait = box.command("wait");
    wait.args = {{"series", "cpu.*"}, {"ttl_s", "60"}};
    box.send(wait);
    box.send(box.command("restart_agent"));
    box.send(box.command("nothing"));
    REQUIRE(box.audited.size() == 1);
    CHECK(box.audited[0].first.state == CommandState::rejected);
    box.start();
    REQUIRE(box.audited.size() == 3);
    for (const auto& [record, arguments] : box.audited) {
        INFO(record.op);
        CHECK(record.key_id == key);
        CHECK(arguments == (record.op == "wait" ? "series=cpu.* ttl_s=60" : ""));
    }
}

TEST_CASE("command: ULIDs sort by time and are checked", "[remote]") {
    const ManualClock clock;
    const std::string id = wire::make_ulid(clock.wall_now());
    CHECK(wire::valid_ulid(id));
    CHECK(id < wire::make_ulid(clock.wall_now() + std::chrono::milliseconds(1)));
    // From the ULID specification's example of the time part.
    CHECK(wire::make_ulid(from_unix_ms(1469918176385)).substr(0, 10) == "01ARYZ6S41");
    for (const char* bad :
         {"",
          "01ARZ3NDEKTSV4RRFFQ69G5FA",
          "81ARZ3NDEKTSV4RRFFQ69G5FAV",
          "01ARZ3NDEKTSV4RRFFQ69G5FAU",
          "01arz3ndektsv4rrffq69g5fav"}) {
        CHECK_FALSE(wire::valid_ulid(bad));
    }
}

TEST_CASE("command_desk: who waits on a response topic is answered there, once", "[remote]") {
    Desk box;
    const CommandDelivery asked{SteadyTime::max(), "cx/1/a/b/c/cmd/rsp", "one"};
    box.desk->receive(box.sealed(wire::encode_command(box.command())), false, asked);
    REQUIRE(box.replies.size() == 1);
    CHECK(box.replies[0].first.response_topic == asked.response_topic);
    CHECK(box.replies[0].first.correlation == "one");
    CHECK(box.replies[0].second.state == CommandState::succeeded);
    CHECK(box.replies[0].second.detail == "pong");
    box.desk->receive(box.sealed(wire::encode_command(box.command("nothing"))), false, asked);
    REQUIRE(box.replies.size() == 2);
    CHECK(box.replies[1].second.state == CommandState::rejected);
    box.desk->receive("forged", false, asked);
    box.send(box.command());  // nobody waits
    CHECK(box.replies.size() == 2);
    box.desk->receive(box.sealed(wire::encode_command(box.command("wait"))), false, asked);
    box.start();  // the next process does not know who waited; lane 0 has it
    CHECK(box.last() == "command.interrupted");
    CHECK(box.replies.size() == 2);
}

TEST_CASE("command_desk: the message expiry ends a command, too", "[remote]") {
    Desk box;
    const SteadyTime now = box.clock.steady_now();
    const auto send = [&](std::chrono::seconds left) {
        box.desk->receive(
            box.sealed(wire::encode_command(box.command())), false, {now + left, {}, {}}
        );
        return box.last();
    };
    CHECK(send(std::chrono::seconds(1)) == "command.succeeded");
    box.clock.advance(std::chrono::seconds(2));
    CHECK(send(std::chrono::seconds(1)) == "command.expired");
    CHECK(box.runs == 1);
}

TEST_CASE("command_desk: what could not be read is counted and told", "[remote]") {
    Desk box;
    box.desk->unread(7);
    CHECK(box.desk->counters().rejected == 7);
    REQUIRE(box.last() == "command.refused");
    CHECK(box.events.back().attrs.front().value == "7");
    box.desk->unread(3);
    CHECK(box.desk->counters().rejected == 10);
    CHECK(box.events.size() == 1);  // one a minute
}

TEST_CASE("command_desk: what was only read does not go to flash", "[remote]") {
    Desk box;
    box.keeps = false;
    box.send(box.command("read"));
    CHECK(box.last() == "command.succeeded");
    CHECK(box.detail().size() == 1000);
    CHECK(file_bytes(box.journal()).find("xxx") == std::string::npos);
    const wire::Command again = box.command("read");
    box.send(again);
    box.events.clear();
    box.keeps = true;
    box.start();  // what was not safe is told as lost, not as an empty success
    CHECK(box.last() == "command.interrupted");
    CHECK(box.detail().find("ask again") != std::string::npos);
    box.events.clear();
    box.start();
    CHECK(box.events.empty());
    box.send(again);  // and is known all the same
    CHECK(box.last() == "command.refused");
}

}  // namespace cxedge::remote
