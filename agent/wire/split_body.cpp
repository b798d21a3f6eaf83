// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/split_body.hpp"

#include <cstddef>
#include <vector>

#include <fmt/core.h>

#include "agent/wire/body_decoder.hpp"

namespace cxedge::wire {
namespace {

// Deals things out: the first `left` of all go to one builder, the others to the second.
class Dealer {
public:
    explicit Dealer(std::size_t left) : left_(left) {}

    void deal(DecodedBody body) {
        first_.mark_replay(body.replay);
        second_.mark_replay(body.replay);
        for (Sample& sample : body.samples) {
            next().add(std::move(sample));
        }
        for (Event& event : body.events) {
            next().add(std::move(event));
        }
        for (const Declared<Gap>& gap : body.gaps) {
            next().add(gap);
        }
        for (const Declared<DeadLetter>& dead : body.dead) {
            next().add(dead);
        }
        for (const ClockStep& step : body.clock_steps) {
            next().add(step);
        }
    }
    std::pair<SealedBody, SealedBody> seal() { return {first_.seal(), second_.seal()}; }

private:
    BatchBuilder& next() {
        if (left_ == 0) {
            return second_;
        }
        --left_;
        return first_;
    }

    std::size_t left_;
    BatchBuilder first_;
    BatchBuilder second_;
};

std::size_t things_in(const DecodedBody& body) {
    return body.samples.size() + body.events.size() + body.gaps.size() + body.dead.size() +
           body.clock_steps.size();
}

}  // namespace

Result<std::pair<SealedBody, SealedBody>> split_body(const SealedBody& body) {
    Result<DecodedBody> decoded = decode_sealed(body, at_boot(body.t0));
    if (!decoded) {
        return decoded.error();
    }
    const std::size_t things = things_in(*decoded);
    if (things < 2) {
        return invalid_argument(fmt::format("split: {} things cannot be halved", things));
    }
    Dealer dealer(things / 2);
    dealer.deal(std::move(decoded).value());
    return dealer.seal();
}

}  // namespace cxedge::wire
