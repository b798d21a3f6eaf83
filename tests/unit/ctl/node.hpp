// SPDX-License-Identifier: Apache-2.0
// A node as the other end of the wire sees it: definitions, dictionary payloads, batches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::ctl {

inline constexpr std::uint64_t kEpoch = 0x0123456789ABCDEFULL;
inline constexpr std::int64_t kStart = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

class Node {
public:
    explicit Node(std::string name) : identity_{"acme", "paris", std::move(name), {}} {}

    SeriesId define(SeriesInfo info) {
        definitions_.push_back(wire::encode_definition(info));
        return dictionary_.append(info);
    }
    SeriesId define(
        Kind kind, std::string metric, std::string unit, std::vector<Dimension> dims = {}
    ) {
        SeriesInfo info;
        info.key = {std::move(metric), std::move(dims)};
        info.kind = kind;
        info.unit = std::move(unit);
        return define(std::move(info));
    }

    // Seals what was added to `builder` as batch `seq` of the lane.
    std::string seal(wire::BatchBuilder& builder, std::uint64_t seq, Lane lane = Lane::live) const {
        const wire::SealedBody body = builder.seal();
        wire::BatchHeader header;
        header.epoch = kEpoch;
        header.lane = lane;
        header.seq = seq;
        header.first_unacked = seq;
        header.t0 = from_unix_ms(kStart);
        header.backfill = backfill;
        header.dict_id = dictionary_.content_id(body.dict_size);
        return wire::encode_batch(header, body);
    }
    // A batch of one sample.
    std::string one(SeriesId series, SampleValue value, std::uint64_t seq) const {
        wire::BatchBuilder builder;
        builder.add(Sample{series, at_wall(from_unix_ms(kStart)), std::move(value)});
        return seal(builder, seq);
    }

    std::string one(SeriesId series, double value, std::uint64_t seq) const {
        return one(series, SampleValue(value), seq);
    }

    [[nodiscard]] std::vector<wire::DictionaryPart> dictionary() const {
        return wire::encode_dictionary(identity_, definitions_);
    }
    [[nodiscard]] wire::Topics topics() const {
        return {identity_.tenant, identity_.site, identity_.node};
    }
    [[nodiscard]] std::string live() const { return topics().data(Stream::kpi, false); }

    bool backfill = false;

private:
    wire::NodeIdentity identity_;
    wire::Dictionary dictionary_;
    std::vector<std::string> definitions_;
};

}  // namespace cxedge::ctl
