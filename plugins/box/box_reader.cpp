// SPDX-License-Identifier: Apache-2.0
#include "plugins/box/box_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include <sys/statvfs.h>

#include "agent/base/kernel_clock.hpp"

namespace cxedge::plugins {
namespace {

namespace fs = std::filesystem;

SeriesInfo gauge(std::string metric, std::string unit, std::vector<Dimension> dims = {}) {
    return {{std::move(metric), std::move(dims)}, Kind::gauge, std::move(unit), {}, 0};
}

std::optional<DiskSpace> statvfs_space(const std::string& path) {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) {
        return std::nullopt;
    }
    const auto block = static_cast<double>(info.f_frsize);
    return DiskSpace{
        block * static_cast<double>(info.f_blocks - info.f_bfree),
        block * static_cast<double>(info.f_bavail)};
}

std::optional<ClockState> kernel_clock_state() {
    const KernelClock clock = kernel_clock();
    if (!clock.known) {
        return std::nullopt;
    }
    return ClockState{clock.synchronised, static_cast<double>(clock.estimated_error_us) / 1e6};
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Names of a directory, sorted; empty if it cannot be read.
std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

BoxSystem real_box_system() {
    return {statvfs_space, kernel_clock_state};
}

BoxReader::BoxReader(BoxParts parts, BoxSystem system)
    : parts_(std::move(parts)), system_(std::move(system)) {
    while (!parts_.root.empty() && parts_.root.back() == '/') {
        parts_.root.pop_back();
    }
}

BoxLook BoxReader::look() {
    BoxLook look;
    look_at_cpu(look);
    look_at_number("/proc/loadavg", gauge("box.load.1m", "1"), look);
    look_at_memory(look);
    for (const std::string& mount : parts_.disks) {
        look_at_disk(mount, look);
    }
    if (parts_.temperature) {
        look_at_temperature(look);
    }
    look_at_number("/proc/uptime", gauge("box.uptime", "s"), look);
    if (parts_.clock) {
        look_at_clock(look);
    }
    if (parts_.processes) {
        look_at_processes(look);
    }
    return look;
}

std::optional<std::string> BoxReader::read_file(const std::string& path, BoxLook& look) const {
    constexpr std::size_t kLargest = 65'536;
    std::ifstream file(parts_.root + path);
    std::string text(kLargest, '\0');
    if (!file || (!file.read(text.data(), static_cast<std::streamsize>(kLargest)) && !file.eof())) {
        look.missing.push_back(path);
        return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

void BoxReader::look_at_number(const char* path, const SeriesInfo& info, BoxLook& look) const {
    const std::optional<std::string> text = read_file(path, look);
    if (!text) {
        return;
    }
    if (const std::optional<double> number = first_number(*text)) {
        look.values.push_back({info, number});
    } else {
        look.missing.emplace_back(path);
    }
}

void BoxReader::look_at_cpu(BoxLook& look) {
    const std::optional<std::string> text = read_file("/proc/stat", look);
    const std::optional<CpuTimes> now = text ? parse_cpu_times(*text) : std::nullopt;
    if (text && !now) {
        look.missing.emplace_back("/proc/stat");
    }
    const std::optional<CpuTimes> before = std::exchange(cpu_before_, now);
    if (!before || !now) {
        return;
    }
    if (const std::optional<double> share = cpu_share(*before, *now)) {
        look.values.push_back({gauge("box.cpu.usage", "1"), share});
    }
}

void BoxReader::look_at_memory(BoxLook& look) const {
    const std::optional<std::string> text = read_file("/proc/meminfo", look);
    if (!text) {
        return;
    }
    if (const std::optional<Memory> memory = parse_memory(*text)) {
        look.values.push_back({gauge("box.memory.used", "By"), memory->total - memory->available});
        look.values.push_back({gauge("box.memory.available", "By"), memory->available});
    } else {
        look.missing.emplace_back("/proc/meminfo");
    }
}

void BoxReader::look_at_disk(const std::string& mount, BoxLook& look) const {
    const std::optional<DiskSpace> space = system_.disk_space(parts_.root + mount);
    if (!space) {
        look.missing.push_back(mount);
        return;
    }
    const std::vector<Dimension> dims{{"mount", mount}};
    look.values.push_back({gauge("box.disk.used", "By", dims), space->used});
    look.values.push_back({gauge("box.disk.free", "By", dims), space->free});
    const double size = space->used + space->free;
    if (size > 0) {
        look.values.push_back({gauge("box.disk.usage", "1", dims), space->used / size});
    }
}

void BoxReader::look_at_temperature(BoxLook& look) const {
    const std::string folder = "/sys/class/thermal/";
    std::map<std::string, int> seen;
    for (const std::string& name : names_in(parts_.root + folder)) {
        if (name.rfind("thermal_zone", 0) != 0) {
            continue;
        }
        const std::optional<std::string> type = read_file(folder + name + "/type", look);
        std::string zone = type ? first_line(*type) : name;
        // Two zones of one type are told apart by the order of their names.
        if (const int number = ++seen[zone]; number > 1) {
            zone += "-" + std::to_string(number);
        }
        const std::optional<std::string> text = read_file(folder + name + "/temp", look);
        const std::optional<double> millidegrees = text ? first_number(*text) : std::nullopt;
        BoxValue value{gauge("box.temperature", "Cel", {{"zone", zone}}), std::nullopt};
        if (millidegrees) {
            value.value = *millidegrees / 1000;
        }
        look.values.push_back(std::move(value));
    }
}

void BoxReader::look_at_clock(BoxLook& look) const {
    const std::optional<ClockState> state = system_.clock_state();
    if (!state) {
        look.missing.emplace_back("adjtimex");
        return;
    }
    SeriesInfo synchronised{{"box.clock.synchronised", {}}, Kind::state, "1", {}, 0};
    synchronised.states = {"unsynchronised", "synchronised"};
    look.values.push_back({std::move(synchronised), state->synchronised ? 1.0 : 0.0});
    BoxValue error{gauge("box.clock.error", "s"), std::nullopt};
    if (state->synchronised) {
        error.value = state->error_s;
    }
    look.values.push_back(std::move(error));
}

void BoxReader::look_at_processes(BoxLook& look) const {
    const std::vector<std::string> names = names_in(parts_.root + "/proc");
    const auto count = std::count_if(names.begin(), names.end(), is_number);
    look.values.push_back({gauge("box.processes", "{process}"), static_cast<double>(count)});
}

}  // namespace cxedge::plugins
