// SPDX-License-Identifier: Apache-2.0
// cxctl receive with a played broker: each sample once in the output, through any kill, and
// acknowledged only when it is there.
#include "agent/ctl/receive.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ctl/receive_report.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/ctl/node.hpp"
#include "tests/unit/ctl/played_broker.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Values = std::vector<double>;

constexpr const char* kAckTopic = "cx/1/acme/paris/box-7/dn/ack";
constexpr const char* kRequestTopic = "cx/1/acme/paris/box-7/cmd/req";

// A receiver that runs, until it is destroyed without a word: a kill.
class Running {
public:
    explicit Running(const ReceiveOptions& options) {
        auto opened = Receive::open(options, {broker, clock, [this](const std::string& text) {
                                                  notes.push_back(text);
                                              }});
        if (!opened) {
            FAIL(opened.error().message);
        }
        receive = std::move(*opened);
        broker.accepts();
        CHECK(receive->turn());
    }
    // What arrives now; not yet due to be committed.
    void arrives(const std::string& topic, const std::string& payload) {
        broker.arrives(topic, payload);
        CHECK(receive->turn());
    }
    void announce(const Node& node) {
        for (const auto& part : node.dictionary()) {
            arrives(node.topics().dictionary(part.part), part.payload);
        }
    }
    void online(const Node& node, bool is_online = true) {
        wire::NodeState state;
        state.online = is_online;
        state.session = 1;
        arrives(node.topics().state(), wire::encode_node_state(state));
    }
    void wait(milliseconds time) {
        clock.advance(time);
        CHECK(receive->turn());  // commits, asks
        CHECK(receive->turn());  // publishes
    }
    [[nodiscard]] std::vector<PlayedBroker::Published> take(const std::string& topic) {
        std::vector<PlayedBroker::Published> taken;
        for (const auto& message : std::exchange(broker.published, {})) {
            if (message.topic == topic) {
                taken.push_back(message);
            }
        }
        return taken;
    }
    // Of lane 1 in the acknowledgement published last; empty when there was none.
    [[nodiscard]] std::optional<std::uint64_t> acknowledged() {
        const auto acks = take(kAckTopic);
        if (acks.empty()) {
            return std::nullopt;
        }
        CHECK(acks.back().retain);
        const auto ack = wire::decode_platform_ack(acks.back().payload);
        REQUIRE(ack);
        CHECK(ack->platform_ack);
        for (const wire::LaneAck& lane : ack->lanes) {
            if (lane.lane == Lane::live && lane.epoch == kEpoch) {
                return lane.contig;
            }
        }
        return 0;
    }
    [[nodiscard]] std::vector<wire::Resend> asked() {
        std::vector<wire::Resend> asked;
        for (const auto& message : take(kRequestTopic)) {
            const auto request = wire::decode_request(message.payload);
            REQUIRE(request);
            if (const auto* resend = std::get_if<wire::Resend>(&*request)) {
                asked.push_back(*resend);
            }
        }
        return asked;
    }

    test::ManualClock clock;
    PlayedBroker broker;
    std::vector<std::string> notes;
    std::unique_ptr<Receive> receive;
};

ReceiveOptions options_for(const test::TempDir& dir, const std::string& name) {
    ReceiveOptions options;
    options.out_file = dir.file(name);
    return options;
}

