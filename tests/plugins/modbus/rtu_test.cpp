// SPDX-License-Identifier: Apache-2.0
// Modbus RTU over a pty pair, and ends of runs while a request is under way.
#include <chrono>

#include "agent/plugin_api/worker_pool.hpp"

#include "tests/plugins/modbus/modbus_bench.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/slowness.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;

// A host whose blocking calls run on a thread, as in the agent.
class ThreadedHost final : public Host {
public:
    explicit ThreadedHost(FakeHost& inner) : inner_(inner) {}

    [[nodiscard]] std::string_view source_name() const override { return inner_.source_name(); }
    [[nodiscard]] const BoxName& box() const override { return inner_.box(); }
    [[nodiscard]] const Clock& clock() const override { return inner_.clock(); }
    [[nodiscard]] EventLoop& loop() override { return inner_.loop(); }
    Result<SeriesId> declare(const SeriesInfo& info) override { return inner_.declare(info); }
    Status emit(SeriesId id, double value) override { return inner_.emit(id, value); }
    Status emit_at(SeriesId id, double value, WallTime time) override {
        return inner_.emit_at(id, value, time);
    }
    Status emit_once(SeriesId id, double value, const Occasion& occasion) override {
        return inner_.emit_once(id, value, occasion);
    }
    Status emit_lost(SeriesId id) override { return inner_.emit_lost(id); }
    void emit_event(Event event) override { inner_.emit_event(std::move(event)); }
    void commit(std::function<void(const Status&)> done) override {
        inner_.commit(std::move(done));
    }
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override {
        ++offloads;
        workers_.run_for(inner_.loop(), std::move(work), std::move(done));
    }
    void keep(std::string_view bytes) override { inner_.keep(bytes); }
    [[nodiscard]] std::string_view kept() const override { return inner_.kept(); }
    void set_problem(std::string_view problem) override { inner_.set_problem(problem); }
    void tell_device(const DeviceNote& note) override { inner_.tell_device(note); }
    Status follow(std::string_view metric, OnReading on_reading) override {
        return inner_.follow(metric, std::move(on_reading));
    }
    void log(log::Level level, std::string_view message) override { inner_.log(level, message); }

    int offloads = 0;

private:
    FakeHost& inner_;
    WorkerPool workers_{1};
};

std::string on_line(const std::string& line, const std::string& slaves) {
    return "plugin = \"modbus\"\nserial = \"" + line + "\"\nbaud = 115200\ntimeout_ms = 300\n" +
           slaves;
}

const std::string kRegister = "address = 0\nmetric = \"level\"\n";

void init_modbus(plugins::Modbus& source, const std::string& settings) {
    SettingsProblems problems;
    source.init(source_settings("[[source]]\n" + settings), problems);
    REQUIRE(problems.lines() == std::vector<std::string>());
}

}  // namespace

TEST_CASE("modbus: slaves on a serial line, one of them dead", "[plugins][modbus]") {
    ModbusBench bench;
    const SerialLine line(bench.run.dir);
    bench.devices.hold(
        R"({"1": {"holding": {"0": 5}}, "2": {"fault": "silent"}, "3": {"holding": {"0": 7}}})"
    );
    bench.devices.serve_rtu(line.far);
    REQUIRE(bench.run.start(on_line(
        line.near,
        modbus_slave(1, kRegister) + modbus_slave(2, kRegister) + modbus_slave(3, kRegister)
    )));
    REQUIRE(bench.wait_for("device.up{device=slave-2}", 0));
    REQUIRE(bench.wait_more("level{device=slave-1}", 10));
    CHECK(bench.values("level{device=slave-1}").back() == 5);
    CHECK(bench.values("level{device=slave-3}").back() == 7);
    CHECK(bench.problem() == "slave-2: no answer");
}

