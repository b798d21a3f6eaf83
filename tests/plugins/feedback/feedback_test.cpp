// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/feedback.hpp"

#include <algorithm>
#include <numeric>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::Feedback;

// The transports, in the hands of a test.
struct FakeFeedbackInputs {
    struct Chip {
        std::vector<devices::GpioLine> lines;
        std::vector<bool> levels;
        devices::GpioChip::OnEdge edge;
        devices::GpioChip::OnLost lost;
        int opened = 0;
        bool is_there = true;
    };
    devices::HttpListener::OnRequest request;
    devices::MqttSubscriber::OnMessage message;
    devices::MqttSubscriber::OnState state;
    std::vector<std::string> topics;
    Chip chip;

    class FakeChip final : public devices::GpioChip {
    public:
        explicit FakeChip(Chip& chip) : chip_(chip) {}
        Status watch(
            const std::vector<devices::GpioLine>& lines,
            EventLoop& /*loop*/,
            OnEdge on_edge,
            OnLost on_lost
        ) override {
            ++chip_.opened;
            chip_.lines = lines;
            chip_.edge = std::move(on_edge);
            chip_.lost = std::move(on_lost);
            chip_.levels.resize(lines.size(), false);
            return chip_.is_there ? Status() : Status(unavailable("no such chip"));
        }
        Result<std::vector<bool>> levels() override { return chip_.levels; }

    private:
        Chip& chip_;
    };

    plugins::FeedbackInputs make() {
        class Listener final : public devices::HttpListener {
        public:
            [[nodiscard]] std::uint16_t port() const override { return 1; }
        };
        class Subscriber final : public devices::MqttSubscriber {};
        plugins::FeedbackInputs inputs;
        inputs.listen =
            [this](const auto& /*settings*/, Host& /*host*/, auto take, auto /*refused*/)
            -> Result<std::unique_ptr<devices::HttpListener>> {
            request = take;
            return std::unique_ptr<devices::HttpListener>(std::make_unique<Listener>());
        };
        inputs.subscribe = [this](
                               const auto& /*settings*/,
                               const std::vector<std::string>& names,
                               Host& /*host*/,
                               auto take,
                               auto on_state
                           ) -> Result<std::unique_ptr<devices::MqttSubscriber>> {
            topics = names;
            message = take;
            state = on_state;
            return std::unique_ptr<devices::MqttSubscriber>(std::make_unique<Subscriber>());
        };
        inputs.gpio = [this](const std::string& /*name*/) -> std::unique_ptr<devices::GpioChip> {
            return std::make_unique<FakeChip>(chip);
        };
        return inputs;
    }
};

const std::string kThree = R"(
plugin = "feedback"
[[source.touchpoint]]
name = "exit"
scale = "smiley4"
gpio = { chip = "/dev/gpiochip0", lines = [17, 27, 22, 23] }
[[source.touchpoint]]
name = "counter"
scale = "csat5"
mqtt = { topic = "z/b", time = "/last_seen", values = { "1_single" = "1", "3_single" = "5", "release" = "ignore" } }
[[source.touchpoint]]
name = "kiosk"
scale = "nps11"
http = { path = "/touchpoint/kiosk" }
)";

struct RatingDesk {
    FakeFeedbackInputs inputs;
    FakeHost host{FakeHost::ManualTimers{}};
    Feedback source{inputs.make()};

    explicit RatingDesk(const std::string& settings = kThree) {
        SettingsProblems problems;
        source.init(source_settings("[[source]]\n" + settings), problems);
        REQUIRE(problems.lines() == std::vector<std::string>());
        REQUIRE(source.start(host).ok());
    }
    RatingDesk(const RatingDesk&) = delete;
    RatingDesk& operator=(const RatingDesk&) = delete;
    ~RatingDesk() { source.stop(); }

