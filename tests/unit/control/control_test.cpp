// SPDX-License-Identifier: Apache-2.0
#include "agent/control/control.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/base/unix_socket.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

UniqueFd dial(const std::string& path) {
    auto connection = connect_unix_socket(path, SOCK_STREAM);
    REQUIRE(connection.ok());
    REQUIRE(connection->code == 0);
    REQUIRE(::fcntl(connection->socket.get(), F_SETFL, 0) == 0);  // the test may wait
    return std::move(connection->socket);
}

void say(const UniqueFd& socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;  // the server hung up on us, which some tests want
        }
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// Reads until `lines` newlines came, or the server closed, or 10 s passed.
std::string hear(const UniqueFd& socket, std::size_t lines) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) < lines) {
        pollfd entry{socket.get(), POLLIN, 0};
        if (::poll(&entry, 1, 10000) <= 0) {
            return text + "<timeout>";
        }
        const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return text + "<closed>";
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

// A server with the loop on its own thread, as in the agent.
class Running {
public:
    explicit Running(const std::string& path, std::map<std::string, Operation> more = {}) {
        std::map<std::string, Operation> operations = std::move(more);
        operations["echo"] = [](std::string_view line, const Respond& respond) {
            respond(std::string(line));
        };
        operations["wait"] = [this](std::string_view, Respond respond) {
            waiting_.push_back(std::move(respond));
        };
        operations["go"] = [this](std::string_view, const Respond& respond) {
            for (const Respond& held : waiting_) {
                held(R"({"waited":true})");
                held(R"({"again":true})");  // a second answer is ignored
            }
            waiting_.clear();
            respond(ok_answer());
        };
        auto server = ControlServer::listen(loop_, path, std::move(operations));
        REQUIRE(server.ok());
        server_ = std::move(*server);
        thread_ = std::thread([this] { loop_.run(); });
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        loop_.stop();
        thread_.join();
    }

private:
    EventLoop loop_;
    std::vector<Respond> waiting_;
    std::unique_ptr<ControlServer> server_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("control: request and answer", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const auto answer = request(path, R"({"op":"echo","x":1})", seconds(10));
    REQUIRE(answer.ok());
    CHECK(*answer == R"({"op":"echo","x":1})");

    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777U) == 0660U);
}

TEST_CASE("control: nobody there is unavailable and says what to check", "[control]") {
    const test::TempDir dir;
    const auto answer = request(dir.file("none.sock"), "{}", seconds(1));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == ErrorCode::unavailable);
    CHECK(answer.error().message.find("is cxedged running") != std::string::npos);
    CHECK_FALSE(request(std::string(200, 'x'), "{}", seconds(1)).ok());
}

TEST_CASE("control: an agent that never answers is a timeout", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const auto answer = request(path, R"({"op":"wait"})", milliseconds(50));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().message == "no answer in time");
}

TEST_CASE("control: pipelined requests are answered in order", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    say(client, "{\"op\":\"echo\",\"n\":1}\n{\"op\":\"wait\"}\n{\"op\":\"echo\",\"n\":2}\n");
    CHECK(hear(client, 1) == "{\"op\":\"echo\",\"n\":1}\n");
    say(client, "{\"op\":\"go\"}\n");
    CHECK(hear(client, 3) == "{\"waited\":true}\n{\"op\":\"echo\",\"n\":2}\n{\"ok\":true}\n");
}

TEST_CASE("control: thousands of pipelined requests meet bounded memory", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    std::string sent;
    for (int i = 0; i < 5000; ++i) {
        sent += "{\"op\":\"echo\",\"n\":" + std::to_string(i) + ",\"pad\":\"" +
                std::string(200, 'p') + "\"}\n";
    }
    std::thread writer([&] { say(client, sent); });
    const std::string heard = hear(client, 5000);
    writer.join();
    CHECK(heard == sent);
}

TEST_CASE("control: garbage is answered, not fatal", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    const std::string garbage = GENERATE(
        std::string("not json"),
        std::string("[1,2]"),
        std::string("{\"op\":7}"),
        std::string("{\"op\":\"reboot\"}"),
        std::string("{}"),
        std::string("\x00\xFF\xFE{", 4),
        std::string(60000, '['),
        std::string("{\"op\":\"") + std::string(60000, '\xC3') + "\"}"
    );
    say(client, "\n \r\n" + garbage + "\n{\"op\":\"echo\"}\n");
    const std::string heard = hear(client, 2);
    CHECK(heard.find(R"("ok":false)") != std::string::npos);
    CHECK(heard.size() < 1000);
    CHECK(heard.find("\n{\"op\":\"echo\"}\n") != std::string::npos);
}

