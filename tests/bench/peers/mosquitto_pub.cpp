// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>

#include "tests/bench/peers/peers.hpp"

namespace cxedge::bench {
namespace {

class MosquittoPub final : public Candidate {
public:
    explicit MosquittoPub(std::string root) : root_(std::move(root)) {}

    [[nodiscard]] std::string name() const override { return "mosquitto_pub"; }
    [[nodiscard]] std::unique_ptr<FarEnd> make_far_end(FarPlace where, std::size_t samples)
        const override {
        return make_mqtt_far_end(
            std::move(where),
            {kMetric,
             samples,
             0,
             [](std::string_view payload, const std::function<void(double)>& take) {
                 take(std::atof(std::string(payload).c_str()));
             }}
        );
    }

    std::vector<std::string> prepare(const Surroundings& at) override {
        ::mkfifo(in(at).c_str(), 0600);
        auto command = unpacked(root_, "usr/bin/mosquitto_pub");
        command.insert(command.begin(), {"sh", "-c", fmt::format("exec \"$@\" <{}", in(at)), "sh"});
        command.insert(
            command.end(),
            {"-l",
             "-q",
             "1",
             "-h",
             at.far_host,
             "-p",
             std::to_string(at.far_port),
             "-i",
             "pub",
             "-t",
             kMetric}
        );
        return command;
    }

    [[nodiscard]] test::KpiFeed feed(const Surroundings& at) const override {
        test::KpiFeed feed;
        feed.socket = in(at);
        feed.before = "0";  // as part of the number: a line is the value alone
        feed.answered = false;
        return feed;
    }

private:
    static std::string in(const Surroundings& at) { return at.runtime + "/in.fifo"; }
    std::string root_;
};

}  // namespace

std::unique_ptr<Candidate> make_mosquitto_pub(std::string root) {
    return std::make_unique<MosquittoPub>(std::move(root));
}

}  // namespace cxedge::bench
