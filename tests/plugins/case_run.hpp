// SPDX-License-Identifier: Apache-2.0
// One driver for all case folders. A case is config.toml and either problems.txt, a part of each
// message that init() must give, or expected.txt, the readings (see FakeHost::reading_lines), with
// answers.txt (who is answered) and events.txt where there are any. A new bug is a new folder, no
// C++.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "tests/support/fake_host.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// One case while it runs.
struct CaseRun {
    std::filesystem::path folder;
    TempDir dir;
    FakeHost host;
    std::string config;  // after substitution of ${case}, ${dir} and ${input}
    std::map<std::string, std::string> variables;  // further ones, of prepare()
    std::vector<std::string> answers;
    bool any_order = false;  // and any number of repetitions
};

struct PluginUnderTest {
    std::string folder;  // below plugins/
    std::function<std::unique_ptr<Source>()> make;
    // What happens between start() and stop().
    std::function<void(CaseRun&, Source&)> feed;
    std::function<void(CaseRun&)> prepare{};  // before init()
};

template <class T>
std::unique_ptr<Source> make_source() {
    return std::make_unique<T>();
}

// The three tests of every plugin, for the body of a TEST_CASE: all of its case folders (at least
// two) give what they say; its sample passes init(); init() touches nothing and stop() without
// start() is harmless.
void check_plugin(const PluginUnderTest& plugin);

}  // namespace cxedge::test
