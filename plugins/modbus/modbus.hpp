// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/modbus/bus_link.hpp"
#include "plugins/modbus/modbus_settings.hpp"
#include "plugins/modbus/slave_poll.hpp"

namespace cxedge::plugins {

// Reads the registers of the slaves of one bus, each at its own rate, one request at a time.
class Modbus final : public Source {
public:
    Modbus();
    ~Modbus() override;
    Modbus(const Modbus&) = delete;
    Modbus& operator=(const Modbus&) = delete;
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    struct Member {
        explicit Member(SlaveRules rules) : poll(std::move(rules)) {}
        SlavePoll poll;
        bool waits = false;  // in the queue, or being asked
        LoopHandle timer;
    };

    void slot(std::size_t index);
    void advance();
    void ask(const ReadRequest& request);
    void asked(const Status& done, const ReadAnswer& found);
    void answer(const ReadAnswer& answer);
    void bus_failed(const std::string& why);
    void end_poll(bool answered);
    void all_came_back();
    void say_problems();

    ModbusSettings settings_;
    BusRules rules_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    std::vector<Member> members_;
    std::deque<std::size_t> queue_;    // whose turn it is; the first is being asked
    bool asking_ = false;              // a request is on a worker
    std::shared_ptr<BusLink> link_;    // a worker that outlives the run keeps it
    std::shared_ptr<const bool> run_;  // ends with the run: answers that come later are nobody's
    LoopHandle retry_;
    std::string bus_problem_;
    std::string slow_problem_;
    std::string told_;
    SteadyTime next_connect_{};
    std::chrono::milliseconds connect_pause_{0};
};

}  // namespace cxedge::plugins
