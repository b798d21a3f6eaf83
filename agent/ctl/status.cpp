// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/status.hpp"

#include <chrono>

#include "agent/control/control.hpp"
#include "agent/ctl/status_page.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{5};
constexpr std::chrono::milliseconds kWatchPeriod{1000};
constexpr const char* kHomeAndClear = "\x1B[H\x1B[J";

ExitCode watch(const StatusOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    do {
        const auto page = fetch_status(options);
        // An agent that restarts is waited for: that is what watching is for.
        const std::string text = page ? *page : page.error().message + "\n";
        if (!write_out(options.json ? text : kHomeAndClear + text)) {
            return ExitCode::ok;
        }
    } while (!signal->within(kWatchPeriod));
    return ExitCode::ok;
}

}  // namespace

Result<std::string> fetch_status(const StatusOptions& options) {
    const auto answer = control::request(options.socket, R"({"op":"status"})", kAnswerTimeout);
    if (!answer) {
        return answer.error();
    }
    const auto health = control::parse_status_answer(*answer);
    if (!health) {
        return health.error();
    }
    return options.json ? *answer + "\n" : status_page(*health);
}

ExitCode run_status(const StatusOptions& options) {
    if (options.watch) {
        return watch(options);
    }
    const auto page = fetch_status(options);
    if (!page) {
        return fail(page.error());
    }
    return write_out(*page) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
