// SPDX-License-Identifier: Apache-2.0
// The local Unix stream socket behind cxctl: one JSON object a line each way.
//   {"op":"status"} -> {"ok":true,"status":{...}}      an error: {"ok":false,"error":"..."}
// Who may talk is decided by the socket's mode (0660, group cxedge).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/event_loop.hpp"
#include "agent/base/result.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::control {

// Longest request line, without its newline.
inline constexpr std::size_t kMaxRequestBytes = 64UL * 1024UL;

// One answer line, without the newline. `respond` may be called later, from the loop's thread,
// once.
using Respond = std::function<void(std::string json_line)>;
// `arguments` is the request line as received.
using Operation = std::function<void(std::string_view request, Respond respond)>;

// Thread: the loop's.
class ControlServer {
public:
    // unavailable: the socket cannot be made (path too long, directory missing, another agent alive
    // on it).
    static Result<std::unique_ptr<ControlServer>> listen(
        EventLoop& loop, const std::string& path, std::map<std::string, Operation> operations
    );
    virtual ~ControlServer() = default;
};

// The client's side, blocking, for cxctl. unavailable: nobody listens there (says what to check).
Result<std::string> request(
    const std::string& path, std::string_view json_line, std::chrono::milliseconds timeout
);

// "timeout_s" of a request line, at most `longest`; `fallback` where there is none.
std::chrono::milliseconds timeout_of(
    std::string_view request, std::chrono::milliseconds fallback, std::chrono::milliseconds longest
);

std::string ok_answer();
std::string error_answer(std::string_view why);
std::string status_answer(const telemetry::Health& health);
// corrupt: not a status answer.
Result<telemetry::Health> parse_status_answer(std::string_view json_line);

}  // namespace cxedge::control
