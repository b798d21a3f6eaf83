// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <utility>

#include <fmt/core.h>

#include "tests/bench/peers/peers.hpp"

namespace cxedge::bench {
namespace {

class SyslogNg final : public Candidate {
public:
    explicit SyslogNg(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] std::string name() const override { return "syslog-ng"; }
    [[nodiscard]] std::unique_ptr<FarEnd> make_far_end(FarPlace where, std::size_t samples)
        const override {
        return make_http_far_end(std::move(where), samples);
    }

    std::vector<std::string> prepare(const Surroundings& at) override {
        std::ofstream(at.runtime + "/syslog-ng.conf") << fmt::format(
            R"(@version: 3.38
@module afsocket
@module http
@module disk-buffer
options {{ stats-freq(0); }};
source s {{
  unix-stream("{runtime}/in.sock" flags(no-parse) max-connections(4) log-iw-size(4000)
    log-fetch-limit(1000));
}};
destination d {{
  http(url("http://{host}:{port}/") method("POST") body("${{MESSAGE}}") delimiter("\n")
    batch-lines(500) batch-timeout(100) retries(1000000) time-reopen(1) timeout(30)
    disk-buffer(reliable(yes) disk-buf-size(32000000) mem-buf-size(1000000) dir("{state}")));
}};
log {{ source(s); destination(d); flags(flow-control); }};
)",
            fmt::arg("state", at.state),
            fmt::arg("runtime", at.runtime),
            fmt::arg("host", at.far_host),
            fmt::arg("port", at.far_port)
        );
        auto command = unpacked(root_, "usr/sbin/syslog-ng");
        command.insert(
            command.end(),
            {"-F",
             "--no-caps",
             "--module-path=" + root_ + "/usr/lib/syslog-ng/3.38",
             "-f",
             at.runtime + "/syslog-ng.conf",
             "-R",
             at.state + "/persist",
             "-p",
             at.runtime + "/pid",
             "-c",
             at.runtime + "/ctl"}
        );
        return command;
    }

    [[nodiscard]] test::KpiFeed feed(const Surroundings& at) const override {
        test::KpiFeed feed;
        feed.socket = at.runtime + "/in.sock";
        feed.before = "0";  // as part of the number: a line is the value alone
        feed.answered = false;
        return feed;
    }

private:
    std::string root_;
};

}  // namespace

std::unique_ptr<Candidate> make_syslog_ng(std::string root) {
    return std::make_unique<SyslogNg>(std::move(root));
}

}  // namespace cxedge::bench