std::string content_of(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

Values values_in_lines(const std::string& path) {
    Values values;
    std::istringstream in(content_of(path));
    for (std::string line; std::getline(in, line);) {
        values.push_back(nlohmann::json::parse(line)["value"].get<double>());
    }
    return values;
}

// time_ms,tenant,site,node,epoch,lane,seq,type,name,dims,unit,kind,value,detail
Values values_in_csv(const std::string& path) {
    Values values;
    std::istringstream in(content_of(path));
    std::string line;
    CHECK(std::getline(in, line));
    CHECK(line.rfind("time_ms,tenant,", 0) == 0);
    while (std::getline(in, line)) {
        std::istringstream cells(line);
        std::string cell;
        for (int i = 0; i < 13; ++i) {
            std::getline(cells, cell, ',');
        }
        values.push_back(std::stod(cell));
    }
    return values;
}

Values values_in_sqlite(const std::string& path) {
    auto database = store::Database::open(path);
    REQUIRE(database);
    auto rows = database->prepare("SELECT CAST(value AS TEXT) FROM samples ORDER BY rowid");
    if (!rows) {
        rows = database->prepare("SELECT CAST(value AS TEXT) FROM samples");
    }
    REQUIRE(rows);
    Values values;
    while (rows->next()) {
        values.push_back(std::stod(std::string(rows->bytes(0))));
    }
    CHECK(rows->finish());
    return values;
}

Values values_in(const std::string& path) {
    Values values = path.find(".db") != std::string::npos    ? values_in_sqlite(path)
                    : path.find(".csv") != std::string::npos ? values_in_csv(path)
                                                             : values_in_lines(path);
    std::sort(values.begin(), values.end());
    return values;
}

Values up_to(int last) {
    Values values;
    for (int i = 1; i <= last; ++i) {
        values.push_back(i);
    }
    return values;
}

// Box 7 with one gauge; batch n holds the value n. The node holds everything from `held` on.
struct Box {
    Box() : node("box-7"), level(node.define(Kind::gauge, "g", "1")) {}

    [[nodiscard]] std::string batch(std::uint64_t seq, std::uint64_t held = 1) const {
        wire::BatchBuilder builder;
        builder.add(Sample{level, at_wall(from_unix_ms(kStart)), static_cast<double>(seq)});
        const wire::SealedBody body = builder.seal();
        auto parsed = wire::parse_batch(node.one(level, 1.0, seq));
        REQUIRE(parsed);
        parsed->header.first_unacked = held;
        return wire::encode_batch(parsed->header, body);
    }

    Node node;
    SeriesId level;
};

}  // namespace

TEST_CASE("receive: writes, commits, then acknowledges", "[ctl]") {
    const test::TempDir dir;
    const std::string name = GENERATE("out.jsonl", "out.csv", "out.db");
    const Box box;
    Running running(options_for(dir, name));
    CHECK(running.broker.client_id == "cxctl-receive");
    CHECK(running.broker.session_expiry_s == 7 * 24 * 3600);
    CHECK(
        running.broker.subscribed ==
        std::vector<std::string>{"cx/1/+/+/+/dict/#", "cx/1/+/+/+/state", "cx/1/+/+/+/up/#"}
    );
    running.announce(box.node);
    running.arrives(box.node.live(), box.batch(1));
    running.arrives(box.node.live(), box.batch(2));
    running.arrives(box.node.live(), box.batch(2));
    running.arrives(box.node.live(), box.batch(4));
    CHECK_FALSE(running.acknowledged());
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged() == 2);
    CHECK(values_in(dir.file(name)) == Values{1, 2, 4});
    running.wait(milliseconds(1000));
    CHECK_FALSE(running.acknowledged());  // nothing new
    running.arrives(box.node.live(), box.batch(3));
    CHECK(running.receive->finish());
    CHECK(running.acknowledged() == 4);
    CHECK(running.broker.disconnected);
    CHECK(values_in(dir.file(name)) == up_to(4));
}

TEST_CASE("receive: a kill loses nothing that was acknowledged and doubles nothing", "[ctl]") {
    const test::TempDir dir;
    const std::string name = GENERATE("out.jsonl", "out.csv", "out.db");
    const Box box;
    {
        Running running(options_for(dir, name));
        running.announce(box.node);
        running.arrives(box.node.live(), box.batch(1));
        running.arrives(box.node.live(), box.batch(2));
        running.wait(milliseconds(1000));
        CHECK(running.acknowledged() == 2);
        running.arrives(box.node.live(), box.batch(3));
    }  // killed before the commit
    if (name != "out.db") {
        std::ofstream(dir.file(name), std::ios::app) << "written, and not committed";
    }
    Running running(options_for(dir, name));
    // The dictionary was kept; the broker repeats what it was not acknowledged, the node the rest.
    for (const std::uint64_t seq : {2U, 3U, 4U}) {
        running.arrives(box.node.live(), box.batch(seq));
    }
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged() == 4);
    CHECK(values_in(dir.file(name)) == up_to(4));
    CHECK(running.receive->receiver().totals().duplicate_batches == 1);
}