TEST_CASE("control: an unknown operation is told the known ones", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const auto answer = request(path, R"({"op":"stats"})", seconds(10));
    REQUIRE(answer.ok());
    CHECK(*answer == R"({"error":"unknown operation 'stats'; known: echo go wait","ok":false})");
}

TEST_CASE("control: a line that is too long ends the connection with an answer", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    say(client, std::string(kMaxRequestBytes + 100, 'x'));
    const std::string heard = hear(client, 2);
    CHECK(heard.find("longer than 65536 bytes") != std::string::npos);
    CHECK(heard.find("<closed>") != std::string::npos);
    CHECK(request(path, R"({"op":"echo"})", seconds(10)).ok());
}

TEST_CASE("control: a longest line is still read", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    std::string line = R"({"op":"echo","pad":")";
    line += std::string(kMaxRequestBytes - line.size() - 2, 'p') + "\"}";
    REQUIRE(line.size() == kMaxRequestBytes);
    say(client, line + "\n");
    CHECK(hear(client, 1) == line + "\n");
}

TEST_CASE(
    "control: a half-closed client gets its answers, its last line needs no newline", "[control]"
) {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    const UniqueFd client = dial(path);
    say(client, "{\"op\":\"echo\",\"n\":1}\n{\"op\":\"echo\",\"n\":2}");
    REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
    CHECK(hear(client, 3) == "{\"op\":\"echo\",\"n\":1}\n{\"op\":\"echo\",\"n\":2}\n<closed>");
}

TEST_CASE("control: many clients at once, some leave early", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    for (int round = 0; round < 20; ++round) {
        std::vector<UniqueFd> clients;
        for (int i = 0; i < 20; ++i) {
            clients.push_back(dial(path));
            say(clients.back(), i % 2 == 0 ? "{\"op\":\"wait\"}\n{\"op\":" : "{\"op\":\"echo\"}\n");
        }
        for (std::size_t i = 1; i < clients.size(); i += 2) {
            CHECK(hear(clients[i], 1) == "{\"op\":\"echo\"}\n");
        }
    }
    // Answers for clients that are gone go nowhere.
    CHECK(request(path, R"({"op":"go"})", seconds(10)).ok());
    CHECK(request(path, R"({"op":"echo"})", seconds(10)).ok());
}

TEST_CASE("control: more clients than allowed are refused with a reason", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    const Running server(path);
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 32; ++i) {
        clients.push_back(dial(path));
        say(clients.back(), "{\"op\":\"echo\"}\n");
        REQUIRE(hear(clients.back(), 1) == "{\"op\":\"echo\"}\n");
    }
    CHECK(hear(dial(path), 2).find("too many clients") != std::string::npos);
    CHECK(hear(clients.front(), 0).empty());
    say(clients.front(), "{\"op\":\"echo\"}\n");
    CHECK(hear(clients.front(), 1) == "{\"op\":\"echo\"}\n");
}

TEST_CASE("control: a stale socket is replaced, a live one and other files are not", "[control]") {
    const test::TempDir dir;
    const std::string path = dir.file("control.sock");
    REQUIRE(bind_unix_socket(path, SOCK_STREAM, 0600).ok());  // closed at once: nobody answers
    REQUIRE(std::filesystem::exists(path));
    {
        const Running server(path);
        CHECK(request(path, R"({"op":"echo"})", seconds(10)).ok());

        EventLoop other;
        const auto second = ControlServer::listen(other, path, {});
        REQUIRE_FALSE(second.ok());
        CHECK(second.error().code == ErrorCode::unavailable);
        CHECK(second.error().message.find("in use by another process") != std::string::npos);
        CHECK(request(path, R"({"op":"echo"})", seconds(10)).ok());
    }
    CHECK_FALSE(std::filesystem::exists(path));

    std::ofstream(path) << "precious";
    EventLoop loop;
    CHECK_FALSE(ControlServer::listen(loop, path, {}).ok());
    CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("control: a path that cannot be is unavailable", "[control]") {
    const test::TempDir dir;
    EventLoop loop;
    const auto missing = ControlServer::listen(loop, dir.file("no/such/dir.sock"), {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ErrorCode::unavailable);
    const auto long_path = ControlServer::listen(loop, dir.file(std::string(120, 'x')), {});
    REQUIRE_FALSE(long_path.ok());
    CHECK(long_path.error().code == ErrorCode::unavailable);
}

}  // namespace cxedge::control
