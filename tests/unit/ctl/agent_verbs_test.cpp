// SPDX-License-Identifier: Apache-2.0
// The verbs that talk to a running agent, here one that answers what the test wants.
#include <map>
#include <thread>

#include "agent/control/control.hpp"
#include "agent/ctl/flush.hpp"
#include "agent/ctl/status.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::ctl {
namespace {

class Agent {
public:
    Agent(const std::string& op, const std::string& answer) {
        std::map<std::string, control::Operation> operations;
        operations[op] = [this, answer](std::string_view request, const control::Respond& respond) {
            heard = std::string(request);
            respond(answer);
        };
        auto server = control::ControlServer::listen(loop_, socket(), std::move(operations));
        REQUIRE(server.ok());
        server_ = std::move(*server);
        thread_ = std::thread([this] { loop_.run(); });
    }
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent() {
        loop_.stop();
        thread_.join();
    }
    [[nodiscard]] std::string socket() const { return dir_.file("control.sock"); }

    std::string heard;  // read it only after the answer came

private:
    test::TempDir dir_;
    EventLoop loop_;
    std::unique_ptr<control::ControlServer> server_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("status: a page for people, the answer itself for programs", "[ctl]") {
    telemetry::Health health;
    health.node = "box-7";
    health.connection = "online";
    const std::string answer = control::status_answer(health);
    const Agent agent("status", answer);
    StatusOptions options;
    options.socket = agent.socket();
    const auto page = fetch_status(options);
    REQUIRE(page.ok());
    CHECK(page->rfind("OK\n", 0) == 0);
    CHECK(page->find("/box-7\n") != std::string::npos);
    options.json = true;
    const auto json = fetch_status(options);
    REQUIRE(json.ok());
    CHECK(*json == answer + "\n");
}

TEST_CASE("status: an agent that answers nonsense, and none at all", "[ctl]") {
    StatusOptions options;
    {
        const Agent agent("status", "nonsense");
        options.socket = agent.socket();
        const auto page = fetch_status(options);
        REQUIRE_FALSE(page.ok());
        CHECK(page.error().code == ErrorCode::corrupt);
    }
    CHECK(run_status(options) == ExitCode::unavailable);
}

TEST_CASE("flush: waits for the agent's word", "[ctl]") {
    FlushOptions options;
    options.timeout_s = 2.5;
    {
        const Agent agent("flush", control::ok_answer());
        options.socket = agent.socket();
        CHECK(flush(options).ok());
        CHECK(agent.heard == R"({"op":"flush","timeout_s":2.5})");
    }
    {
        const Agent agent("flush", control::error_answer("3 batches wait, offline"));
        options.socket = agent.socket();
        const Status flushed = flush(options);
        REQUIRE_FALSE(flushed.ok());
        CHECK(flushed.error().message == "3 batches wait, offline");
        CHECK(run_flush(options) == ExitCode::failed);
    }
    CHECK(run_flush(options) == ExitCode::unavailable);
}

}  // namespace cxedge::ctl
