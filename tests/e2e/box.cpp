// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/box.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

std::string broker_url(std::uint16_t port) {
    return fmt::format("mqtt://127.0.0.1:{}", port);
}

}  // namespace

Box::Box(std::uint16_t broker_port, const std::string& sources)
    : Box(fmt::format("broker = \"{}\"", broker_url(broker_port)), sources) {}

Box::Box(const std::string& uplink, const std::string& sources)
    : state_dir_(dir_.file("state")), runtime_dir_(dir_.path().string()) {
    std::ofstream(dir_.file("site.toml"))
        << "[node]\ntenant = \"t\"\nsite = \"s\"\nid = \"n\"\n[uplink]\n"
        << replaced(uplink, "{dir}", dir_.path().string())
        << "\n[agent]\nheartbeat_s = 2\ncontrol_socket = \"" << dir_.file("control.sock")
        << "\"\n[spool]\nseal_ms = 200\n[pipeline]\nwindow_s = 1\n"
        << replaced(sources, "{dir}", dir_.path().string());
}

void Box::edit_site(const std::string& what, const std::string& by) const {
    const std::string path = dir_.file("site.toml");
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream(path) << replaced(text, what, by);
}

void Box::set_claim(const std::string& file) {
    edit_site("[node]\n", "[node]\nclaim_file = \"" + file + "\"\n");
}

void Box::set_node(const std::string& name) {
    edit_site("id = \"n\"\n", "id = \"" + name + "\"\n");
}

std::vector<std::string> Box::command() const {
    std::vector<std::string> words = starter_;
    words.insert(
        words.end(),
        {CXEDGED,
         "--config",
         dir_.file("site.toml"),
         "--profiles",
         PROFILES,
         "--state-dir",
         state_dir_,
         "--runtime-dir",
         runtime_dir_}
    );
    if (!plugin_dir_.empty()) {
        words.insert(words.end(), {"--plugin-dir", plugin_dir_});
    }
    return words;
}

void Box::launch() {
    agent_ = std::make_unique<Process>(command());
}

void Box::start() {
    launch();
    if (!agent_->line_with("running,", kPatience)) {
        throw std::runtime_error("cxedged did not start: " + agent_->rest(std::chrono::seconds(1)));
    }
}

bool Box::start_collecting() {
    start();
    return status_where([](const Json& now) {
        return !now["sources"].empty() && now["sources"][0].value("state", "") == "running";
    });
}

int Box::stop() {
    agent_->signal(SIGTERM);
    agent_->rest(kPatience);
    return agent_->wait(kPatience);
}

std::uint64_t Box::stop_and_count() {
    static const std::string kSaid = "stopped: ";
    agent_->signal(SIGTERM);
    const auto line = agent_->line_with(kSaid, kPatience);
    if (!line || agent_->wait(kPatience) != 0) {
        throw std::runtime_error("the agent did not stop in order");
    }
    return std::stoull(line->substr(line->find(kSaid) + kSaid.size()));
}

void Box::kill() {
    agent_->signal(SIGKILL);
    agent_->wait(kPatience);
}

Json Box::status() const {
    const Finished done = run({CXCTL, "status", "--socket", dir_.file("control.sock"), "--json"});
    const Json answer = Json::parse(done.output, nullptr, false);
    return answer.contains("status") ? answer["status"] : answer;
}

bool Box::flush() const {
    return run({CXCTL, "flush", "--socket", dir_.file("control.sock")}, std::chrono::seconds(90))
               .status == 0;
}

bool Box::status_where(const std::function<bool(const Json&)>& wanted) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        const Json now = status();
        if (now.is_object() && wanted(now)) {
            return true;
        }
    }
    return false;
}

bool Box::waits_for_platform() const {
    return status_where([](const Json& now) { return now.value("platform_ack", false); });
}

Inbox::Inbox(std::uint16_t broker_port)
    : tail_(
          {CXCTL,
           "tail",
           "--broker",
           broker_url(broker_port),
           "--format",
           "jsonl",
           "--session",
           "e2e-inbox",
           "--summary",
           dir_.file("summary.json")}
      ) {
    if (!tail_.line_with("connected", kPatience)) {
        throw std::runtime_error("cxctl tail did not connect");
    }
}

bool Inbox::keep(const std::string& line) {
    Json object = Json::parse(line, nullptr, false);
    if (!object.is_object()) {
        return false;
    }
    seen_.push_back(std::move(object));
    return true;
}

std::optional<Json> Inbox::next_where(const std::function<bool(const Json&)>& wanted) {
    const auto line = tail_.line_where(
        [&](const std::string& text) { return keep(text) && wanted(seen_.back()); }, kPatience
    );
    return line ? std::optional(seen_.back()) : std::nullopt;
}

std::optional<Json> Inbox::next_event(const std::string& name) {
    return next_where([&](const Json& object) { return object.value("event", "") == name; });
}

Json Inbox::finish_when(const std::function<bool()>& complete) {
    if (!complete()) {
        next_where([&](const Json&) { return complete(); });
    }
    tail_.signal(SIGTERM);
    tail_.rest(kPatience);
    tail_.wait(kPatience);
    std::ifstream summary(dir_.file("summary.json"));
    return Json::parse(summary, nullptr, false);
}

std::uint64_t Inbox::samples() const {
    return static_cast<std::uint64_t>(std::count_if(
        seen_.begin(), seen_.end(), [](const Json& object) { return object.contains("metric"); }
    ));
}

std::vector<double> Inbox::values(const std::string& metric) const {
    std::vector<double> out;
    for (const Json& object : seen_) {
        if (object.value("metric", "") == metric && object.contains("value") &&
            object["value"].is_number()) {
            out.push_back(object["value"].get<double>());
        }
    }
    return out;
}

std::vector<std::string> send_kpi(const std::string& path, const std::vector<std::string>& lines) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect to " + path);
    }
    std::string out;
    for (const std::string& line : lines) {
        out += line + "\n";
    }
    if (::send(fd.get(), out.data(), out.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(out.size())) {
        throw std::runtime_error("cannot send to " + path);
    }
    std::string answers;
    std::array<char, 4096> chunk{};
    while (std::count(answers.begin(), answers.end(), '\n') <
           static_cast<std::ptrdiff_t>(lines.size())) {
        const ssize_t got = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
        if (got <= 0) {
            throw std::runtime_error("no answer from " + path);
        }
        answers.append(chunk.data(), static_cast<std::size_t>(got));
    }
    std::vector<std::string> split;
    std::istringstream stream(answers);
    for (std::string line; std::getline(stream, line);) {
        split.push_back(line);
    }
    return split;
}

}  // namespace cxedge::test