    void wait(std::chrono::milliseconds time) { host.manual_clock.advance(time); }
    void edge(std::size_t line, bool active) {
        inputs.chip.edge({line, active, host.manual_clock.boot_now()});
    }
    void press(std::size_t line, std::chrono::milliseconds held = 120ms) {
        edge(line, true);
        wait(held);
        edge(line, false);
    }
    int push(
        const std::string& body,
        const std::string& type = "application/json",
        const std::string& path = "/touchpoint/kiosk"
    ) {
        devices::HttpRequest request;
        request.method = "POST";
        request.path = path;
        request.content_type = type;
        request.body = body;
        int status = 0;
        inputs.request(request, [&](const devices::HttpAnswer& answer) { status = answer.status; });
        for (int i = 0; i < 5; ++i) {
            host.loop().poll();
        }
        return status;
    }
    void button(const std::string& payload, bool retained = false) {
        inputs.message({"z/b", payload, retained});
    }
    [[nodiscard]] double total(const std::string& series) const {
        const std::vector<double> values = host.values_of(series);
        return std::accumulate(values.begin(), values.end(), 0.0);
    }
    [[nodiscard]] double smileys(const std::string& metric = "fb.count") const {
        double sum = 0;
        for (const char* value : {"1", "2", "3", "4"}) {
            sum += total(metric + "{scale=smiley4,touchpoint=exit,value=" + value + "}");
        }
        return sum;
    }
    [[nodiscard]] std::vector<Event> events(const std::string& name) const {
        std::vector<Event> found;
        std::copy_if(
            host.events.begin(),
            host.events.end(),
            std::back_inserter(found),
            [&](const Event& e) { return e.name == name; }
        );
        return found;
    }
};

std::string kiosk(int value) {
    return "fb.count{scale=nps11,touchpoint=kiosk,value=" + std::to_string(value) + "}";
}

}  // namespace

TEST_CASE("feedback: case folders, sample, init", "[plugins][feedback]") {
    FakeFeedbackInputs inputs;
    PluginUnderTest plugin;
    plugin.folder = "feedback";
    plugin.make = [&] {
        return std::make_unique<Feedback>(inputs.make());
    };
    plugin.feed = [&](CaseRun& run, Source& /*source*/) {
        for (const std::string& line : read_lines(run.folder / "input" / "messages.txt")) {
            const std::size_t blank = line.find(' ');
            inputs.message({line.substr(0, blank), line.substr(blank + 1), false});
            run.host.manual_clock.advance(60s);
        }
    };
    check_plugin(plugin);
}

TEST_CASE("feedback: every value is there from the start, as zero", "[plugins][feedback]") {
    const RatingDesk desk;
    CHECK(
        desk.host.values_of("fb.count{scale=smiley4,touchpoint=exit,value=4}") ==
        std::vector<double>{0}
    );
    CHECK(
        desk.host.values_of("fb.count{scale=csat5,touchpoint=counter,value=5}") ==
        std::vector<double>{0}
    );
    CHECK(desk.host.values_of(kiosk(0)) == std::vector<double>{0});
    CHECK(desk.host.values_of(kiosk(10)) == std::vector<double>{0});
    CHECK(desk.host.series.size() == 2 * (4 + 5 + 11) + 2);  // and the buttons on lines
}

TEST_CASE("feedback: a press is one press, however its contact bounces", "[plugins][feedback]") {
    RatingDesk desk;
    for (const auto pause : {1ms, 2ms, 5ms, 1ms}) {
        desk.edge(2, true);
        desk.wait(pause);
        desk.edge(2, false);
        desk.wait(pause);
    }
    desk.edge(2, true);
    desk.wait(2s);  // held long, and it bounces when it opens, too
    desk.edge(2, false);
    desk.wait(3ms);
    desk.edge(2, true);
    desk.wait(2ms);
    desk.edge(2, false);
    CHECK(desk.smileys() == 1);
    CHECK(desk.total("fb.count{scale=smiley4,touchpoint=exit,value=3}") == 1);
    const auto ratings = desk.events("fb.rating");
    REQUIRE(ratings.size() == 1);
    CHECK(ratings[0].subject == "exit");
    CHECK(
        ratings[0].attrs ==
        std::vector<Dimension>{{"touchpoint", "exit"}, {"scale", "smiley4"}, {"value", "3"}}
    );
    desk.wait(4s);
    desk.press(2);
    CHECK(desk.smileys() == 2);
    CHECK(desk.smileys("fb.flagged") == 0);
}

