// SPDX-License-Identifier: Apache-2.0
// dns_server.py while it runs, and the probe before it.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugins/probe_dns/probe_dns.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/net_namespace.hpp"
#include "tests/support/probe_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {

class DnsServer {
public:
    explicit DnsServer(const std::vector<std::string>& options = {}) : process_(command(options)) {
        await();
    }
    DnsServer(const NetNamespace& there, const std::vector<std::string>& options)
        : process_(there.inside(command(options))) {
        await();
    }
    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] const std::string& dot_port() const { return dot_port_; }
    [[nodiscard]] std::string at() const { return "127.0.0.1:" + port_; }
    [[nodiscard]] std::string dot_at() const { return "127.0.0.1:" + dot_port_; }
    // The next question with that in it.
    std::optional<std::string> question_with(const std::string& part) {
        return process_.line_with(part, std::chrono::seconds(20));
    }

private:
    static std::vector<std::string> command(const std::vector<std::string>& options) {
        std::vector<std::string> all{"/usr/bin/python3", DNS_SERVER};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
    void await() {
        const auto port = process_.line(std::chrono::seconds(60));
        const auto dot = process_.line(std::chrono::seconds(60));
        if (!port || !dot || !port->starts_with("port ")) {
            throw std::runtime_error("no name server: " + port.value_or("it does not start"));
        }
        port_ = port->substr(5);
        dot_port_ = dot->substr(4);
    }

    Process process_;
    std::string port_;
    std::string dot_port_;
};

using DnsLab = ProbeLab<plugins::ProbeDns>;

inline std::string dns_settings(const std::string& name, const std::string& more = {}) {
    return "queries = \"" + name + "\"\n" + more;
}

inline std::string fact(const probes::Finding& finding, const std::string& key) {
    for (const auto& [name, value] : finding.facts) {
        if (name == key) {
            return value;
        }
    }
    return {};
}

}  // namespace cxedge::test
