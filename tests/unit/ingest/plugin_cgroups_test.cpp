// SPDX-License-Identifier: Apache-2.0
// With directories that look like what the kernel shows.
#include "agent/ingest/plugin_cgroups.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/captured_stderr.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::ingest {
namespace {

namespace fs = std::filesystem;

class Kernel {
public:
    // `controllers`: what cgroup.controllers of the unit names.
    explicit Kernel(const std::string& controllers) {
        put("own", "12:pids:/elsewhere\n0::/unit.service\n");
        put("cg/cgroup.controllers", "memory pids cpu");
        put("cg/unit.service/cgroup.controllers", controllers);
        put("cg/unit.service/cgroup.subtree_control", "");
        put("cg/unit.service/cgroup.procs", "41\n");
        put("cg/unit.service/agent/cgroup.procs", "");
        put("cg/unit.service/plugin-cam/cgroup.procs", "");
    }
    void put(const std::string& name, const std::string& text) const {
        fs::create_directories(fs::path(dir_.file(name)).parent_path());
        std::ofstream(dir_.file(name)) << text;
    }
    [[nodiscard]] std::string got(const std::string& name) const {
        std::ifstream file(dir_.file("cg/unit.service/" + name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] CgroupPlaces places() const { return {dir_.file("own"), dir_.file("cg")}; }
    void offer_files() const {
        for (const char* name : {"memory.max", "pids.max", "cpu.max"}) {
            put(std::string("cg/unit.service/plugin-cam/") + name, "");
        }
    }

private:
    test::TempDir dir_;
};

const ProcessLimits kAll{64 << 20, 8, 150};

std::size_t times(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("plugin cgroups: a process gets the limits of its source", "[ingest]") {
    const Kernel kernel("cpuset cpu memory pids");
    kernel.offer_files();
    PluginCgroups cgroups(kernel.places());
    cgroups.confine("cam", 4711, kAll);
    CHECK(kernel.got("plugin-cam/memory.max") == "67108864");
    CHECK(kernel.got("plugin-cam/pids.max") == "8");
    CHECK(kernel.got("plugin-cam/cpu.max") == "150000 100000");
    CHECK(kernel.got("plugin-cam/cgroup.procs") == "4711");
    // The agent has made room: it is in a leaf, as the kernel asks of who turns controllers on.
    CHECK(kernel.got("agent/cgroup.procs") == "41");
    CHECK(times(kernel.got("cgroup.subtree_control"), "+") == 1);  // written one after the other
}

TEST_CASE("plugin cgroups: no limits, nothing is touched", "[ingest]") {
    const Kernel kernel("memory pids cpu");
    kernel.offer_files();
    PluginCgroups cgroups(kernel.places());
    cgroups.confine("cam", 4711, {});
    CHECK(kernel.got("agent/cgroup.procs").empty());
    CHECK(kernel.got("plugin-cam/cgroup.procs").empty());
    CHECK_FALSE(cgroups.ran_out_of_memory("cam"));
}

TEST_CASE("plugin cgroups: a controller that is not there is said once", "[ingest]") {
    const Kernel kernel("hugetlb");
    kernel.put("cg/unit.service/plugin-cam/pids.max", "");
    PluginCgroups cgroups(kernel.places());
    const test::CapturedStderr log;
    cgroups.confine("cam", 4711, kAll);
    cgroups.confine("cam", 4712, kAll);
    const std::string said = log.text();
    CHECK(times(said, "memory.max") == 1);
    CHECK(times(said, "cpu.max") == 1);
    CHECK(times(said, "pids.max") == 0);
    CHECK(kernel.got("plugin-cam/pids.max") == "8");
    CHECK(kernel.got("plugin-cam/cgroup.procs") == "4712");
}

TEST_CASE("plugin cgroups: without cgroup v2 or delegation plugins still run", "[ingest]") {
    const Kernel kernel("memory pids cpu");
    const auto [line, reason] = GENERATE(table<std::string, std::string>({
        {"3:pids:/unit.service\n", "no cgroup v2"},
        {"0::/\n", "not delegated"},
        {"0::/other.service\n", "not delegated"},
    }));
    kernel.put("own", line);
    PluginCgroups cgroups(kernel.places());
    const test::CapturedStderr log;
    cgroups.confine("cam", 4711, kAll);
    cgroups.confine("cam", 4712, kAll);
    CHECK(times(log.text(), reason) == 1);
    CHECK(kernel.got("plugin-cam/cgroup.procs").empty());
}

TEST_CASE("plugin cgroups: killed for its memory is told from killed", "[ingest]") {
    const Kernel kernel("memory");
    kernel.offer_files();
    kernel.put("cg/unit.service/plugin-cam/memory.events", "low 0\noom 3\noom_kill 2\n");
    PluginCgroups cgroups(kernel.places());
    cgroups.confine("cam", 4711, kAll);
    CHECK_FALSE(cgroups.ran_out_of_memory("cam"));  // of a process before
    kernel.put("cg/unit.service/plugin-cam/memory.events", "low 0\noom 4\noom_kill 3\n");
    CHECK(cgroups.ran_out_of_memory("cam"));
    CHECK_FALSE(cgroups.ran_out_of_memory("cam"));
}

}  // namespace cxedge::ingest
