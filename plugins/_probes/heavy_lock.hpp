// SPDX-License-Identifier: Apache-2.0
// Heavy tests one at a time on an interface, whichever process runs them (flock(2): gone with its
// process). Thread: one a process.
#pragma once

#include <string>

#include "agent/base/unique_fd.hpp"

namespace cxedge::probes {

class HeavyLock {
public:
    // `interface` empty: the one that is routed to, which may be any: it runs alone.
    HeavyLock(std::string directory, std::string interface);

    // busy: another process runs one; impossible: see problem(), nothing is known of others.
    enum class Taken { yes, busy, impossible };
    [[nodiscard]] Taken take();
    void release();
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    Taken lock(const std::string& name, int how, UniqueFd& held);

    std::string directory_;
    bool named_;
    std::string interface_;
    UniqueFd any_;  // shared by tests of named interfaces
    UniqueFd own_;
    std::string problem_;
};

}  // namespace cxedge::probes
