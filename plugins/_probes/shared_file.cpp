// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/shared_file.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/durable_file.hpp"

namespace cxedge::probes {

std::string interface_word(std::string interface) {
    std::replace(interface.begin(), interface.end(), '/', '_');
    return interface.empty() ? "any" : interface;
}

Result<UniqueFd> open_shared(const std::string& directory, const std::string& name) {
    if (Status made = make_private_directory(directory); !made) {
        return made.error();
    }
    const std::string file = directory + "/" + name;
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
    if (!fd) {
        return system_error("open " + file, errno);
    }
    struct stat owner {};
    if (::geteuid() == 0 && ::stat(directory.c_str(), &owner) == 0 &&
        ::fchown(fd.get(), owner.st_uid, owner.st_gid) != 0) {
        return system_error("chown " + file, errno);
    }
    return fd;
}

}  // namespace cxedge::probes
