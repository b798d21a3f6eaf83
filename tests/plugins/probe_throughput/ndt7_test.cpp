// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"

#include "plugins/probe_throughput/probe_throughput.hpp"
#include "plugins/probe_throughput/websocket.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/impaired_link.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

using namespace plugins::throughput;
using probes::Finding;
using probes::ProbeResult;

constexpr std::chrono::seconds kNdt7Patience{30};
const std::string kProtocol = "net.measurementlab.ndt.v7";
// RFC 6455 section 1.3.
const std::string kKey = "dGhlIHNhbXBsZSBub25jZQ==";
const std::string kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct Frames {
    std::string data;
    std::string control;  // "opcode:payload "
    FrameReader reader{
        {[this](std::string_view part) { data += part; },
         [this](WsOpcode opcode, std::string_view payload) {
             control += std::to_string(static_cast<int>(opcode)) + ":" + std::string(payload) + " ";
         }}};
};

class Ndt7Server {
public:
    explicit Ndt7Server(std::vector<std::string> words) : process_(command(std::move(words))) {
        port_ = process_.line(kNdt7Patience).value_or("port 0").substr(5);
    }
    [[nodiscard]] const std::string& port() const { return port_; }
    // "download 123" -> 123; -1: nothing of the kind.
    double told(const std::string& way) {
        const auto line = process_.line_with(way, kNdt7Patience);
        return line ? std::stod(line->substr(way.size())) : -1;
    }

private:
    static std::vector<std::string> command(std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/bin/python3", NDT7_SERVER});
        return words;
    }
    Process process_;
    std::string port_;
};

// Connects, and never says a word; or does not even connect, for its queue is full.
class SilentServer {
public:
    enum class Takes { anybody, nobody };
    explicit SilentServer(Takes takes = Takes::anybody) : listener_(stream_socket()) {
        REQUIRE(::bind(listener_.get(), address(), sizeof(at_)) == 0);
        socklen_t size = sizeof(at_);
        REQUIRE(::getsockname(listener_.get(), address(), &size) == 0);
        REQUIRE(::listen(listener_.get(), takes == Takes::nobody ? 0 : kQueue) == 0);
        for (int i = 0; takes == Takes::nobody && i < kFills; ++i) {
            waiting_.push_back(stream_socket());
            static_cast<void>(::connect(waiting_.back().get(), address(), sizeof(at_)));
        }
    }
    [[nodiscard]] std::string host() const {
        return "127.0.0.1:" + std::to_string(ntohs(at_.sin_port));
    }

private:
    static constexpr int kQueue = 64;  // nothing is ever taken from it
    static constexpr int kFills = 4;   // more than one of length 0
    static UniqueFd stream_socket() {
        return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    }
    static sockaddr_in loopback() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return at;
    }
    sockaddr* address() { return reinterpret_cast<sockaddr*>(&at_); }

    sockaddr_in at_ = loopback();
    UniqueFd listener_;
    std::vector<UniqueFd> waiting_;
};

using Ndt7Lab = ProbeLab<plugins::ProbeThroughput>;

}  // namespace

TEST_CASE("websocket: the upgrade", "[probe_throughput]") {
    CHECK(websocket_accept(kKey) == kAccept);
    CHECK(websocket_key().size() == 24);
    CHECK(websocket_key() != websocket_key());
    const std::string good =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, "
        "Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        kAccept + "\r\nSec-WebSocket-Protocol: " + kProtocol + "\r\n\r\n";
    CHECK(upgrade_head(good + "more") == good.size());
    CHECK(upgrade_head(good.substr(0, good.size() - 1)) == 0);
    CHECK(check_upgrade(good, kKey, kProtocol));
    CHECK_FALSE(check_upgrade(good, kKey, "other"));
    CHECK_FALSE(check_upgrade(good, websocket_key(), kProtocol));
    const Status refused = check_upgrade("HTTP/1.1 403 Forbidden\r\n\r\n", kKey, kProtocol);
    CHECK(refused.error().message == "the server says 403");
    CHECK_FALSE(check_upgrade("SSH-2.0\r\n\r\n", kKey, kProtocol));
    CHECK_FALSE(check_upgrade("", kKey, kProtocol));
}

TEST_CASE("websocket: frames, in whatever pieces they come", "[probe_throughput]") {
    std::string stream = std::string("\x82\x05", 2) + "hello" + std::string("\x01\x02", 2) + "ab" +
                         std::string("\x89\x02", 2) + "hi" + std::string("\x80\x01", 2) + "c" +
                         std::string("\x82\x7e\x01\x00", 4) + std::string(256, 'x') +
                         std::string("\x82\x7f\0\0\0\0\0\0\0\x03", 10) + "end" +
                         std::string("\x82\0", 2) + std::string("\x88\0", 2);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, stream.size()}) {
        Frames frames;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            REQUIRE(frames.reader.feed(std::string_view(stream).substr(at, piece)));
        }
        CHECK(frames.data == "helloabc" + std::string(256, 'x') + "end");
        CHECK(frames.control == "9:hi 8: ");
    }
}