TEST_CASE("feedback: hammering is counted, flagged and told once", "[plugins][feedback]") {
    RatingDesk desk;
    for (int i = 0; i < 8; ++i) {
        desk.press(0);
        desk.wait(600ms);
    }
    CHECK(desk.smileys() == 8);
    CHECK(desk.smileys("fb.flagged") == 8);  // those before it was noticed, too
    REQUIRE(desk.events("fb.abuse").size() == 1);
    const Event raised = desk.events("fb.abuse")[0];
    CHECK(raised.state == EventState::raise);
    CHECK(desk.events("fb.rating").front().attrs.size() == 3);
    CHECK(desk.events("fb.rating").back().attrs.back() == Dimension{"flagged", "true"});
    desk.wait(61s);
    desk.source.tick();
    REQUIRE(desk.events("fb.abuse").size() == 2);
    CHECK(desk.events("fb.abuse")[1].state == EventState::clear);
    CHECK(desk.events("fb.abuse")[1].id == raised.id);
    desk.press(0);
    CHECK(desk.smileys("fb.flagged") == 8);
}

TEST_CASE("feedback: two different buttons at once are both counted and doubtful", "[feedback]") {
    RatingDesk desk;
    desk.press(0);
    desk.wait(1s);
    desk.press(3);
    CHECK(desk.smileys() == 2);
    CHECK(desk.smileys("fb.flagged") == 2);
    CHECK(desk.events("fb.abuse").empty());
    desk.wait(3s);
    desk.press(3);
    CHECK(desk.smileys("fb.flagged") == 2);
}

TEST_CASE("feedback: customers one after the other are no abuse", "[feedback]") {
    RatingDesk desk;
    for (std::size_t i = 0; i < 40; ++i) {
        desk.press(i % 4);
        desk.wait(3s);
    }
    CHECK(desk.smileys() == 40);
    CHECK(desk.smileys("fb.flagged") == 0);
}

TEST_CASE("feedback: a button that sticks is told, and counts once", "[plugins][feedback]") {
    RatingDesk desk;
    desk.edge(1, true);
    desk.wait(31s);
    desk.source.tick();
    REQUIRE(desk.events("fb.abuse").size() == 1);
    CHECK(desk.events("fb.abuse")[0].attrs.back() == Dimension{"reason", "stuck"});
    CHECK(desk.smileys() == 1);
    desk.edge(1, false);
    desk.source.tick();
    CHECK(desk.events("fb.abuse").back().state == EventState::clear);
}

TEST_CASE("feedback: lines that are lost are opened again", "[plugins][feedback]") {
    RatingDesk desk;
    desk.inputs.chip.lost(unavailable("the chip is gone"));
    CHECK(desk.host.problems.back() == "gpio of exit: the chip is gone");
    desk.inputs.chip.is_there = false;
    desk.source.tick();
    CHECK(desk.host.problems.back() == "gpio of exit: no such chip");
    desk.inputs.chip.is_there = true;
    desk.source.tick();
    CHECK(desk.host.problems.back().empty());
    desk.press(0);
    CHECK(desk.smileys() == 1);
}

TEST_CASE("feedback: no chip yet is worth a retry", "[feedback]") {
    FakeFeedbackInputs inputs;
    inputs.chip.is_there = false;
    FakeHost host;
    Feedback source(inputs.make());
    SettingsProblems problems;
    source.init(source_settings("[[source]]\n" + kThree), problems);
    const Status started = source.start(host);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::unavailable);
    source.stop();
    inputs.chip.is_there = true;
    CHECK(source.start(host));
    source.stop();
}

