// SPDX-License-Identifier: Apache-2.0
// Frames from a plugin process that may be broken or hostile.
#include <cstdlib>
#include <string_view>

#include "agent/wire/link_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace link = cxedge::wire::link;
    const auto frame = link::decode({reinterpret_cast<const char*>(data), size});
    if (!frame) {
        return 0;
    }
    // What was accepted once must be accepted again, as the same kind.
    const auto again = link::decode(link::encode(*frame));
    if (!again || again->index() != frame->index()) {
        std::abort();
    }
    return 0;
}
