// SPDX-License-Identifier: Apache-2.0
// The verb around Receive: signals, and what it says at the end.
#include <map>
#include <string>

#include <fmt/core.h>

#include "agent/ctl/receive.hpp"
#include "agent/ctl/receive_report.hpp"
#include "agent/ctl/summary.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {

ExitCode run_receive(const ReceiveOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const auto broker = uplink::make_mosquitto_broker();
    const SystemClock clock;
    const auto receive = Receive::open(options, {*broker, clock, note});
    if (!receive) {
        return fail(receive.error());
    }
    Receive& running = **receive;
    while (running.turn() && !signal->within(running.pause())) {
    }
    const Status finished = running.finish();
    const Receiver& receiver = running.receiver();
    for (const std::string& line : node_report(receiver.lanes())) {
        note(line);
    }
    const std::string summary =
        summary_json(receiver.totals(), receiver.lanes(), running.elapsed_s());
    note("summary " + summary.substr(0, summary.size() - 1));
    if (options.equation) {
        write_out(equation_table(receiver.lanes()));
    }
    if (!finished) {
        return exit_code_of(finished.error());
    }
    return running.was_connected() ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace cxedge::ctl
