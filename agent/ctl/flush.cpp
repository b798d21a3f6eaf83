// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/flush.hpp"

#include <chrono>

#include <nlohmann/json.hpp>

#include "agent/control/control.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

// The agent answers when its time is up; this much later it must be dead.
constexpr std::chrono::seconds kGrace{5};

}  // namespace

Status flush(const FlushOptions& options) {
    const nlohmann::json request = {{"op", "flush"}, {"timeout_s", options.timeout_s}};
    const auto timeout = std::chrono::duration<double>(options.timeout_s) + kGrace;
    const auto line = control::request(
        options.socket,
        request.dump(),
        std::chrono::duration_cast<std::chrono::milliseconds>(timeout)
    );
    if (!line) {
        return line.error();
    }
    const auto answer = nlohmann::json::parse(*line, nullptr, false);
    if (!answer.is_object()) {
        return corrupt("the agent's answer is not a JSON object");
    }
    const auto ok = answer.find("ok");
    if (ok != answer.end() && ok->is_boolean() && ok->get<bool>()) {
        return {};
    }
    const auto error = answer.find("error");
    const bool explained = error != answer.end() && error->is_string();
    return exhausted(explained ? error->get<std::string>() : "the agent refused to flush");
}

ExitCode run_flush(const FlushOptions& options) {
    const Status flushed = flush(options);
    if (options.json) {
        const nlohmann::json answer{
            {"delivered", flushed.ok()}, {"error", flushed ? "" : flushed.error().message}};
        write_out(answer.dump() + "\n");
    }
    if (!flushed) {
        return fail(flushed.error().during("flush"));
    }
    return options.json || write_out("everything is delivered\n") ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
