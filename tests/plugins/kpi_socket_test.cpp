// SPDX-License-Identifier: Apache-2.0
#include "plugins/kpi_socket/kpi_socket.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>

#include "plugins/_devices/kpi_line.hpp"
#include "plugins/_devices/line_splitter.hpp"
#include "plugins/kpi_socket/read_pace.hpp"

#include "tests/plugins/plugin_fixture.hpp"
#include "tests/plugins/sockets.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::KpiSocket;

const std::string kSettings = "plugin = \"kpi_socket\"\nsocket = \"${dir}/kpi.sock\"\n";

std::string random_line(std::mt19937& random) {
    constexpr std::string_view kAlphabet = "ab1.,=:{}[]\"\\ +-e\t\x01\xff/";
    std::string text(random() % 40, ' ');
    std::generate(text.begin(), text.end(), [&] { return kAlphabet[random() % kAlphabet.size()]; });
    return text;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("kpi_socket: ok comes after the commit and not before", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    run.host.hold_commits = true;
    LineClient client(run.dir.file("kpi.sock"));
    REQUIRE(client.send_all(run.host, "a 1\nb 2\nbad\n"));
    REQUIRE(run.host.run_until([&] { return run.host.commits == 1; }));
    run.poll();
    client.receive();
    CHECK(run.host.readings.size() == 2);
    CHECK(client.text().empty());
    run.host.release_commits();
    REQUIRE(client.wait_for_lines(run.host, 3));
    CHECK(client.text() == "ok\nok\nerror no value after the name\n");
}

TEST_CASE(
    "kpi_socket: a failed commit turns every ok of that read into an error", "[plugins][kpi_socket]"
) {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    run.host.commit_status = exhausted("storage is full\nreally");
    LineClient client(run.dir.file("kpi.sock"));
    REQUIRE(client.send_all(run.host, "a 1\nbad\nb 2\n"));
    REQUIRE(client.wait_for_lines(run.host, 3));
    CHECK(
        client.text() ==
        "error storage is full really\nerror no value after the name\nerror storage is full "
        "really\n"
    );
}

TEST_CASE("kpi_socket: refusals of the agent reach the sender", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    run.host.on_declare = [](const SeriesInfo& info) {
        return info.key.metric == "a" ? Status(invalid_argument("a has no unit")) : Status();
    };
    run.host.on_emit = [](const SeriesInfo& info, double) {
        return info.key.metric == "b" ? Status(exhausted("storage is full")) : Status();
    };
    REQUIRE(run.start(kSettings + "max_series = 2\n"));
    LineClient client(run.dir.file("kpi.sock"));
    REQUIRE(client.send_all(run.host, "a 1\nb 1\nc 1\nd 1\nc 2\n"));
    REQUIRE(client.wait_for_lines(run.host, 5));
    CHECK(
        client.text() ==
        "error a has no unit\nerror storage is full\nok\nerror more than 2 different series\nok\n"
    );
}

TEST_CASE("kpi_socket: byte by byte gives the same answers", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    LineClient client(run.dir.file("kpi.sock"));
    for (const char c : std::string("a 1\r\nb,x=1 2.5\nbad\n{\"name\":\"c\",\"value\":3}\n")) {
        REQUIRE(client.send_all(run.host, std::string(1, c)));
        run.poll();
    }
    REQUIRE(client.wait_for_lines(run.host, 4));
    CHECK(client.text() == "ok\nok\nerror no value after the name\nok\n");
    CHECK(run.host.readings.size() == 3);
}

TEST_CASE(
    "kpi_socket: a line that is too long is one error, the next one is read",
    "[plugins][kpi_socket]"
) {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    LineClient client(run.dir.file("kpi.sock"));
    REQUIRE(client.send_all(run.host, std::string(100'000, 'x') + "\na 1\n"));
    REQUIRE(client.wait_for_lines(run.host, 2));
    CHECK(client.text() == "error line is longer than 4096 bytes\nok\n");
}

TEST_CASE(
    "kpi_socket: ten thousand random lines get ten thousand answers", "[plugins][kpi_socket]"
) {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings + "max_series = 100\n"));
    LineClient client(run.dir.file("kpi.sock"));
    std::mt19937 random(20261122);
    for (int i = 0; i < 10'000; ++i) {
        REQUIRE(client.send_all(run.host, random_line(random) + "\n"));
        client.receive();
    }
    REQUIRE(client.send_all(run.host, "a 1\n"));
    REQUIRE(client.wait_for_lines(run.host, 10'001));
    CHECK(client.line_count() == 10'001);
    CHECK(count_of(client.text(), "ok\n") == run.host.readings.size());
    CHECK(run.host.logs.size() < 10);
}

TEST_CASE(
    "kpi_socket: pipelining and several clients keep each one's order", "[plugins][kpi_socket]"
) {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    std::vector<std::unique_ptr<LineClient>> clients;
    for (int c = 0; c < 8; ++c) {
        clients.push_back(std::make_unique<LineClient>(run.dir.file("kpi.sock")));
    }
    std::string expected;
    for (int i = 0; i < 500; ++i) {
        const bool is_good = i % 7 != 0;
        expected += is_good ? "ok\n" : "error value is not a number\n";
        for (const auto& client : clients) {
            REQUIRE(client->send_all(run.host, is_good ? "a 1\n" : "a x\n"));
        }
    }
    for (const auto& client : clients) {
        REQUIRE(client->wait_for_lines(run.host, 500));
        CHECK(client->text() == expected);
    }
    // Answers of one read share a commit.
    CHECK(run.host.commits < static_cast<int>(run.host.readings.size()));
}

TEST_CASE(
    "kpi_socket: a client that does not read is not read, and misses nothing",
    "[plugins][kpi_socket]"
) {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings + "max_answers_kib = 4\n"));
    LineClient client(run.dir.file("kpi.sock"));
    constexpr std::size_t kLines = 300'000;
    std::string lines;
    for (std::size_t i = 0; i < kLines; ++i) {
        lines += "a 1\n";
    }
    std::string_view rest = lines;
    int idle = 0;
    // Until the kernel takes no more for a long while: the source has stopped reading.
    while (idle < 200) {
        const std::size_t sent = client.send(rest);
        rest.remove_prefix(sent);
        run.poll();
        idle = sent == 0 ? idle + 1 : 0;
    }
    REQUIRE_FALSE(rest.empty());
    const std::size_t held = run.host.readings.size();
    run.poll();
    CHECK(run.host.readings.size() == held);
    REQUIRE(run.host.run_until([&] {
        rest.remove_prefix(rest.empty() ? 0 : client.send(rest));
        client.receive(4'001);  // slowly, and across line ends
        return client.text().size() >= kLines * 3;
    }));
    CHECK(run.host.readings.size() == kLines);
    CHECK(count_of(client.text(), "ok\n") == kLines);
}

TEST_CASE("kpi_socket: a client that goes away takes nobody with it", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    run.host.hold_commits = true;
    LineClient other(run.dir.file("kpi.sock"));
    {
        LineClient client(run.dir.file("kpi.sock"));
        REQUIRE(client.send_all(run.host, "a 1\na 2\n"));
        REQUIRE(run.host.run_until([&] { return run.host.readings.size() == 2; }));
    }
    run.poll();
    run.host.hold_commits = false;
    run.host.release_commits();
    REQUIRE(other.send_all(run.host, "b 1\n"));
    REQUIRE(other.wait_for_lines(run.host, 1));
    CHECK(other.text() == "ok\n");
}

TEST_CASE("kpi_socket: one client too many is told so", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings + "max_clients = 1\n"));
    auto first = std::make_unique<LineClient>(run.dir.file("kpi.sock"));
    run.poll();
    LineClient second(run.dir.file("kpi.sock"));
    REQUIRE(second.wait_for_end(run.host));
    CHECK(second.text() == "error too many clients\n");
    first.reset();
    run.poll();
    LineClient third(run.dir.file("kpi.sock"));
    REQUIRE(third.send_all(run.host, "a 1\n"));
    REQUIRE(third.wait_for_lines(run.host, 1));
    CHECK(third.text() == "ok\n");
}

TEST_CASE("kpi_socket: stop with commits outstanding, then start again", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    run.host.hold_commits = true;
    LineClient client(run.dir.file("kpi.sock"));
    REQUIRE(client.send_all(run.host, "a 1\n"));
    REQUIRE(run.host.run_until([&] { return run.host.commits == 1; }));
    run.source.stop();
    CHECK_FALSE(std::filesystem::exists(run.dir.file("kpi.sock")));
    run.host.release_commits();  // nobody is left to answer
    client.receive();
    CHECK(client.at_end());
    CHECK(client.text().empty());
    run.host.hold_commits = false;
    REQUIRE(run.source.start(run.host));
    LineClient again(run.dir.file("kpi.sock"));
    REQUIRE(again.send_all(run.host, "a 1\n"));
    REQUIRE(again.wait_for_lines(run.host, 1));
    CHECK(again.text() == "ok\n");
}

TEST_CASE("kpi_socket: names seen before are not declared again", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    LineClient client(run.dir.file("kpi.sock"));
    std::string lines;
    for (int i = 0; i < 100; ++i) {
        lines += "a,x=1 1\n{\"name\":\"b\",\"value\":1,\"dims\":{\"x\":\"1\"}}\n";
    }
    REQUIRE(client.send_all(run.host, lines));
    REQUIRE(client.wait_for_lines(run.host, 200));
    CHECK(run.host.declares == 2 + 3);
    CHECK(run.host.readings.size() == 200);
}

TEST_CASE("kpi_socket: lines are the same however the bytes are cut", "[plugins][kpi_socket]") {
    const std::string text = "abc\n\r\nlonger line\nxy\r\nrest";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        devices::LineSplitter splitter(6);
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            splitter.feed(
                std::string_view(text).substr(at, piece),
                [&](std::string_view line, bool too_long) {
                    lines.push_back(too_long ? "(too long)" : std::string(line));
                }
            );
        }
        CHECK(lines == std::vector<std::string>{"abc", "", "(too long)", "xy"});
        CHECK(splitter.has_partial());
    }
}

