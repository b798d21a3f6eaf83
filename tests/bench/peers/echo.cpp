// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/peers/peers.hpp"

namespace cxedge::bench {
namespace {

class Echo final : public Candidate {
public:
    [[nodiscard]] std::string name() const override { return "bare echo"; }
    [[nodiscard]] std::unique_ptr<FarEnd> make_far_end(
        FarPlace /*where*/, std::size_t /*samples*/
    ) const override {
        return nullptr;
    }
    std::vector<std::string> prepare(const Surroundings& at) override {
        return {BENCH_ECHO, at.runtime + "/in.sock"};
    }
    [[nodiscard]] test::KpiFeed feed(const Surroundings& at) const override {
        test::KpiFeed feed;
        feed.socket = at.runtime + "/in.sock";
        return feed;
    }
};

}  // namespace

std::unique_ptr<Candidate> make_echo() {
    return std::make_unique<Echo>();
}

}  // namespace cxedge::bench
