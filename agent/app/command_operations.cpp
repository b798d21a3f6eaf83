// SPDX-License-Identifier: Apache-2.0
// What operations may ask of a box. Fixed, typed, none of it a shell.
#include <charconv>
#include <limits>
#include <memory>

#include <fmt/core.h>

#include "agent/app/command_history.hpp"
#include "agent/app/command_probe.hpp"
#include "agent/app/command_service.hpp"
#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "agent/control/control.hpp"

namespace cxedge::app {
namespace {

using remote::CommandOperation;
using remote::CommandRespond;
using wire::Command;

constexpr std::int64_t kLongestTtl = 86400;  // seconds; what is meant for longer is configuration
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::string text_arg(const Command& command, const std::string& key) {
    const auto found = command.args.find(key);
    return found == command.args.end() ? std::string() : found->second;
}

struct NumberRange {
    std::int64_t least;
    std::int64_t most;
};

Result<std::int64_t> number_arg(
    const Command& command, const std::string& key, const NumberRange& range
) {
    const std::string text = text_arg(command, key);
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == end && !text.empty();
    if (!whole || value < range.least || value > range.most) {
        return invalid_argument(fmt::format(
            "{}={} must be a whole number from {} to {}", key, text, range.least, range.most
        ));
    }
    return value;
}

// As in `cxctl status`: 16 hexadecimal digits.
Result<std::uint64_t> epoch_arg(const Command& command) {
    const std::string text = text_arg(command, "epoch");
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end || text.empty()) {
        return invalid_argument("epoch=" + text + " must be hexadecimal, as cxctl status shows it");
    }
    return value;
}

CommandOperation ping(const CommandSurroundings& with) {
    return {[with = &with](const Command&, const CommandRespond& respond) {
        respond(fmt::format(
            R"({{"version":"{}","at":"{}","uptime_s":{:.0f}}})",
            version(),
            iso8601(with->clock.wall_now()),
            with->board.latest().uptime_s
        ));
    }};
}

CommandOperation status(const CommandSurroundings& with) {
    return {[with = &with](const Command&, const CommandRespond& respond) {
        respond(control::status_answer(with->board.latest()));
    }};
}

CommandOperation need_dict(const CommandSurroundings& with) {
    return {[with = &with](const Command&, const CommandRespond& respond) {
        with->main.ask(wire::NeedDictionary{});
        respond(std::string("announced"));
    }};
}

Result<wire::Resend> resend_of(const Command& command) {
    const auto lane = number_arg(command, "lane", {0, kLaneCount - 1});
    const auto first = number_arg(command, "first", {1, kMost});
    const auto last = number_arg(command, "last", {first ? *first : 1, kMost});
    const auto epoch = epoch_arg(command);
    for (const Error* error :
         {lane ? nullptr : &lane.error(),
          first ? nullptr : &first.error(),
          last ? nullptr : &last.error(),
          epoch ? nullptr : &epoch.error()}) {
        if (error != nullptr) {
            return *error;
        }
    }
    return wire::Resend{
        static_cast<Lane>(*lane),
        *epoch,
        static_cast<std::uint64_t>(*first),
        static_cast<std::uint64_t>(*last)};
}

CommandOperation resend(const CommandSurroundings& with) {
    return {[with = &with](const Command& command, const CommandRespond& respond) {
        const auto request = resend_of(command);
        if (!request) {
            respond(request.error());
            return;
        }
        with->main.ask(*request);
        respond(std::string("what is still held is sent again"));
    }};
}

// Answers come from the ingest thread; the desk's is main's.
CommandRespond on_main(const CommandSurroundings& with, const CommandRespond& respond) {
    return [loop = &with.loop, respond](const Result<std::string>& result) {
        loop->post([respond, result] { respond(result); });
    };
}

CommandOperation live(const CommandSurroundings& with) {
    return {[with = &with](const Command& command, const CommandRespond& respond) {
        const std::string metric = text_arg(command, "series");
        const auto every = number_arg(command, "every_s", {1, kLongestTtl});
        const auto ttl = number_arg(command, "ttl_s", {1, kLongestTtl});
        if (metric.empty() || !every || !ttl) {
            respond(
                !every ? every.error()
                : !ttl ? ttl.error()
                       : invalid_argument("series= names a metric, or a glob over metrics")
            );
            return;
        }
        const IngestThread::Live wish{
            metric, std::chrono::seconds(*every), std::chrono::seconds(*ttl)};
        with->ingest.live(wish, [answer = on_main(*with, respond)](std::size_t series) {
            answer(fmt::format(R"({{"series":{}}})", series));
        });
    }};
}

// What the open windows of these series hold so far leaves at once; they go on with the rest.
CommandOperation snapshot(const CommandSurroundings& with) {
    return {[with = &with](const Command& command, const CommandRespond& respond) {
        const std::string metric = text_arg(command, "series");
        if (metric.empty()) {
            respond(invalid_argument("series= names a metric, or a glob over metrics"));
            return;
        }
        with->ingest.snapshot(metric, [answer = on_main(*with, respond)](std::size_t series) {
            answer(fmt::format(R"({{"series":{}}})", series));
        });
    }};
}

CommandOperation restart_plugin(const CommandSurroundings& with) {
    return {[with = &with](const Command& command, const CommandRespond& respond) {
        with->ingest.restart_source(
            text_arg(command, "source"),
            [answer = on_main(*with, respond)](const Status& done) {
                answer(
                    done ? Result<std::string>(std::string("restarted"))
                         : Result<std::string>(done.error())
                );
            }
        );
    }};
}

// One deadline for the last wish; it falls back to what is configured.
CommandOperation set_log_level(const CommandSurroundings& with) {
    auto end = std::make_shared<LoopHandle>();
    return {[with = &with, end](const Command& command, const CommandRespond& respond) {
        log::Level wanted = log::Level::info;
        const auto ttl = number_arg(command, "ttl_s", {1, kLongestTtl});
        if (!ttl || !log::parse_level(text_arg(command, "level"), wanted)) {
            respond(
                ttl ? invalid_argument("level= is one of debug, info, warn, error") : ttl.error()
            );
            return;
        }
        log::set_level(wanted);
        *end = with->loop.after(std::chrono::seconds(*ttl), [with] {
            log::Level configured = log::Level::info;
            log::parse_level(with->config.agent.log_level, configured);
            log::set_level(configured);
        });
        respond(std::string("set"));
    }};
}

CommandOperation collect_diag(const CommandSurroundings& with) {
    return {[with = &with](const Command&, const CommandRespond& respond) {
        respond(collected_diagnosis(*with));
    }};
}

CommandOperation restart_agent(const CommandSurroundings& with) {
    return {[with = &with](const Command&, const CommandRespond&) { with->restart(); }, true};
}

}  // namespace

std::map<std::string, CommandOperation> command_operations(const CommandSurroundings& around) {
    return {
        {"collect_diag", collect_diag(around)},
        {"live", live(around)},
        {"need_dict", need_dict(around)},
        {"ping", ping(around)},
        {"probe_start", probe_start_operation(around)},
        {"probe_stop", probe_stop_operation(around)},
        {"query", query_operation(around)},
        {"replay", replay_operation(around)},
        {"resend", resend(around)},
        {"restart_agent", restart_agent(around)},
        {"restart_plugin", restart_plugin(around)},
        {"run_probe", run_probe_operation(around)},
        {"set_log_level", set_log_level(around)},
        {"snapshot", snapshot(around)},
        {"status", status(around)},
    };
}

}  // namespace cxedge::app