TEST_CASE("websocket: what is no frame of a server", "[probe_throughput]") {
    const std::vector<std::string> wrong{
        std::string("\x82\x85xxxx", 6),                 // masked
        std::string("\xc2\x01x", 3),                    // reserved bit
        std::string("\x83\x01x", 3),                    // unknown kind
        std::string("\x8b\x01x", 3),                    // likewise
        std::string("\x09\x01x", 3),                    // control in pieces
        std::string("\x89\x7e\x01\x00", 4),             // long control
        std::string("\x80\x01x", 3),                    // goes on with nothing
        std::string("\x02\x01x\x82\x01x", 6),           // message within a message
        std::string("\x82\x7f\x80\0\0\0\0\0\0\0", 10),  // 2^63 bytes
    };
    for (const std::string& bytes : wrong) {
        Frames frames;
        CHECK_FALSE(frames.reader.feed(bytes));
        CHECK_FALSE(frames.reader.problem().empty());
        CHECK_FALSE(frames.reader.feed("\x82"));
    }
}

TEST_CASE("websocket: a client's frames are masked", "[probe_throughput]") {
    // RFC 6455 section 5.7: a masked "Hello".
    const WsMask mask{'\x37', '\xfa', '\x21', '\x3d'};
    CHECK(
        frame(WsOpcode::text, "Hello", mask) ==
        std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11)
    );
    CHECK(
        frame_head(WsOpcode::binary, 256, mask).substr(0, 4) == std::string("\x82\xfe\x01\x00", 4)
    );
    CHECK(
        frame_head(WsOpcode::binary, 65'536, mask).substr(0, 10) ==
        std::string("\x82\xff\0\0\0\0\0\x01\0\0", 10)
    );
}

TEST_CASE("ndt7: both ways over a narrow line", "[probe_throughput]") {
    if (!ImpairedLink::available()) {
        std::cout << "skipped: needs root and /dev/net/tun\n";
        return;
    }
    const NetNamespace box;
    const NetNamespace far;
    Impairment narrow;
    narrow.rate_kbit = 10'000;
    narrow.delay = std::chrono::milliseconds(5);
    const ImpairedLink line(box, far, narrow, narrow);
    Process process(far.inside({"/usr/bin/python3", NDT7_SERVER, line.ipv4(End::b), "5"}));
    const std::string port = process.line(kNdt7Patience).value_or("port 0").substr(5);
    const NetNamespace::Inside inside(box);
    Ndt7Lab lab("targets = \"ws://x/\"\nmax_s = 4\nmax_mib = 100\nearly_stop = false");
    const Finding found = lab.run("ws://" + line.ipv4(End::b) + ":" + port);
    INFO(found.detail);
    REQUIRE(found.result == ProbeResult::ok);
    constexpr double kGoodput = 10e6 * 1'448 / 1'500;
    for (const char* dir : {"down", "up"}) {
        const double rate = only_value(found, "net.throughput", std::string("dir=") + dir);
        std::cout << "ndt7 " << dir << ": " << rate / 1e6 << " Mbit/s of " << kGoodput / 1e6
                  << "\n";
        CHECK(rate == Approx(kGoodput).epsilon(0.05));
        CHECK(figure(found, "net.bufferbloat", std::string("dir=") + dir).values.size() == 1);
    }
}

TEST_CASE("ndt7: over TLS, with the server's own count", "[probe_throughput]") {
    if (!TestCa::available()) {
        std::cout << "skipped: needs openssl\n";
        return;
    }
    const TestCa ca;
    const CertificateFiles files = ca.issue("ndt7", "IP:127.0.0.1");
    Ndt7Server server({"127.0.0.1", "3", files.certificate, files.key});
    // By time: a fast machine moves what looks like much before anything of it can be timed.
    Ndt7Lab lab(
        "targets = \"wss://x/\"\nmax_s = 2\nmax_mib = 100000\nrtt_by = \"none\"\nca_file = \"" +
        ca.certificate() + "\""
    );
    const Finding found = lab.run("wss://127.0.0.1:" + server.port());
    INFO(found.detail);
    REQUIRE(found.result == ProbeResult::ok);
    CHECK(only_value(found, "net.throughput", "dir=down") > 1e6);
    CHECK(only_value(found, "net.throughput", "dir=up") > 1e6);
    const double down = only_value(found, "net.throughput.bytes", "dir=down");
    const double up = only_value(found, "net.throughput.bytes", "dir=up");
    CHECK(server.told("download") >= down);
    // What the server's kernel had acknowledged its program may not have read when we closed.
    CHECK(server.told("upload") > 0.5 * up);
    Ndt7Lab strict("targets = \"wss://x/\"\nmax_s = 4\nrtt_by = \"none\"");
    const Finding untrusted = strict.run("wss://127.0.0.1:" + server.port());
    CHECK(untrusted.result == ProbeResult::tls_error);
    CHECK(untrusted.step == "tls");
}

