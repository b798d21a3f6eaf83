// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "agent/base/ids.hpp"

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::Ticket;

// The transports, in the hands of a test.
struct FakeTicketInputs {
    devices::HttpListener::OnRequest request;
    devices::TakeLine line;

    plugins::TicketInputs make() {
        class Listener final : public devices::HttpListener {
        public:
            [[nodiscard]] std::uint16_t port() const override { return 1; }
        };
        class Follower final : public devices::FileFollower {};
        class Child final : public devices::ChildLines {};
        plugins::TicketInputs inputs;
        inputs.listen =
            [this](
                const auto& /*settings*/, Host& /*host*/, auto on_request, auto /*refused*/
            ) -> Result<std::unique_ptr<devices::HttpListener>> {
            request = on_request;
            return std::unique_ptr<devices::HttpListener>(std::make_unique<Listener>());
        };
        inputs.follow = [this](
                            const auto& /*settings*/, Host& /*host*/, devices::TakeLine take
                        ) -> std::unique_ptr<devices::FileFollower> {
            line = take;
            return std::make_unique<Follower>();
        };
        inputs.run = [this](
                         const auto& /*settings*/, Host& /*host*/, devices::TakeLine take
                     ) -> std::unique_ptr<devices::ChildLines> {
            line = take;
            return std::make_unique<Child>();
        };
        return inputs;
    }
};

struct TicketDesk {
    FakeTicketInputs inputs;
    TempDir dir;
    FakeHost host;
    Ticket source{inputs.make()};

    explicit TicketDesk(const std::string& settings) {
        ::setenv("TZ", "UTC0", 1);  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
        std::ofstream(dir.file("key")) << "secret\n";
        SettingsProblems problems;
        source.init(
            source_settings(substitute(
                "[[source]]\nplugin = \"ticket\"\n" + settings, {{"dir", dir.path().string()}}
            )),
            problems
        );
        REQUIRE(problems.lines() == std::vector<std::string>());
        REQUIRE(source.start(host).ok());
    }
    TicketDesk(const TicketDesk&) = delete;
    TicketDesk& operator=(const TicketDesk&) = delete;
    ~TicketDesk() {
        source.stop();
        ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }

    int push(const std::string& body, const std::string& signature = {}) {
        devices::HttpRequest request;
        request.method = "POST";
        request.path = "/hook";
        request.content_type = "application/json";
        request.body = body;
        request.headers = {{"x-qminder-signature", signature}, {"x-signature", signature}};
        // The answer may come when this has returned.
        const auto status = std::make_shared<int>(0);
        inputs.request(request, [status](const devices::HttpAnswer& answer) {
            *status = answer.status;
        });
        for (int i = 0; i < 5; ++i) {
            host.loop().poll();
        }
        return *status;
    }
    [[nodiscard]] double total(const std::string& series) const {
        double sum = 0;
        for (const double value : host.values_of(series)) {
            sum += value;
        }
        return sum;
    }
};

const std::string kGeneric = "http = { path = \"/hook\" }\n";
const std::string kQminder =
    "format = \"qminder\"\nnumbers = \"unique\"\n"
    "names = { \"37338\" = \"sales\" }\n"
    "http = { path = \"/hook\", hmac_key_file = \"${dir}/key\", hmac_prefix = \"https://b/hook\" "
    "}\n";

std::string qminder(const std::string& type, const std::string& more) {
    return R"({"type":")" + type + R"(","data":{"id":"123","line":37338,"firstName":"Jane",)" +
           R"("phoneNumber":12125551234,"created":{"date":"2023-11-14T22:00:00Z"})" + more + "}}";
}

std::string signature_of(const std::string& key, const std::string& message) {
    const void* const bytes = message.data();
    std::string sum(32, ' ');
    void* const out = sum.data();
    ::HMAC(
        ::EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        static_cast<const unsigned char*>(bytes),
        message.size(),
        static_cast<unsigned char*>(out),
        nullptr
    );
    return to_hex(sum);
}

bool holds_text(const FakeHost& host, const std::string& text) {
    const auto has = [&](const std::string& line) {
        return line.find(text) != std::string::npos;
    };
    bool found = std::any_of(host.logs.begin(), host.logs.end(), has);
    for (const Event& event : host.events) {
        found = found || has(event.text) || has(event.subject);
        for (const Dimension& attr : event.attrs) {
            found = found || has(attr.value);
        }
    }
    for (const std::string& line : host.reading_lines()) {
        found = found || has(line);
    }
    return found;
}

}  // namespace

