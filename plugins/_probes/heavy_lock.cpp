// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/heavy_lock.hpp"

#include <cerrno>
#include <utility>

#include <sys/file.h>

#include "plugins/_probes/shared_file.hpp"

namespace cxedge::probes {

HeavyLock::HeavyLock(std::string directory, std::string interface)
    : directory_(std::move(directory)),
      named_(!interface.empty()),
      interface_(interface_word(std::move(interface))) {}

HeavyLock::Taken HeavyLock::lock(const std::string& name, int how, UniqueFd& held) {
    auto fd = open_shared(directory_, name);
    if (!fd) {
        problem_ = fd.error().message;
        return Taken::impossible;
    }
    if (::flock(fd->get(), how | LOCK_NB) != 0) {
        const int error = errno;
        problem_ = error == EWOULDBLOCK ? "" : system_error("lock " + name, error).message;
        return error == EWOULDBLOCK ? Taken::busy : Taken::impossible;
    }
    problem_.clear();
    held = std::move(*fd);
    return Taken::yes;
}

HeavyLock::Taken HeavyLock::take() {
    if (any_) {
        return Taken::yes;
    }
    const Taken any = lock("heavy-any", named_ ? LOCK_SH : LOCK_EX, any_);
    if (any != Taken::yes || !named_) {
        return any;
    }
    const Taken own = lock("heavy-" + interface_, LOCK_EX, own_);
    if (own != Taken::yes) {
        any_.reset();
    }
    return own;
}

void HeavyLock::release() {
    own_.reset();
    any_.reset();
}

}  // namespace cxedge::probes