TEST_CASE("kpi_socket: a stream of lines is collected, a waiting client is not", "[kpi_socket]") {
    const auto reads_until_pause = [](plugins::ReadPace& pace) {
        std::size_t reads = 1;
        while (!pace.pauses_after(1)) {
            ++reads;
        }
        return reads;
    };
    plugins::ReadPace pace;
    const std::size_t first = reads_until_pause(pace);
    SECTION("several lines come during the pause: pauses go on until that ends") {
        CHECK(pace.pauses_after(5));
        CHECK(pace.pauses_after(2));
        CHECK_FALSE(pace.pauses_after(1));
    }
    SECTION("one line comes, again and again: tries become rare") {
        CHECK_FALSE(pace.pauses_after(1));
        const std::size_t second = reads_until_pause(pace);
        CHECK(second > first);
        CHECK_FALSE(pace.pauses_after(0));
        CHECK(reads_until_pause(pace) > second);
    }
}

TEST_CASE("kpi_socket: every line of a stream is answered in order", "[plugins][kpi_socket]") {
    Running<KpiSocket> run;
    REQUIRE(run.start(kSettings));
    LineClient client(run.dir.file("kpi.sock"));
    constexpr std::size_t kLines = 300;
    for (std::size_t i = 0; i < kLines; ++i) {
        REQUIRE(client.send_all(run.host, i % 100 == 99 ? "bad\n" : "a 1\n"));
        run.poll();
    }
    REQUIRE(client.wait_for_lines(run.host, kLines));
    CHECK(run.host.readings.size() == kLines - 3);
    CHECK(count_of(client.text(), "ok\n") == kLines - 3);
    CHECK(
        client.text().rfind("error") ==
        client.text().size() - std::string("error no value after the name\n").size()
    );
}

}  // namespace cxedge::test
