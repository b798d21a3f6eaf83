// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/node_state.hpp"

namespace cxedge::ctl {

// Where a payload came from.
struct Origin {
    std::string topic;
    std::string tenant;
    std::string site;
    std::string node;
};

// A batch that is ready to be shown: every series of its samples is in `dictionary`.
struct ShownBatch {
    const Origin& origin;
    const wire::BatchHeader& header;
    const wire::DecodedBody& body;
    const wire::DictionaryReplica& dictionary;
    bool duplicate = false;  // seen before; shown because the user asked for repeats
};

// Turns what arrives into lines for people or programs. Appends whole lines to a buffer that its
// owner empties.
class LineWriter {
public:
    virtual ~LineWriter() = default;
    virtual void batch(const ShownBatch& batch) = 0;
    virtual void node_state(const Origin& origin, const wire::NodeState& state) = 0;
};

}  // namespace cxedge::ctl
