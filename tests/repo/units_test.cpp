// SPDX-License-Identifier: Apache-2.0
// What stands in systemd/.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/repo/tree.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {
namespace {

const std::string kDaemonUnit = "systemd/cxedged.service";

bool is_unit(const std::string& path) {
    static const std::set<std::string> kinds{".service", ".timer", ".path", ".conf"};
    return path.rfind("systemd/", 0) == 0 &&
           kinds.count(std::filesystem::path(path).extension().string()) != 0;
}

// Directives of a block (lines without an empty one between) need a comment above them in it.
Complaints unexplained(const std::string& path) {
    static const std::set<std::string> self_evident{"Description", "Documentation", "WantedBy"};
    Complaints complaints;
    bool explained = false;
    int number = 0;
    for (const std::string& line : lines_of(path)) {
        ++number;
        if (line.empty()) {
            explained = false;
        } else if (line[0] == '#') {
            explained = true;
        } else if (line[0] != '[' && !explained && self_evident.count(line.substr(0, line.find('='))) == 0) {
            complaints.push_back(
                path + ":" + std::to_string(number) + ": no reason given for " + line
            );
        }
    }
    return complaints;
}

// In tenths. The unit is looked at alone, without drop-ins of plugins beside it.
Finished exposure_at_most_15(const std::string& unit) {
    const TempDir alone;
    const std::string copy = alone.file("cxedged.service");
    std::ofstream(copy) << unit;
    return run(
        {"systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", copy}
    );
}

}  // namespace

TEST_CASE("repo: units say why", "[repo]") {
    int units = 0;
    for (const TreeFile& file : tree()) {
        if (is_unit(file.path)) {
            ++units;
            const Complaints found = unexplained(file.path);
            INFO(report(found));
            CHECK(found.empty());
        }
    }
    CHECK(units >= 3);
}

TEST_CASE("repo: the exposure of cxedged.service is at most 1.5", "[repo]") {
    if (run({"sh", "-c", "command -v systemd-analyze"}).status != 0) {
        WARN("skipped: systemd-analyze (package systemd) is not installed");
        return;
    }
    const std::string unit = text_of(kDaemonUnit);
    const Finished held = exposure_at_most_15(unit);
    INFO(held.output);
    CHECK(held.status == 0);
    // The same without one of its lines is not: the test can fail.
    const std::string line = "\nPrivateUsers=yes\n";
    const std::size_t at = unit.find(line);
    REQUIRE(at != std::string::npos);
    CHECK(exposure_at_most_15(std::string(unit).erase(at, line.size() - 1)).status != 0);
}

}  // namespace cxedge::test
