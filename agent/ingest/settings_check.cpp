// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>

#include "agent/ingest/plugin_process.hpp"

namespace cxedge::ingest {

namespace link = wire::link;

namespace {

Result<link::Frame> receive(const ChildProcess& child, std::chrono::milliseconds timeout) {
    pollfd waiting{child.socket(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(timeout.count())) != 1) {
        return unavailable("the plugin did not answer");
    }
    std::string bytes(link::kMaxFrameBytes, '\0');
    const ssize_t got = ::recv(child.socket(), bytes.data(), bytes.size(), 0);
    if (got <= 0) {
        return unavailable("the plugin ended before it answered");
    }
    bytes.resize(static_cast<std::size_t>(got));
    return link::decode(bytes);
}

}  // namespace

Result<std::vector<std::string>> check_settings(
    const SourceSpec& spec, const PluginPatience& patience
) {
    Result<ChildProcess> child = ChildProcess::spawn(spec.executable);
    if (!child) {
        return child.error();
    }
    const Result<link::Frame> hello = receive(*child, patience.hello);
    if (!hello) {
        return hello.error().during(spec.executable);
    }
    link::Welcome welcome;
    welcome.source = spec.name;
    welcome.settings = spec.settings;
    welcome.check_only = true;
    child->send(link::encode(welcome));
    const Result<link::Frame> answer = receive(*child, patience.hello);
    if (!answer) {
        return answer.error().during(spec.executable);
    }
    const auto* checked = std::get_if<link::Checked>(&*answer);
    if (checked == nullptr) {
        return corrupt(spec.executable + ": answered something else than a check");
    }
    return checked->problems;
}

}  // namespace cxedge::ingest