TEST_CASE("ticket: case folders, sample, init", "[plugins][ticket]") {
    FakeTicketInputs inputs;
    PluginUnderTest plugin;
    plugin.folder = "ticket";
    plugin.prepare = [](CaseRun& run) {
        ::setenv("TZ", "UTC0", 1);  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
        run.host.manual_clock.set_wall(from_unix_ms(1'792'749'600'000));  // 2026-10-23T10:00:00Z
    };
    plugin.make = [&] {
        return std::make_unique<Ticket>(inputs.make());
    };
    plugin.feed = [&](CaseRun& run, Source& /*source*/) {
        int number = 0;
        for (const std::string& line : read_lines(run.folder / "input" / "lines.txt")) {
            const std::string id = "1:" + std::to_string(++number);
            static_cast<void>(inputs.line({line, id, "lines.txt"}));
        }
    };
    check_plugin(plugin);
}

TEST_CASE("ticket: a generic webhook, answered when it is stored", "[plugins][ticket]") {
    TicketDesk desk(kGeneric);
    desk.host.hold_commits = true;
    CHECK(desk.push(R"({"ticket":"A1","queue":"sales","step":"issued"})") == 0);
    desk.host.hold_commits = false;
    desk.host.release_commits();
    CHECK(desk.push(R"({"ticket":"A1","step":"called","counter":3})") == 200);
    CHECK(desk.total("store.queue.arrived{queue=sales}") == 1);
    CHECK(desk.host.values_of("store.queue.length{queue=sales}") == std::vector<double>{1, 0});
    CHECK(desk.host.values_of("store.queue.counters_open{queue=sales}").back() == 1);
    CHECK(desk.push(R"({"ticket":"A1","step":"finished"})") == 200);
    CHECK(desk.host.values_of("store.queue.service{counter=3,queue=sales}").size() == 1);
}

TEST_CASE("ticket: what storage refuses is asked for again and not lost", "[plugins][ticket]") {
    TicketDesk desk(kGeneric);
    desk.host.on_emit = [](const SeriesInfo&, double) {
        return Status(exhausted("full"));
    };
    const std::string issued = R"({"ticket":"A1","step":"issued","time":"2023-11-14T22:13:00Z"})";
    CHECK(desk.push(issued) == 503);
    CHECK(desk.push(issued) == 503);
    desk.host.on_emit = nullptr;
    CHECK(desk.push(issued) == 200);
    CHECK(desk.total("store.queue.arrived{queue=main}") == 1);
}

TEST_CASE("trap: a store that is full for hours loses no ticket", "[plugins][ticket]") {
    constexpr int kMessages = 210;
    constexpr int kEach = 50;  // together more than facts may wait
    TicketDesk desk(kGeneric + "each = \"/e\"\nmax_tickets = 20000\n");
    const auto issue = [&](int message) {
        std::string list;
        for (int i = 0; i < kEach; ++i) {
            list += list.empty() ? "" : ",";
            list += R"({"step":"issued","ticket":)" + std::to_string(message * kEach + i) + "}";
        }
        return desk.push("{\"e\":[" + list + "]}");
    };
    desk.host.on_emit = [](const SeriesInfo& info, double) {
        return info.kind == Kind::gauge ? Status() : Status(exhausted("full"));
    };
    for (int message = 0; message < kMessages; ++message) {
        REQUIRE(issue(message) == 503);
    }
    desk.host.on_emit = nullptr;
    for (int message = 0; message < kMessages; ++message) {
        REQUIRE(issue(message) == 200);  // their senders had no answer
    }
    CHECK(desk.total("store.queue.arrived{queue=main}") == kMessages * kEach);
}