TEST_CASE("receive: killed anywhere, again and again", "[ctl]") {
    const test::TempDir dir;
    const std::string name = GENERATE("out.jsonl", "out.db");
    constexpr int kBatches = 400;
    constexpr int kKills = 12;
    const Box box;
    std::mt19937 random(7);
    const ReceiveOptions options = options_for(dir, name);
    const auto deliver_all = [&](Running& running) {
        running.announce(box.node);
        for (int seq = 1; seq <= kBatches; ++seq) {
            running.arrives(box.node.live(), box.batch(static_cast<std::uint64_t>(seq)));
            running.clock.advance(milliseconds(100));
        }
    };
    for (int kill = 0; kill < kKills; ++kill) {
        const auto life_us = static_cast<suseconds_t>(5000 + random() % 120'000);
        const pid_t child = ::fork();
        if (child == 0) {
            // Ends the process wherever it is, as SIGKILL would.
            const itimerval life{{0, 0}, {0, life_us}};
            ::signal(SIGALRM, SIG_DFL);
            ::setitimer(ITIMER_REAL, &life, nullptr);
            Running running(options);
            deliver_all(running);
            ::pause();
        }
        REQUIRE(child > 0);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
    }
    Running running(options);
    deliver_all(running);
    CHECK(running.receive->finish());
    CHECK(running.acknowledged() == kBatches);
    CHECK(values_in(dir.file(name)) == up_to(kBatches));
}

TEST_CASE(
    "receive: a batch without its dictionary is not acknowledged before it is written", "[ctl]"
) {
    const test::TempDir dir;
    const Box box;
    Running running(options_for(dir, "out.jsonl"));
    running.arrives(box.node.live(), box.batch(1));
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged().value_or(0) == 0);
    running.announce(box.node);
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged() == 1);
    CHECK(values_in(dir.file("out.jsonl")) == Values{1});
}

TEST_CASE("receive: a node is told at first sight that it is acknowledged", "[ctl]") {
    const test::TempDir dir;
    const Box box;
    Running running(options_for(dir, "out.jsonl"));
    running.online(box.node);
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged() == 0);
    // A broker that came back may have forgotten.
    running.broker.drops();
    CHECK(running.receive->turn());
    running.broker.accepts();
    running.wait(milliseconds(1000));
    running.wait(milliseconds(1000));
    CHECK(running.acknowledged() == 0);
}

TEST_CASE("receive: a hole that stays is asked for while the node is online", "[ctl]") {
    const test::TempDir dir;
    const Box box;
    Running running(options_for(dir, "out.jsonl"));
    running.announce(box.node);
    running.arrives(box.node.live(), box.batch(1));
    running.arrives(box.node.live(), box.batch(5));
    running.wait(seconds(1));
    running.wait(seconds(60));
    CHECK(running.asked().empty());  // nobody knows that it is online
    running.online(box.node);
    running.wait(seconds(1));
    running.wait(seconds(8));
    CHECK(running.asked().empty());
    running.wait(seconds(1));  // what came last on each lane may be missing as well
    CHECK(
        running.asked() ==
        std::vector<wire::Resend>{
            {Lane::control, kEpoch, 1, kNoEnd},
            {Lane::live, kEpoch, 2, kNoEnd},
            {Lane::bulk, kEpoch, 1, kNoEnd}}
    );
    running.wait(seconds(1));
    CHECK(running.asked() == std::vector<wire::Resend>{{Lane::live, kEpoch, 2, 4}});
    running.wait(seconds(29));
    CHECK(running.asked().empty());
    running.wait(seconds(1));
    CHECK(running.asked().size() == 1);
    running.online(box.node, false);
    running.wait(seconds(60));
    CHECK(running.asked().empty());
    running.arrives(box.node.live(), box.batch(6, 5));  // the node says that it never comes
    running.wait(seconds(1));
    CHECK(running.acknowledged() == 6);
}

TEST_CASE("receive: without acknowledgements an earlier promise is withdrawn", "[ctl]") {
    const test::TempDir dir;
    const Box box;
    ReceiveOptions options = options_for(dir, "out.jsonl");
    {
        Running running(options);
        running.announce(box.node);
        running.wait(seconds(1));
        CHECK(running.acknowledged() == 0);
    }
    options.no_ack = true;
    for (const bool first : {true, false}) {
        Running running(options);
        running.arrives(box.node.live(), box.batch(first ? 1 : 2));
        running.wait(seconds(1));
        const auto withdrawn = running.take(kAckTopic);
        REQUIRE(withdrawn.size() == (first ? 1 : 0));
        CHECK((withdrawn.empty() || (withdrawn[0].payload.empty() && withdrawn[0].retain)));
    }
    CHECK(values_in(dir.file("out.jsonl")) == up_to(2));
}

