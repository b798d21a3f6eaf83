// SPDX-License-Identifier: Apache-2.0
// ./dev bench push: devices that push over HTTP into a real cxedged on one core, which delivers to
// a real broker. Status 1 if a push was refused or lost, or came twice.
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/socket.h>

#include "tests/bench/machine.hpp"
#include "tests/bench/node_run.hpp"
#include "tests/bench/push_load.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace {

using cxedge::UniqueFd;
using cxedge::bench::NodeRun;
using cxedge::bench::PushLoad;
using cxedge::bench::Usage;
using cxedge::test::MosquittoServer;
using cxedge::test::Process;
using Json = nlohmann::json;

constexpr std::chrono::seconds kPatience{30};
constexpr const char* kMetric = "store.footfall.in";

struct Wanted {
    double per_s = 2'000;
    double seconds = 15;
    std::size_t connections = 8;
};

// Nobody else asks for it so soon.
std::uint16_t free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

std::string site_of(std::uint16_t broker, std::uint16_t port) {
    return fmt::format(
        "[node]\ntenant = \"bench\"\nsite = \"bench\"\nid = \"box\"\n"
        "[uplink]\nbroker = \"mqtt://127.0.0.1:{}\"\n"
        "[[source]]\nplugin = \"http_push\"\nname = \"push\"\nlisten = \"127.0.0.1:{}\"\n"
        "max_requests_per_s = 100000\nmax_connections_per_address = 64\n"
        "format = \"json\"\neach = \"/records\"\nid_at = \"/id\"\n"
        "[[source.value]]\nat = \"/in\"\nmetric = \"{}\"\nkind = \"delta\"\n",
        broker,
        port,
        kMetric
    );
}

// What is started meanwhile shares one core; the bench itself keeps to the others, if there are.
class OneCore {
public:
    OneCore() {
        ::sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
            if (CPU_ISSET(cpu, &before_)) {
                CPU_SET(cpu, &one);
                cpu_ = cpu;
            }
        }
        ::sched_setaffinity(0, sizeof one, &one);
    }
    OneCore(const OneCore&) = delete;
    OneCore& operator=(const OneCore&) = delete;
    ~OneCore() {
        if (CPU_COUNT(&before_) > 1) {
            CPU_CLR(cpu_, &before_);
        }
        ::sched_setaffinity(0, sizeof before_, &before_);
    }

private:
    cpu_set_t before_{};
    std::size_t cpu_ = 0;
};

std::unique_ptr<NodeRun> node_on_one_core(const std::string& site) {
    const OneCore core;
    return std::make_unique<NodeRun>(site);
}

// The plugin's process, once it runs well.
pid_t push_process(const NodeRun& node) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto done =
            cxedge::test::run({CXCTL, "status", "--socket", node.file("control.sock"), "--json"});
        const Json answer = Json::parse(done.output, nullptr, false);
        const Json sources =
            answer.is_object() ? answer.value("status", Json()).value("sources", Json()) : Json();
        for (const Json& source : sources) {
            if (source.value("name", "") == "push" && source.value("state", "") == "running") {
                return source.value("pid", 0);
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw std::runtime_error("cxedge-http-push does not run");
}

// Sum of what arrived at the broker.
double counted(Process& tail, double expected) {
    double sum = 0;
    while (sum < expected) {
        const auto line = tail.line_with(kMetric, kPatience);
        if (!line) {
            break;
        }
        const Json sample = Json::parse(*line, nullptr, false);
        sum += sample.is_object() ? sample.value("value", 0.0) : 0.0;
    }
    // A moment for what should not come.
    while (const auto line = tail.line_with(kMetric, std::chrono::seconds(1))) {
        sum += Json::parse(*line, nullptr, false).value("value", 0.0);
    }
    return sum;
}

void print_cpu(const char* name, const Usage& used, double seconds, std::size_t pushes) {
    fmt::print(
        "{:<24} {:>8.1f} % of a core, {:.0f} us a push, {:.1f} MiB\n",
        name,
        used.cpu_s() / seconds * 100,
        used.cpu_s() / static_cast<double>(pushes) * 1e6,
        used.rss_mib
    );
}

bool measure(const Wanted& wanted) {
    const MosquittoServer broker;
    Process tail(
        {CXCTL,
         "tail",
         "--broker",
         fmt::format("mqtt://127.0.0.1:{}", broker.port()),
         "--format",
         "jsonl"}
    );
    if (!tail.line_with("connected", kPatience)) {
        throw std::runtime_error("cxctl tail does not connect");
    }
    const std::uint16_t port = free_port();
    const auto node = node_on_one_core(site_of(broker.port(), port));
    const pid_t push_pid = push_process(*node);
    PushLoad load(port, wanted.connections);

    const Usage push_before = cxedge::bench::usage_of(push_pid);
    const Usage agent_before = node->usage();
    load.run(wanted.per_s, wanted.seconds);
    const Usage push_used = cxedge::bench::usage_of(push_pid) - push_before;
    const Usage agent_used = node->usage() - agent_before;
    node->stop();  // sends what is held back
    const double sum = counted(tail, static_cast<double>(load.sent()));

    const double share = (push_used.cpu_s() + agent_used.cpu_s()) / load.sent_in_s() * 100;
    const auto sent = static_cast<double>(load.sent());
    fmt::print(
        "pushes sent              {:>8} at {:.0f}/s over {} connections\n",
        load.sent(),
        sent / load.sent_in_s(),
        wanted.connections
    );
    fmt::print("answered 200             {:>8}, refused {}\n", load.accepted(), load.refused());
    fmt::print("counted at the broker    {:>8.0f}, lost {:.0f}\n", sum, sent - sum);
    print_cpu("cxedge-http-push", push_used, load.sent_in_s(), load.sent());
    print_cpu("cxedged", agent_used, load.sent_in_s(), load.sent());
    fmt::print("both, on one core        {:>8.1f} %\n", share);
    fmt::print(
        "due to answered          {:>8.2f} ms p50, {:.2f} ms p99, {:.2f} ms most\n",
        load.latency_ms(0.5),
        load.latency_ms(0.99),
        load.latency_ms(1)
    );
    return load.accepted() == load.sent() && sum == sent &&
           sent / load.sent_in_s() > 0.98 * wanted.per_s;
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Devices that push over HTTP into cxedged on one core: loss, CPU, latency"};
    Wanted wanted;
    app.add_option("--rate", wanted.per_s, "Pushes a second")->capture_default_str();
    app.add_option("--seconds", wanted.seconds, "How long")->capture_default_str();
    app.add_option("--connections", wanted.connections, "Devices, one connection each")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    CLI11_PARSE(app, argc, argv);
    fmt::print("{}\n", cxedge::bench::machine());
    if (!MosquittoServer::available()) {
        fmt::print(stderr, "mosquitto is not installed\n");
        return 1;
    }
    return measure(wanted) ? 0 : 1;
} catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
}