TEST_CASE("ticket: Qminder's webhooks, signed over address and body", "[plugins][ticket]") {
    TicketDesk desk(kQminder);
    const auto send = [&](const std::string& body) {
        return desk.push(body, signature_of("secret", "https://b/hook" + body));
    };
    CHECK(send(qminder("ticket_created", R"(,"status":"NEW")")) == 200);
    const std::string call =
        R"(,"status":"CALLED","called":{"date":"2023-11-14T22:06:00Z","caller":14267,"desk":3})";
    CHECK(send(qminder("ticket_called", call)) == 200);
    CHECK(send(qminder("ticket_recalled", call)) == 200);
    CHECK(send(qminder("ticket_changed", call)) == 200);
    CHECK(
        send(qminder("ticket_served", call + R"(,"served":{"date":"2023-11-14T22:08:00Z"})")) == 200
    );
    CHECK(send(R"({"type":"line_changed","data":{"id":1,"name":"x"}})") == 200);
    CHECK(desk.total("store.queue.arrived{queue=sales}") == 1);
    CHECK(desk.host.values_of("store.queue.wait{queue=sales}") == std::vector<double>{360});
    CHECK(
        desk.host.values_of("store.queue.service{counter=3,queue=sales}") ==
        std::vector<double>{120}
    );
    CHECK(desk.total("store.queue.served{queue=sales}") == 1);
    // Nobody's name or number goes further; that they were told is counted.
    CHECK(desk.total("privacy.dropped_fields{field=name,source=test}") >= 1);
    CHECK_FALSE(holds_text(desk.host, "Jane"));
    CHECK_FALSE(holds_text(desk.host, "12125551234"));
}

TEST_CASE("ticket: a lost webhook is made good by the next one", "[plugins][ticket]") {
    TicketDesk desk(kQminder);
    const std::string body = qminder(
        "ticket_served", R"(,"status":"NOSHOW","called":{"date":"2023-11-14T22:06:00Z","desk":3})"
    );
    CHECK(desk.push(body, signature_of("secret", "https://b/hook" + body)) == 200);
    CHECK(desk.total("store.queue.arrived{queue=sales}") == 1);
    CHECK(desk.total("store.queue.abandoned{queue=sales}") == 1);
    CHECK(desk.host.values_of("store.queue.wait{queue=sales}") == std::vector<double>{360});
}

TEST_CASE("ticket: wrong signatures, paths and messages are told and change nothing", "[ticket]") {
    TicketDesk desk(kQminder);
    const std::string body = qminder("ticket_created", "");
    CHECK(desk.push(body) == 401);
    CHECK(desk.push(body, signature_of("other", "https://b/hook" + body)) == 401);
    const auto send = [&](const std::string& text) {
        return desk.push(text, signature_of("secret", "https://b/hook" + text));
    };
    CHECK(send("{\"type\":") == 400);
    CHECK(send("") == 400);
    CHECK(send(R"({"type":"ticket_eaten","data":{"id":"secret-7"}})") == 422);
    CHECK(send(R"({"type":"ticket_created","data":{"id":null}})") == 422);
    CHECK(send(R"({"type":"ticket_created","data":{"id":"5","created":{"date":"soon"}}})") == 200);
    CHECK(desk.total("store.queue.arrived{queue=main}") == 1);
    CHECK(desk.total("device.bad_elements{source=test}") > 0);
    CHECK_FALSE(holds_text(desk.host, "secret-7"));
}

TEST_CASE("trap: an empty element does not silence the queue", "[plugins][ticket]") {
    TicketDesk desk(kGeneric + "each = \"/events\"\n");
    CHECK(
        desk.push(
            R"({"events":[{},{"ticket":"","step":"issued"},{"ticket":"1","step":"issued"},7]})"
        ) == 200
    );
    CHECK(desk.total("store.queue.arrived{queue=main}") == 1);
}

TEST_CASE("ticket: a restart loses who waits, and counts nobody twice", "[plugins][ticket]") {
    FakeTicketInputs inputs;
    TicketDesk desk(kGeneric);
    const std::string issued = R"({"ticket":"A1","step":"issued","time":"2023-11-14T22:13:00Z"})";
    CHECK(desk.push(issued) == 200);
    desk.source.stop();
    REQUIRE(desk.source.start(desk.host).ok());
    CHECK(desk.push(issued) == 200);  // its sender had no answer
    CHECK(desk.total("store.queue.arrived{queue=main}") == 1);
    CHECK(desk.host.repeated == 1);
}

TEST_CASE("ticket: too many queues are told, and the rest goes on", "[plugins][ticket]") {
    TicketDesk desk(kGeneric + "max_queues = 2\n");
    for (const char* queue : {"a", "b", "c", "a"}) {
        desk.push(
            std::string(R"({"ticket":")") + queue + R"(","step":"issued","queue":")" + queue + "\"}"
        );
    }
    CHECK(desk.total("store.queue.arrived{queue=a}") == 1);
    CHECK(desk.total("store.queue.arrived{queue=c}") == 0);
    CHECK(desk.total("device.bad_elements{source=test}") == 1);
}

}  // namespace cxedge::test
