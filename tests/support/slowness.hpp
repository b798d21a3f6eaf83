// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

namespace cxedge::test {

// How many times slower than on a processor of its own a test may be run: 1, or what
// CXEDGE_TEST_SLOWNESS says (CMakePresets.json, for emulators). A limit that tells "late" from
// "never", or new from old, is multiplied by it; nothing that a test expects to happen is.
inline int slowness() noexcept {
    const char* const said = std::getenv("CXEDGE_TEST_SLOWNESS");  // NOLINT(concurrency-mt-unsafe)
    const int times = said == nullptr ? 1 : std::atoi(said);       // NOLINT(cert-err34-c): ours
    return times > 1 ? times : 1;
}

}  // namespace cxedge::test