TEST_CASE("modbus: noise on a serial line, then sense again", "[plugins][modbus]") {
    ModbusBench bench;
    const SerialLine line(bench.run.dir);
    const std::string fault = GENERATE("noise", "half", "late", "single");
    bench.devices.hold(R"({"1": {"holding": {"0": 5, "1": 6}, "fault": ")" + fault + "\"}}");
    bench.devices.serve_rtu(line.far);
    REQUIRE(bench.run.start(on_line(
        line.near,
        modbus_slave(1, kRegister) + "[[source.slave.register]]\naddress = 1\nmetric = \"next\"\n"
    )));
    const bool answers = fault == "single" || fault == "late";
    REQUIRE(bench.run.host.run_until([&] {
        return answers ? !bench.values("level{device=slave-1}").empty()
                       : bench.lost("level{device=slave-1}") > 1;
    }));
    bench.devices.hold(R"({"1": {"holding": {"0": 8, "1": 9}}})");
    REQUIRE(bench.wait_for("level{device=slave-1}", 8));
    CHECK(bench.wait_for("next{device=slave-1}", 9));
}

TEST_CASE("modbus: an adapter that is pulled out and put back", "[plugins][modbus]") {
    ModbusBench bench;
    std::optional<SerialLine> line;
    line.emplace(bench.run.dir);
    bench.devices.hold(R"({"1": {"holding": {"0": 5}}})");
    bench.devices.serve_rtu(line->far);
    REQUIRE(bench.run.start(on_line(line->near, modbus_slave(1, kRegister))));
    REQUIRE(bench.wait_for("level{device=slave-1}", 5));
    line.reset();
    REQUIRE(bench.wait_for("device.up{device=slave-1}", 0));
    REQUIRE(bench.run.host.run_until([&] {
        return bench.problem().find("/line is not reachable: ") != std::string::npos;
    }));
    line.emplace(bench.run.dir);
    bench.devices.hold(R"({"1": {"holding": {"0": 6}}})");
    bench.devices.serve_rtu(line->far);
    CHECK(bench.wait_for("level{device=slave-1}", 6));
}

TEST_CASE("modbus: stop does not wait for an answer", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(R"({"1": {"fault": "silent"}})");
    bench.devices.serve_tcp();
    ThreadedHost host(bench.run.host);
    const auto begun = std::chrono::steady_clock::now();
    {
        plugins::Modbus source;
        init_modbus(
            source,
            "plugin = \"modbus\"\nurl = \"" + bench.devices.url() + "\"\ntimeout_ms = 5000\n" +
                modbus_slave(1, kRegister)
        );
        REQUIRE(source.start(host));
        REQUIRE(bench.run.host.run_until([&] { return !bench.devices.requests().empty(); }));
        source.stop();
        // And again, at once; the destructor ends that run.
        REQUIRE(source.start(host));
        CHECK(host.offloads == 2);
    }
    bench.run.poll();
    CHECK(std::chrono::steady_clock::now() - begun < 4s * slowness());
    CHECK(bench.run.host.readings.empty());
}

TEST_CASE("modbus: with real workers all slaves get their turn", "[plugins][modbus]") {
    ModbusBench bench;
    bench.devices.hold(
        R"({"1": {"holding": {"0": 5}}, "2": {"fault": "silent"}, "3": {"holding": {"0": 7}}})"
    );
    bench.devices.serve_tcp();
    ThreadedHost host(bench.run.host);
    plugins::Modbus source;
    init_modbus(
        source,
        "plugin = \"modbus\"\nurl = \"" + bench.devices.url() + "\"\ntimeout_ms = 200\n" +
            modbus_slave(1, kRegister) + modbus_slave(2, kRegister) + modbus_slave(3, kRegister)
    );
    REQUIRE(source.start(host));
    REQUIRE(bench.wait_for("device.up{device=slave-2}", 0));
    REQUIRE(bench.wait_more("level{device=slave-3}", 10));
    CHECK(bench.values("level{device=slave-1}").back() == 5);
    source.stop();
}

}  // namespace cxedge::test
