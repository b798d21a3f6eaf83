// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <utility>

#include <fmt/core.h>

#include "tests/bench/peers/peers.hpp"

namespace cxedge::bench {
namespace {

class Collectd final : public Candidate {
public:
    explicit Collectd(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] std::string name() const override { return "collectd"; }

    // "1764000000.123:42.5", with a zero behind it.
    [[nodiscard]] std::unique_ptr<FarEnd> make_far_end(FarPlace where, std::size_t samples)
        const override {
        return make_mqtt_far_end(
            std::move(where),
            {kMetric,
             samples,
             0,
             [](std::string_view payload, const std::function<void(double)>& take) {
                 const std::size_t colon = payload.find(':');
                 if (colon != std::string_view::npos) {
                     take(std::atof(std::string(payload.substr(colon + 1)).c_str()));
                 }
             }}
        );
    }

    std::vector<std::string> prepare(const Surroundings& at) override {
        std::ofstream(at.runtime + "/collectd.conf") << fmt::format(
            R"(Hostname "n"
BaseDir "{state}"
PIDFile "{runtime}/pid"
PluginDir "{root}/usr/lib/collectd"
TypesDB "{root}/usr/share/collectd/types.db"
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{runtime}/in.sock"
  DeleteSocket true
</Plugin>
LoadPlugin mqtt
<Plugin mqtt>
  <Publish "far">
    Host "{host}"
    Port {port}
    ClientId "collectd"
    QoS 1
    StoreRates false
  </Publish>
</Plugin>
)",
            fmt::arg("state", at.state),
            fmt::arg("runtime", at.runtime),
            fmt::arg("root", root_),
            fmt::arg("host", at.far_host),
            fmt::arg("port", at.far_port)
        );
        auto command = unpacked(root_, "usr/sbin/collectd");
        command.insert(command.end(), {"-f", "-C", at.runtime + "/collectd.conf"});
        return command;
    }

    [[nodiscard]] test::KpiFeed feed(const Surroundings& at) const override {
        test::KpiFeed feed;
        feed.socket = at.runtime + "/in.sock";
        feed.before = "PUTVAL \"n/bench/gauge-load\" interval=10 N:";
        feed.ok = "0 Success";
        return feed;
    }

private:
    std::string root_;
};

}  // namespace

std::unique_ptr<Candidate> make_collectd(std::string root) {
    return std::make_unique<Collectd>(std::move(root));
}

std::vector<std::string> unpacked(const std::string& root, const std::string& program) {
    return {
        "env",
        fmt::format(
            "LD_LIBRARY_PATH={0}/usr/lib/syslog-ng:{0}/usr/lib/{1}:{0}/lib/{1}", root, MULTIARCH
        ),
        root + "/" + program};
}

}  // namespace cxedge::bench