TEST_CASE("receive: the account of each lane survives and adds up", "[ctl]") {
    const test::TempDir dir;
    const Box box;
    const ReceiveOptions options = options_for(dir, "out.csv");
    {
        Running running(options);
        running.announce(box.node);
        running.arrives(box.node.live(), box.batch(1));
        wire::BatchBuilder builder;
        const SampleTime when = at_wall(from_unix_ms(kStart));
        builder.add(wire::Declared<Gap>{when, {Lane::live, kEpoch, 2, 3, 20, 0, GapCause::age}});
        builder.add(wire::Declared<DeadLetter>{when, {Lane::live, kEpoch, 4, 5, 0, 0x87, 1}});
        running.arrives(
            box.node.topics().data(Stream::event, false), box.node.seal(builder, 1, Lane::control)
        );
        CHECK(running.receive->finish());
        CHECK(running.acknowledged() == 4);
    }
    CHECK(
        content_of(dir.file("out.csv")).find(",gap,age,,,,,\"{\"\"gap\"\":") != std::string::npos
    );
    const Running again(options);
    const Lanes& lanes = again.receive->receiver().lanes();
    const std::string table = equation_table(lanes);
    INFO(table);
    CHECK(
        table.find("live     samples             1         20          5          0           26"
        ) != std::string::npos
    );
    REQUIRE(node_report(lanes).size() == 1);
    CHECK(
        node_report(lanes)[0] ==
        "acme/paris/box-7: 1 samples and 0 events received, 0 duplicate batches, 1 gaps (20 "
        "samples), 1 dead letters (5 samples), 0 samples unreadable"
    );
}

TEST_CASE("receive: files that contradict each other are told apart", "[ctl]") {
    const auto error = [](const std::string& state, const std::string& out, const char* format) {
        ReceiveOptions options;
        options.state_file = state;
        options.out_file = out;
        options.format = format;
        const auto files = receive_files(options);
        return files ? files->state + "|" + files->out : files.error().message.substr(0, 24);
    };
    CHECK(error("", "a.jsonl", "") == "a.jsonl.state.db|a.jsonl");
    CHECK(error("s.db", "", "") == "s.db|");
    CHECK(error("", "a.db", "") == "a.db|a.db");
    CHECK(error("", "a.x", "sqlite") == "a.x|a.x");
    CHECK(error("", "a.db", "jsonl") == "a.db.state.db|a.db");
    CHECK(error("", "", "") == "receive: give --out FILE");
    CHECK(error("", "", "sqlite") == "receive: format sqlite n");
    CHECK(error("s.db", "a.db", "") == "receive: with format sql");
    CHECK(error("a.csv", "a.csv", "") == "receive: --state and --o");
    CHECK(receive_files(ReceiveOptions{}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("receive: files that are not what they should be are refused", "[ctl]") {
    const test::TempDir dir;
    test::ManualClock clock;
    PlayedBroker broker;
    const auto open = [&](const ReceiveOptions& options) {
        const auto opened = Receive::open(options, {broker, clock, [](const std::string&) {
                                                    }});
        return opened ? std::string() : opened.error().message;
    };
    ReceiveOptions options = options_for(dir, "out.jsonl");
    {
        const Box box;
        Running running(options);
        CHECK(open(options).find("another cxctl receive uses it") != std::string::npos);
        running.announce(box.node);
        running.arrives(box.node.live(), box.batch(1));
        CHECK(running.receive->finish());
    }
    std::ofstream(dir.file("out.jsonl"), std::ios::trunc) << "x";
    CHECK(open(options).find("has 1 bytes, ") != std::string::npos);
    std::ofstream(dir.file("out.jsonl"), std::ios::trunc);
    CHECK(open(options).empty());  // moved away to begin a new one
    options.out_file = dir.file("new.jsonl");
    options.state_file = dir.file("garbage.db");
    std::ofstream(options.state_file) << std::string(5000, 'x');
    CHECK(open(options).find("garbage.db: ") != std::string::npos);
    options.connection.topic = "cx/1/+/+/+/up/#";
    CHECK(open(options).find("does not cover whole nodes") != std::string::npos);
}

}  // namespace cxedge::ctl
