// SPDX-License-Identifier: Apache-2.0
// Where cxctl receive writes to, so that a kill at any point leaves neither a hole nor a repeat:
// what was written is good when ReceiveState's transaction says so. Thread: one.
#pragma once

#include <memory>
#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/ctl/receive_state.hpp"

namespace cxedge::ctl {

class ReceiveOutput : public LineWriter {
public:
    // What was handed to batch() since the last commit is on disk, or in `state`'s transaction; an
    // error of batch() comes out here. To be called before commit, inside begin().
    virtual Status settle(ReceiveState& state) = 0;
    void node_state(const Origin& /*origin*/, const wire::NodeState& /*state*/) override {}
};

enum class OutputFormat : std::uint8_t { jsonl, csv, sqlite };

// Lines appended to `path`, cut back to what `state` knows to be good; "" is standard output, which
// cannot be cut back. unavailable, corrupt: says why and what to do.
Result<std::unique_ptr<ReceiveOutput>> open_text_output(
    const std::string& path, OutputFormat format, ReceiveState& state
);
// Tables sample and fact, and views samples and facts, in the state's own file. `state` outlives
// the output.
Result<std::unique_ptr<ReceiveOutput>> open_sqlite_output(ReceiveState& state);

}  // namespace cxedge::ctl
