// SPDX-License-Identifier: Apache-2.0
// Modbus devices on loopback or on a pty pair (modbus_server.py), and the plugin before them.
#pragma once

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/modbus/modbus.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/process.hpp"

namespace cxedge::test {

inline constexpr std::chrono::seconds kModbusPatience{20};

// Two ends of a serial line: ${dir}/line for the plugin, ${dir}/far for the devices.
struct SerialLine {
    explicit SerialLine(const TempDir& dir)
        : near(dir.file("line")),
          far(dir.file("far")),
          socat({"socat", "-d", "-d", "pty,raw,echo=0,link=" + near, "pty,raw,echo=0,link=" + far}
          ) {
        static_cast<void>(socat.line_with("starting data transfer loop", kModbusPatience));
    }
    std::string near;
    std::string far;
    Process socat;
};

class ModbusDevices {
public:
    explicit ModbusDevices(const TempDir& dir) : state_(dir.file("devices.json")) {}

    // `units` is JSON: {"1": {"holding": {"0": 5}}}. A reader never sees half of it.
    void hold(const std::string& units) const {
        std::ofstream(state_ + ".new") << R"({"units": )" << units << "}";
        std::filesystem::rename(state_ + ".new", state_);
    }
    void serve_tcp() {
        server_.emplace(std::vector<std::string>{
            "/usr/bin/python3", MODBUS_SERVER, state_, "tcp", port_});
        port_ = server_->line(kModbusPatience).value_or("0");
    }
    void serve_rtu(const std::string& device) {
        server_.emplace(std::vector<std::string>{
            "/usr/bin/python3", MODBUS_SERVER, state_, "rtu", device});
        static_cast<void>(server_->line_with("ready", kModbusPatience));
    }
    void kill() {
        server_->signal(SIGKILL);
        server_->wait(kModbusPatience);
    }
    [[nodiscard]] Process& server() { return *server_; }
    [[nodiscard]] std::string url() const { return "tcp://127.0.0.1:" + port_; }
    // "unit table start count" of each request that came.
    [[nodiscard]] std::vector<std::string> requests() const {
        return std::filesystem::exists(state_ + ".log") ? read_lines(state_ + ".log")
                                                        : std::vector<std::string>();
    }

private:
    std::string state_;
    std::string port_ = "0";
    std::optional<Process> server_;
};

// The plugin with real time.
struct ModbusBench {
    SystemClock clock;
    Running<plugins::Modbus> run;
    ModbusDevices devices{run.dir};

    ModbusBench() { run.host.real_clock = &clock; }

    // `slaves`: the [[source.slave]] tables. Asks every 50 ms, times out after 200 ms.
    Status start_tcp(const std::string& slaves, const std::string& more = "") {
        return run.start(
            "plugin = \"modbus\"\nurl = \"" + devices.url() + "\"\ntimeout_ms = 200\n" + more +
            slaves
        );
    }
    [[nodiscard]] std::vector<double> values(const std::string& series) const {
        return run.host.values_of(series);
    }
    [[nodiscard]] bool wait_for(const std::string& series, double value) {
        return run.host.run_until([&] {
            const std::vector<double> all = values(series);
            return !all.empty() && all.back() == value;
        });
    }
    // So many more readings of it.
    [[nodiscard]] bool wait_more(const std::string& series, std::size_t more) {
        const std::size_t before = values(series).size();
        return run.host.run_until([&] { return values(series).size() >= before + more; });
    }
    [[nodiscard]] std::size_t lost(const std::string& series) const {
        std::size_t count = 0;
        for (const FakeHost::Reading& reading : run.host.readings) {
            const SeriesInfo& info = run.host.series[index_of(reading.series)];
            count += !reading.value && to_string(info.key) == series ? 1U : 0U;
        }
        return count;
    }
    [[nodiscard]] std::string problem() const {
        return run.host.problems.empty() ? "" : run.host.problems.back();
    }
};

// A slave with one register and an interval of 50 ms.
inline std::string modbus_slave(int id, const std::string& reg, const std::string& more = "") {
    return "[[source.slave]]\nid = " + std::to_string(id) + "\ninterval_s = 0.05\n" + more +
           "[[source.slave.register]]\n" + reg;
}

}  // namespace cxedge::test
