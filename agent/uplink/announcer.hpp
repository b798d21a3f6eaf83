// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::uplink {

// Knows which series definitions the platform has been told on this connection, and what to publish
// so that it can decode a batch. Definitions are read from the spool only when more are needed.
// Thread: one.
class Announcer {
public:
    Announcer(wire::NodeIdentity identity, store::Spool& spool);

    // Nothing is announced on a new connection.
    void forget() { announced_ = 0; }
    // True when a batch that needs the first `size` definitions can be decoded.
    [[nodiscard]] bool covers(std::uint32_t size) const { return size <= announced_; }
    // Parts to publish so that all definitions now in the spool are announced: those that
    // changed since the last call on this connection.
    Result<std::vector<wire::DictionaryPart>> announce();
    // Content id of the first `size` definitions. corrupt: the spool does not have that many.
    Result<std::uint32_t> content_id(std::uint32_t size);

private:
    Status load();

    wire::NodeIdentity identity_;
    store::Spool* spool_;
    std::vector<std::string> definitions_;
    wire::Dictionary dictionary_;
    std::uint32_t announced_ = 0;
};

}  // namespace cxedge::uplink
