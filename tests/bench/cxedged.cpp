// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <utility>

#include "tests/bench/candidate.hpp"

namespace cxedge::bench {
namespace {

class Cxedged final : public Candidate {
public:
    explicit Cxedged(CxedgedOptions options) : options_(std::move(options)) {}

    [[nodiscard]] std::string name() const override { return "cxedged"; }
    [[nodiscard]] std::unique_ptr<FarEnd> make_far_end(FarPlace where, std::size_t samples)
        const override {
        return make_mqtt_far_end(
            std::move(where), {kMetric, samples, backlog_samples(options_.backlog_days)}
        );
    }

    std::vector<std::string> prepare(const Surroundings& at) override {
        std::ofstream file(at.runtime + "/site.toml");
        file << "[node]\ntenant = \"t\"\nsite = \"s\"\nid = \"bench\"\n[uplink]\nbroker = \"mqtt://"
             << at.far_host << ":" << at.far_port << "\"\n"
             << options_.uplink << "\n[agent]\ncontrol_socket = \"" << at.runtime
             << "/control.sock\"\n[[rule]]\nmatch = \"" << kMetric
             << "\"\nunit = \"1\"\nkeep = \"raw\"\n";
        if (is_statsd()) {
            file << "[[source]]\nplugin = \"statsd\"\nlisten = \"127.0.0.1:0\"\n";
        } else {
            file << "[[source]]\nplugin = \"kpi_socket\"\nsocket = \"" << socket(at) << "\"\n";
        }
        file << options_.config << "\n";
        return {
            CXEDGED,
            "--config",
            at.runtime + "/site.toml",
            "--state-dir",
            state(at),
            "--runtime-dir",
            at.runtime};
    }

    std::function<bool(const std::string&)> ready_line() override {
        return [this](const std::string& line) {
            if (line.find("listening on") == std::string::npos) {
                return false;
            }
            if (is_statsd()) {
                const std::size_t colon = line.rfind(':', line.find(", receive"));
                statsd_port_ = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
            }
            return true;
        };
    }

    [[nodiscard]] test::KpiFeed feed(const Surroundings& at) const override {
        test::KpiFeed feed;
        feed.socket = socket(at);
        feed.series = kMetric;
        return feed;
    }
    [[nodiscard]] std::uint16_t statsd_port() const override { return statsd_port_; }
    Backlog make_backlog(const Surroundings& at) override {
        return options_.backlog_days > 0 ? write_backlog(state(at), options_.backlog_days)
                                         : Backlog();
    }

private:
    [[nodiscard]] bool is_statsd() const { return options_.via == "statsd"; }
    static std::string state(const Surroundings& at) { return at.state + "/state"; }
    static std::string socket(const Surroundings& at) { return at.runtime + "/kpi.sock"; }

    CxedgedOptions options_;
    std::uint16_t statsd_port_ = 0;
};

}  // namespace

std::unique_ptr<Candidate> make_cxedged(CxedgedOptions options) {
    return std::make_unique<Cxedged>(std::move(options));
}

}  // namespace cxedge::bench
