// SPDX-License-Identifier: Apache-2.0
#include "agent/base/log.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace cxedge::log {
namespace {

// sd-daemon(3): "<4>" in front of a line is its syslog priority.
class PriorityFlag final : public spdlog::custom_flag_formatter {
public:
    void format(
        const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& out
    ) override {
        const std::string_view text = message.level >= spdlog::level::err    ? "<3>"
                                      : message.level >= spdlog::level::warn ? "<4>"
                                      : message.level >= spdlog::level::info ? "<6>"
                                                                             : "<7>";
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return spdlog::details::make_unique<PriorityFlag>();
    }
};

constexpr const char* kTimedPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v";

std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> recent_lines() {
    static const auto kLines = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kRecentLines);
    return kLines;
}

std::shared_ptr<spdlog::logger> make_logger() {
    auto logger = std::make_shared<spdlog::logger>(
        "cxedge",
        spdlog::sinks_init_list{std::make_shared<spdlog::sinks::stderr_sink_mt>(), recent_lines()}
    );
    logger->flush_on(spdlog::level::debug);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets it here
    if (std::getenv("JOURNAL_STREAM") != nullptr) {
        auto formatter = std::make_unique<spdlog::pattern_formatter>();
        formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
        logger->set_formatter(std::move(formatter));
    } else {
        logger->set_pattern(kTimedPattern, spdlog::pattern_time_type::utc);
    }
    recent_lines()->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        kTimedPattern, spdlog::pattern_time_type::utc, ""
    ));
    return logger;
}

// The one process-wide object: a log line must be writable from anywhere, even before main's
// wiring.
spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> kInstance = make_logger();
    return *kInstance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

void set_level(Level level) {
    logger().set_level(to_spdlog(level));
}

bool parse_level(std::string_view text, Level& level) {
    for (const Level candidate : {Level::debug, Level::info, Level::warn, Level::error}) {
        constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
        if (text == kNames[static_cast<int>(candidate)]) {
            level = candidate;
            return true;
        }
    }
    return false;
}

std::vector<std::string> recent() {
    return recent_lines()->last_formatted();
}

void write(Level level, std::string_view component, std::string_view message) {
    try {
        logger().log(to_spdlog(level), "{}: {}", component, message);
    } catch (...) {  // a full disk or closed stderr must not stop the agent
    }
}

}  // namespace cxedge::log
