// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/heavy_lock.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "agent/base/durable_file.hpp"

namespace cxedge::probes {

HeavyLock::HeavyLock(const std::string& directory, std::string interface) : directory_(directory) {
    std::replace(interface.begin(), interface.end(), '/', '_');
    file_ = directory + "/heavy-" + (interface.empty() ? "any" : interface);
}

HeavyLock::Taken HeavyLock::take() {
    if (const Status made = make_private_directory(directory_); !made) {
        problem_ = made.error().message;
        return Taken::impossible;
    }
    UniqueFd fd(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
    if (!fd) {
        problem_ = system_error("open " + file_, errno).message;
        return Taken::impossible;
    }
    problem_.clear();
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return Taken::busy;
    }
    held_ = std::move(fd);
    return Taken::yes;
}

}  // namespace cxedge::probes
