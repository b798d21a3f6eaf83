// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/clock_check.hpp"

#include <fmt/core.h>

namespace cxedge::ctl {
namespace {

constexpr Check kClock{"clock"};
constexpr const char* kSynchronise =
    "install and start a time service: apt-get install systemd-timesyncd (or chrony)";

}  // namespace

Finding check_clock(const KernelClock& clock) {
    if (!clock.set) {
        return kClock.problem("the clock was never set: samples wait until it is", kSynchronise);
    }
    if (!clock.known) {
        return kClock.note(
            "the kernel does not tell how good the clock is", "run cxctl doctor as root"
        );
    }
    if (!clock.synchronised) {
        return kClock.note(
            "nothing keeps the clock right: times are sent as a free-running clock's", kSynchronise
        );
    }
    return kClock.ok(fmt::format(
        "synchronised, at most {:.3f} s off", static_cast<double>(clock.maximum_error_us) / 1e6
    ));
}

}  // namespace cxedge::ctl
