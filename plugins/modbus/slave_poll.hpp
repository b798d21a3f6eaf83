// SPDX-License-Identifier: Apache-2.0
// One slave: what to ask it next, what its answers mean, and how seldom it is asked while it does
// not answer. No clock and no bus of its own. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"

#include "plugins/_devices/report.hpp"
#include "plugins/modbus/modbus_settings.hpp"

namespace cxedge::plugins {

class SlavePoll {
public:
    explicit SlavePoll(SlaveRules rules);

    [[nodiscard]] const SlaveRules& rules() const { return rules_; }
    // It did not answer when it was asked last; a sentence without its name. Empty: well.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    // It is its turn: false while it is asked seldom.
    [[nodiscard]] bool is_due(SteadyTime now) const { return problem_.empty() || now >= next_try_; }
    // A device that was away may be another one now: what it could not do is forgotten.
    void ask_soon() { next_try_ = {}; }

    // Begins to ask for everything.
    void begin();
    // None: everything was asked for.
    [[nodiscard]] std::optional<ReadRequest> next() const;
    // The answer to next(). True: it goes on; false: the slave does not answer, the rest is lost.
    bool take(const ReadAnswer& answer, SteadyTime now);
    // What was learnt since begin(); `away`: the device does not answer, what is missing is lost.
    devices::Report finish(bool away);
    // Everything that is due is lost; `away`: because the device does not answer.
    [[nodiscard]] devices::Report all_lost(bool away) const;
    // Something to tell the log, once; empty: nothing.
    std::string take_remark();

private:
    void take_words(const ReadRequest& request, const std::vector<std::uint16_t>& words);
    void take_value(const RegisterRule& rule, const Result<double>& value);
    void add_lost(const RegisterRule& rule, devices::Report& report) const;
    void add_away(devices::Report& report) const;
    void complain(const RegisterRule& rule, const std::string& what);
    bool ask_for_less(const ReadRequest& request);
    void answered();
    void not_answered(const std::string& why, SteadyTime now);
    [[nodiscard]] devices::Reading reading_of(const RegisterRule& rule) const;

    SlaveRules rules_;
    std::vector<RegisterPlace> places_;
    std::deque<ReadRequest> queue_;
    devices::Report report_;
    std::vector<bool> settled_;  // registers that the report speaks of
    std::string problem_;
    std::string remark_;
    std::chrono::seconds backoff_{0};
    SteadyTime next_try_{};
    bool asks_less_ = false;
};

}  // namespace cxedge::plugins