TEST_CASE("feedback: a kiosk pushes JSON and forms, answered when stored", "[plugins][feedback]") {
    RatingDesk desk;
    CHECK(desk.push(R"({"value": 9, "id": "r-1", "time": "2023-11-14T22:13:00Z"})") == 200);
    CHECK(desk.push("value=0&id=r-2", "application/x-www-form-urlencoded") == 200);
    CHECK(desk.push(R"({"value": "10"})", "") == 200);
    CHECK(desk.total(kiosk(9)) == 1);
    CHECK(desk.total(kiosk(0)) == 1);
    CHECK(desk.total(kiosk(10)) == 1);
    CHECK(desk.events("fb.rating").at(0).time == at_wall(from_unix_ms(1'700'000'000'000 - 20'000)));
    CHECK(desk.push(R"({"value": 9})", "", "/touchpoint/other") == 404);
}

TEST_CASE("feedback: personal fields are dropped and counted", "[plugins][feedback]") {
    RatingDesk desk;
    CHECK(desk.push(R"({"value": 9, "firstName": "Jane", "about": {"gender": "f"}})") == 200);
    CHECK(desk.push("value=9&firstName=Jane", "application/x-www-form-urlencoded") == 200);
    CHECK(desk.total("privacy.dropped_fields{field=name,source=test}") == 2);
    CHECK(desk.total("privacy.dropped_fields{field=gender,source=test}") == 1);
    for (const std::string& line : desk.host.reading_lines()) {
        CHECK(line.find("Jane") == std::string::npos);
    }
}

TEST_CASE("feedback: kiosks and buttons on lines are in the inventory", "[plugins][feedback]") {
    RatingDesk desk;
    const std::string exit = "device.up{device=exit}";
    const std::string front = "device.up{device=kiosk}";
    CHECK(desk.host.values_of(exit) == std::vector<double>{1});
    CHECK(desk.host.values_of(front).empty());
    CHECK(desk.push(R"({"value": 9})") == 200);
    CHECK(desk.host.values_of(front) == std::vector<double>{1});
    CHECK(desk.host.devices.back().device == "kiosk");
    SECTION("lines are there while their chip is") {
        desk.inputs.chip.lost(unavailable("the chip is gone"));
        CHECK(desk.host.values_of(exit).back() == 0);
        desk.source.tick();
        CHECK(desk.host.values_of(exit).back() == 1);
    }
    SECTION("nobody presses for two days: a kiosk is down, lines are not") {
        for (int minute = 0; minute < 2 * 24 * 60; ++minute) {
            desk.wait(1min);
            desk.host.loop().poll();
        }
        CHECK(desk.host.values_of(front).back() == 0);
        CHECK(desk.host.values_of(exit).back() == 1);
        CHECK(desk.host.devices.back().device == "exit");
    }
}

TEST_CASE("trap: a push that is repeated counts once and is told once", "[plugins][feedback]") {
    RatingDesk desk;
    for (int i = 0; i < 3; ++i) {
        CHECK(desk.push(R"({"value": 9, "id": "r-1"})") == 200);
    }
    CHECK(desk.total(kiosk(9)) == 1);
    CHECK(desk.events("fb.rating").size() == 1);
    SECTION("also by the next process") {
        const EventId id = desk.events("fb.rating").at(0).id;
        desk.source.stop();
        REQUIRE(desk.source.start(desk.host).ok());
        CHECK(desk.push(R"({"value": 9, "id": "r-1"})") == 200);
        CHECK(desk.total(kiosk(9)) == 1);
        CHECK(desk.events("fb.rating").back().id == id);  // the platform knows it
    }
}

TEST_CASE("feedback: ratings of an outage, pushed at once, are no abuse", "[plugins][feedback]") {
    RatingDesk desk;
    for (int i = 0; i < 20; ++i) {
        const std::string minute = std::to_string(10 + i);
        desk.push(
            R"({"value": 7, "id": ")" + std::to_string(i) + R"(", "time": "2023-11-14T21:)" +
            minute + ":00Z\"}"
        );
    }
    CHECK(desk.total(kiosk(7)) == 20);
    CHECK(desk.events("fb.abuse").empty());
    CHECK(desk.total("fb.flagged{scale=nps11,touchpoint=kiosk,value=7}") == 0);
}

TEST_CASE("feedback: what is no rating is refused, with a reason", "[plugins][feedback]") {
    RatingDesk desk;
    for (const char* body :
         {"",
          "{",
          "[]",
          "7",
          "{\"value\": 11}",
          "{\"value\": -1}",
          "{\"value\": 3.5}",
          "{\"value\": null}",
          "{\"value\": \"good\"}",
          "{\"rating\": 3}",
          "[{\"value\":1},{}]"}) {
        CAPTURE(body);
        CHECK(desk.push(body) == 400);
    }
    CHECK(desk.push("value=%zz", "application/x-www-form-urlencoded") == 400);
    CHECK(desk.events("fb.rating").empty());
    CHECK(desk.total("device.bad_elements{source=test}") == 12);
}

TEST_CASE("feedback: a full store asks for the rating again", "[plugins][feedback]") {
    RatingDesk desk;
    desk.host.on_emit = [](const SeriesInfo&, double) {
        return Status(exhausted("full"));
    };
    CHECK(desk.push(R"({"value": 9, "id": "r-1"})") == 503);
    desk.host.on_emit = nullptr;
    desk.host.commit_status = exhausted("full");
    CHECK(desk.push(R"({"value": 9, "id": "r-1"})") == 503);
    desk.host.commit_status = {};
    CHECK(desk.push(R"({"value": 9, "id": "r-1"})") == 200);
    CHECK(desk.total(kiosk(9)) == 1);
    CHECK(desk.events("fb.rating").size() == 1);
}

TEST_CASE("feedback: buttons by MQTT", "[plugins][feedback]") {
    RatingDesk desk;
    CHECK(desk.inputs.topics == std::vector<std::string>{"z/b"});
    desk.button(R"({"action":"3_single","battery":87,"linkquality":90})");
    desk.button(R"({"action":"3_single","battery":87})");  // the same press, sent twice
    desk.wait(5s);
    desk.button(R"({"action":"release"})");
    desk.button(R"({"action":""})");
    desk.button(R"({"action":null,"battery":86})");
    const std::string good = "fb.count{scale=csat5,touchpoint=counter,value=5}";
    CHECK(desk.total(good) == 1);
    CHECK(desk.host.values_of("device.battery{device=counter}").back() == 86);
    CHECK(desk.total("device.bad_elements{source=test}") == 0);
    SECTION("trap: what the broker kept is an old press") {
        desk.button(R"({"action":"3_single"})", true);
        CHECK(desk.total(good) == 1);
    }
    SECTION("trap: the broker delivers again") {
        desk.button(R"({"action":"3_single","last_seen":1699999990000})");
        desk.wait(20s);
        desk.button(R"({"action":"3_single","last_seen":1699999990000})");
        CHECK(desk.total(good) == 2);
    }
    SECTION("trap: two buttons in the same second, by a clock of whole seconds") {
        desk.button(R"({"action":"1_single","last_seen":"2023-11-14T22:13:00Z"})");
        desk.button(R"({"action":"3_single","last_seen":"2023-11-14T22:13:00Z"})");
        CHECK(desk.total(good) == 2);
        CHECK(desk.total("fb.count{scale=csat5,touchpoint=counter,value=1}") == 1);
    }
    SECTION("what it says of a person is dropped and counted") {
        desk.button(R"({"action":"","firstName":"Jane"})");
        CHECK(desk.total("privacy.dropped_fields{field=name,source=test}") == 1);
    }
    SECTION("trap: a malformed message does not silence the button") {
        for (const char* payload :
             {"", "{", "{\"action\":\"4_hold\"}", "{\"action\":{}}", "null"}) {
            desk.button(payload);
        }
        CHECK(desk.total("device.bad_elements{source=test}") == 3);
        desk.button(R"({"action":"1_single"})");
        CHECK(desk.total("fb.count{scale=csat5,touchpoint=counter,value=1}") == 1);
    }
    SECTION("a broker that is away is a problem of the source") {
        desk.inputs.state("no broker");
        CHECK(desk.host.problems.back() == "mqtt: no broker");
        desk.inputs.state("");
        CHECK(desk.host.problems.back().empty());
    }
}

}  // namespace cxedge::test
