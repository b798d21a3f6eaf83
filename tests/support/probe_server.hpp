// SPDX-License-Identifier: Apache-2.0
// probe_server.py while it runs. The including target defines PROBE_SERVER, the script's path.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/net_namespace.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {

class ProbeServer {
public:
    explicit ProbeServer(const std::string& mode, const std::vector<std::string>& options = {})
        : process_(command(mode, options)) {
        await();
    }
    ProbeServer(
        const NetNamespace& there,
        const std::string& mode,
        const std::vector<std::string>& options = {}
    )
        : process_(there.inside(command(mode, options))) {
        await();
    }
    [[nodiscard]] const std::string& port() const { return port_; }
    [[nodiscard]] std::string at(const std::string& host = "127.0.0.1") const {
        return host + ":" + port_;
    }

private:
    static std::vector<std::string> command(
        const std::string& mode, const std::vector<std::string>& options
    ) {
        std::vector<std::string> all{"/usr/bin/python3", PROBE_SERVER, mode};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
    void await() {
        const auto line = process_.line(std::chrono::seconds(60));
        if (!line || !line->starts_with("port ")) {
            throw std::runtime_error("no server: " + line.value_or("it does not start"));
        }
        port_ = line->substr(5);
    }

    Process process_;
    std::string port_;
};

inline std::vector<std::string> certified(const CertificateFiles& files) {
    return {"--certificate", files.certificate, "--key", files.key};
}

}  // namespace cxedge::test
