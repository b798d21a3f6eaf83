// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/log.hpp"
#include "agent/base/unique_fd.hpp"

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// Standard error goes to a file while this lives.
class CapturedStderr {
public:
    CapturedStderr() : path_(dir_.file("stderr")), saved_(::dup(STDERR_FILENO)) {
        const UniqueFd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        ::dup2(file.get(), STDERR_FILENO);
    }
    CapturedStderr(const CapturedStderr&) = delete;
    CapturedStderr& operator=(const CapturedStderr&) = delete;
    ~CapturedStderr() {
        ::dup2(saved_.get(), STDERR_FILENO);
        log::set_level(log::Level::info);
    }
    [[nodiscard]] std::string text() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    TempDir dir_;
    std::string path_;
    UniqueFd saved_;
};

}  // namespace cxedge::test
