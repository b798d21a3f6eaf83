// SPDX-License-Identifier: Apache-2.0
// A process that looks at people and parses what the network sends: it keeps only what decoding and
// counting need.
#pragma once

#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::camera {

struct SandboxNeeds {
    bool network = false;  // outgoing connections: rtsp
    bool device = false;   // ioctl of V4L2, and opening a device for reading and writing

    // Of a source's address.
    static SandboxNeeds of(std::string_view address);
};

// For the whole process and for good: no new privileges, no core dump, no debugger, and a seccomp
// filter under which a call that is not needed fails with EPERM: programs, other processes, files
// to write, listening sockets, and sockets at all without `network`. What is open already stays
// usable. unavailable: this kernel has no seccomp.
Status enter_sandbox(const SandboxNeeds& needs);

}  // namespace cxedge::camera
