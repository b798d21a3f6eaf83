// SPDX-License-Identifier: Apache-2.0
// Frames between cxedged and plugin processes as plain structs (LINK.md). Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/log.hpp"
#include "agent/base/result.hpp"
#include "agent/base/settings.hpp"
#include "agent/model/box_name.hpp"
#include "agent/model/device.hpp"
#include "agent/model/event.hpp"
#include "agent/model/series.hpp"

namespace cxedge::wire::link {

inline constexpr std::uint32_t kProtocol = 1;
// A frame is one SEQPACKET datagram; larger ones must be split by the sender.
inline constexpr std::size_t kMaxFrameBytes = 65536;
inline constexpr std::size_t kMaxReadingsPerFrame = 1024;
// Tables and lists within each other; deeper settings are refused by decode().
inline constexpr int kMaxSettingsDepth = 24;

struct Hello {
    std::uint32_t protocol = kProtocol;
    std::string plugin;
    std::string version;
    std::uint32_t pid = 0;
    bool acknowledges = false;
};
struct Welcome {
    std::uint32_t protocol = kProtocol;
    std::string source;
    SettingsNode settings;
    std::uint32_t heartbeat_ms = 1000;
    bool check_only = false;
    std::string kept;  // by the run before
    BoxName box{};
};
struct Checked {
    std::vector<std::string> problems;
};
struct Declare {
    std::uint32_t id = 0;
    SeriesInfo info;
};
struct Reading {
    std::uint32_t id = 0;
    double value = 0;
    bool lost = false;
    std::int64_t boot_ms = 0;
    std::int64_t device_ms = 0;  // 0 = none
    std::int64_t from_ms = 0;    // 0 = no interval
    std::uint64_t key = 0;       // 0 = no name
};
struct Readings {
    std::vector<Reading> readings;
};
struct EventFrame {
    cxedge::Event event;
};
struct Heartbeat {
    std::uint64_t readings = 0;
};
struct LogLine {
    log::Level level = log::Level::info;
    std::string text;
};
struct Problem {
    std::string text;
};
struct Commit {
    std::uint64_t ticket = 0;
};
struct Committed {
    std::uint64_t ticket = 0;
    std::string error;  // empty: done
};
struct DeviceFrame {
    DeviceNote note;
};
struct Keep {
    std::string bytes;
};
struct Bye {
    bool failed = false;
    ErrorCode code = ErrorCode::unavailable;  // when failed
    std::string text;
};

using Frame = std::variant<
    Hello,
    Welcome,
    Checked,
    Declare,
    Readings,
    EventFrame,
    Heartbeat,
    LogLine,
    Problem,
    Commit,
    Committed,
    DeviceFrame,
    Keep,
    Bye>;

std::string encode(const Frame& frame);
// corrupt: not a frame, or a field out of range.
Result<Frame> decode(std::string_view bytes);

}  // namespace cxedge::wire::link