TEST_CASE("ndt7: tells what is wrong", "[probe_throughput]") {
    Ndt7Lab lab("targets = \"ws://x/\"\nmax_s = 4\nrtt_by = \"none\"");
    const Finding refused = lab.run("ws://127.0.0.1:1");
    CHECK(refused.result == ProbeResult::refused);
    CHECK(refused.step == "connect");
    CHECK(refused.figures.size() == 6);
    Ndt7Server nothing({"127.0.0.1", "0"});
    const Finding moved = lab.run("ws://127.0.0.1:" + nothing.port());
    CHECK(moved.result == ProbeResult::body_mismatch);
    CHECK(moved.step == "server");
    CHECK(moved.detail == "download: the server moves nothing");
}

TEST_CASE("ndt7: moves no more than it may", "[probe_throughput]") {
    Ndt7Server server({"127.0.0.1", "3"});
    Ndt7Lab lab("targets = \"ws://x/\"\nmax_s = 20\nmax_mib = 64\nrtt_by = \"none\"");
    const Finding found = lab.run("ws://127.0.0.1:" + server.port());
    INFO(found.detail);
    CHECK(found.result == ProbeResult::ok);
    constexpr double kLimit = 64 * 1'048'576.0;
    const double down = only_value(found, "net.throughput.bytes", "dir=down");
    CHECK(down >= kLimit);
    CHECK(server.told("download") >= down);
    CHECK(only_value(found, "net.throughput.bytes", "dir=up") <= kLimit);
    CHECK(server.told("upload") <= kLimit);
}

TEST_CASE("ndt7: takes uploads without an upload_url", "[probe_throughput]") {
    Ndt7Server server({"127.0.0.1", "3"});
    Ndt7Lab lab(
        "targets = \"lab=ws://x/\"\ndownload = false\nmax_s = 4\nmax_mib = 8\nrtt_by = \"none\""
    );
    const Finding found = lab.run("ws://127.0.0.1:" + server.port());
    CHECK(found.result == ProbeResult::ok);
    CHECK(found.figures.size() == 3);
    CHECK(only_value(found, "net.throughput.bytes", "dir=up") > 1e6);
}

TEST_CASE("ndt7: a server that only pings does not fill the memory", "[probe_throughput]") {
    Ndt7Server server({"127.0.0.1", "pings"});
    Ndt7Lab lab("targets = \"ws://x/\"\nmax_s = 4\nmax_mib = 1\nrtt_by = \"none\"");
    const Finding found = lab.run("ws://127.0.0.1:" + server.port());
    INFO(found.detail);
    CHECK(found.result == ProbeResult::ok);
    // What both kernels hold of the 39 MB that answers to all of them would be.
    const double pongs = server.told("pongs");
    CHECK(pongs > 0);
    CHECK(pongs < 20e6);
}

TEST_CASE(
    "probe_throughput: an upload that nobody reads is no rate",
    "[probe_throughput][native][TCP_INFO]"
) {
    const SilentServer server;
    Ndt7Lab lab(
        "targets = \"http://x/\"\ndownload = false\nmax_s = 3\nrtt_by = \"none\"\nupload_url = "
        "\"http://" +
        server.host() + "/\""
    );
    const Finding found = lab.run("http://" + server.host() + "/");
    CHECK(found.result == ProbeResult::timeout);
    CHECK(found.step == "transfer");
    CHECK(figure(found, "net.throughput", "dir=up").values.empty());
}

TEST_CASE("probe_throughput: the step that hangs is told", "[probe_throughput]") {
    const SilentServer server;
    const SilentServer full(SilentServer::Takes::nobody);
    const std::vector<std::pair<std::string, std::string>> hanging{
        {"ws://" + server.host(), "server"},
        {"wss://" + server.host(), "tls"},
        {"http://" + server.host() + "/", "server"},
        {"https://" + server.host() + "/", "tls"},
        {"ws://" + full.host(), "connect"},
        {"http://" + full.host() + "/", "connect"},
    };
    for (const auto& [address, step] : hanging) {
        CAPTURE(address);
        Ndt7Lab lab("targets = \"ws://x/\"\nmax_s = 4\nrtt_by = \"none\"");
        lab.context.timeout = std::chrono::milliseconds(700);
        const Finding found = lab.run(address);
        CHECK(found.result == ProbeResult::timeout);
        CHECK(found.step == step);
        CHECK_THAT(found.detail, Catch::StartsWith("download: "));
    }
}

}  // namespace cxedge::test
