// SPDX-License-Identifier: Apache-2.0
// One look at the box. Reads files below a root, so that tests and containers can point it
// elsewhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/series.hpp"

#include "plugins/box/proc_text.hpp"

namespace cxedge::plugins {

struct DiskSpace {
    double used = 0;  // bytes
    double free = 0;  // for unprivileged processes
};
struct ClockState {
    bool synchronised = false;
    double error_s = 0;  // estimated; means nothing while not synchronised
};
// What no file tells.
struct BoxSystem {
    std::function<std::optional<DiskSpace>(const std::string& path)> disk_space;
    std::function<std::optional<ClockState>()> clock_state;
};
// statvfs(3) and adjtimex(2).
BoxSystem real_box_system();

struct BoxParts {
    std::string root = "/";
    std::vector<std::string> disks{"/"};
    bool temperature = true;
    bool clock = true;
    bool processes = false;
};

struct BoxValue {
    SeriesInfo info;
    std::optional<double> value;  // none: due and failed
};

struct BoxLook {
    std::vector<BoxValue> values;
    std::vector<std::string> missing;  // files and calls that gave nothing
};

class BoxReader {
public:
    BoxReader(BoxParts parts, BoxSystem system);
    // The share of CPU time needs two looks: it is absent from the first.
    BoxLook look();

private:
    std::optional<std::string> read_file(const std::string& path, BoxLook& look) const;
    void look_at_number(const char* path, const SeriesInfo& info, BoxLook& look) const;
    void look_at_cpu(BoxLook& look);
    void look_at_memory(BoxLook& look) const;
    void look_at_disk(const std::string& mount, BoxLook& look) const;
    void look_at_temperature(BoxLook& look) const;
    void look_at_clock(BoxLook& look) const;
    void look_at_processes(BoxLook& look) const;

    BoxParts parts_;
    BoxSystem system_;
    std::optional<CpuTimes> cpu_before_;
};

}  // namespace cxedge::plugins
