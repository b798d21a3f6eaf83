// SPDX-License-Identifier: Apache-2.0
// Heavy tests one at a time on an interface, whichever process runs them (flock(2): gone with its
// process). Thread: one a process.
#pragma once

#include <string>

#include "agent/base/unique_fd.hpp"

namespace cxedge::probes {

class HeavyLock {
public:
    // `interface` empty: the one that is routed to, as all others of that name.
    HeavyLock(const std::string& directory, std::string interface);

    // busy: another process runs one; impossible: see problem(), nothing is known of others.
    enum class Taken { yes, busy, impossible };
    [[nodiscard]] Taken take();
    void release() { held_.reset(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    std::string directory_;
    std::string file_;
    UniqueFd held_;
    std::string problem_;
};

}  // namespace cxedge::probes
