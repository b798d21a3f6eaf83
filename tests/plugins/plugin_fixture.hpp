// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "agent/plugin_api/source.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// A source of type T with a host and a directory; stopped at the end.
template <class T>
struct Running {
    TempDir dir;
    FakeHost host;
    T source;

    ~Running() { source.stop(); }

    // `settings`: TOML lines of the [[source]] table; ${dir} is the directory.
    Status start(const std::string& settings) {
        SettingsProblems problems;
        source.init(
            source_settings(substitute("[[source]]\n" + settings, {{"dir", dir.path().string()}})),
            problems
        );
        if (!problems.empty()) {
            throw std::runtime_error(problems.error().message);
        }
        return source.start(host);
    }
    // Handles what has arrived on loopback, where sending is delivering.
    void poll() {
        for (int i = 0; i < 10; ++i) {
            host.loop().poll();
        }
    }
};

}  // namespace cxedge::test
