// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/query.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/ids.hpp"
#include "agent/control/control.hpp"
#include "agent/control/history_messages.hpp"
#include "agent/ctl/history_rows.hpp"
#include "agent/ctl/moment.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// A page of a month-long range on a slow box.
constexpr std::chrono::seconds kPageTimeout{30};
// While the link is behind.
constexpr milliseconds kReplayPause{500};

// A page as it came, or what the agent said is wrong.
Result<json> page_of(const std::string& line) {
    json page = json::parse(line, nullptr, false);
    if (!page.is_object()) {
        return corrupt("the agent's answer is not a JSON object");
    }
    if (!page.value("ok", false)) {
        const std::string why = page.value("error", "the agent refused");
        const bool off = why.find("unknown operation") != std::string::npos;
        return exhausted(off ? "this box keeps no history: set enabled = true in [history]" : why);
    }
    return page;
}

// This box, by its socket, or one far away, by commands: the same questions, the same answers.
class AskedBox {
public:
    // `signal` outlives it.
    static Result<std::unique_ptr<AskedBox>> open(const HistoryRange& range, StopSignal& signal) {
        auto box = std::unique_ptr<AskedBox>(new AskedBox(range));
        if (range.command.node.empty()) {
            return box;
        }
        box->broker_ = uplink::make_mosquitto_broker();
        auto channel = CommandChannel::open(
            range.command,
            {*box->broker_,
             box->clock_,
             [self = box.get()](const std::string& text) { self->why_ = text; },
             [&signal](milliseconds pause) {
                 return signal.within(pause);
             }}
        );
        if (!channel) {
            return channel.error();
        }
        box->channel_ = std::move(*channel);
        return box;
    }

    // `id`: of a replay.
    Result<std::string> ask(const std::string& op, const HistoryQuery& query, std::uint64_t id) {
        return channel_ ? ask_afar(op, query, id)
                        : control::request(
                              range_.socket, control::history_request(op, query, id), kPageTimeout
                          );
    }

private:
    explicit AskedBox(const HistoryRange& range) : range_(range) {}

    Result<std::string> ask_afar(
        const std::string& op, const HistoryQuery& query, std::uint64_t id
    ) {
        CommandOptions options = range_.command;
        options.op = op;
        auto command = command_from(options, clock_.wall_now());
        if (!command) {
            return command.error();
        }
        command->args = control::history_args(query);
        if (id != 0) {
            command->args["id"] = fmt::format("{:016x}", id);
        }
        const auto story = channel_->ask(*command, std::chrono::duration<double>(options.wait_s));
        if (!story) {
            return story.error();
        }
        if (!story->finished()) {
            return unavailable(
                fmt::format("{}: no answer within {} s{}", options.node, options.wait_s, reason())
            );
        }
        return story->state() == "succeeded"
                   ? Result<std::string>(story->detail())
                   : exhausted(
                         fmt::format("{}: {}: {}", options.node, story->state(), story->detail())
                     );
    }
    // What was said last of the connection, or of the command.
    [[nodiscard]] std::string reason() const { return why_.empty() ? "" : " (" + why_ + ")"; }

    const HistoryRange& range_;
    SystemClock clock_;
    std::string why_;
    std::unique_ptr<uplink::Broker> broker_;
    std::unique_ptr<CommandChannel> channel_;
};

}  // namespace

Result<HistoryQuery> question_of(const HistoryRange& range, WallTime now) {
    const auto from = parse_moment(range.from, now);
    const auto to = parse_moment(range.to, now);
    const auto step = parse_step(range.step);
    if (!from || !to) {
        return from ? to.error().during("--to") : from.error().during("--from");
    }
    if (!step) {
        return step.error().during("--step");
    }
    if (*to <= *from) {
        return invalid_argument("--to must be later than --from");
    }
    HistoryQuery query;
    query.series = range.series;
    query.from = *from;
    query.to = *to;
    query.step = *step;
    return query;
}

Status query(
    const QueryOptions& options,
    const AskPage& ask,
    const std::function<bool(std::string_view text)>& print
) {
    auto question = question_of(options.range, SystemClock().wall_now());
    if (!question) {
        return question.error();
    }
    question->events = options.events;
    HistoryRows rows(options.format, options.events);
    bool read = print(rows.heading());
    do {
        const auto line = ask(*question);
        const auto page = line ? page_of(*line) : Result<json>(line.error());
        if (!page) {
            return page.error();
        }
        for (const json& item : page->value(options.events ? "events" : "values", json::array())) {
            read = read && print(rows.line(item));
        }
        question->after = page->value("next", "");
    } while (read && !question->after.empty());
    return {};
}

// The agent's JSON has the right types, or nlohmann throws; both end here.
ExitCode run_query(const QueryOptions& options) try {
    auto signal = StopSignal::create();
    auto box = signal ? AskedBox::open(options.range, *signal) : signal.error();
    if (!box) {
        return fail(box.error());
    }
    const Status done = query(
        options, [&](const HistoryQuery& page) { return (*box)->ask("query", page, 0); }, write_out
    );
    return done ? ExitCode::ok : fail(done.error());
} catch (const json::exception& error) {
    return fail(corrupt(std::string("the agent's answer: ") + error.what()));
}

namespace {

struct ReplaySum {
    std::uint64_t id;
    std::uint64_t samples;
};

// Asks until the range is sent; `sum` says how many were, also where it ends early.
Status replay_all(AskedBox& box, HistoryQuery question, StopSignal& signal, ReplaySum& sum) {
    for (;;) {
        const auto line = box.ask("replay", question, sum.id);
        const auto progress = line ? control::parse_replay_answer(*line)
                                   : Result<control::ReplayProgress>(line.error());
        if (!progress) {
            return progress.error();
        }
        sum.samples += progress->samples;
        question.after = progress->next;
        if (!progress->wait && progress->next.empty()) {
            return {};
        }
        if (progress->wait && signal.within(kReplayPause)) {
            return unavailable("interrupted");
        }
    }
}

}  // namespace

ExitCode run_replay(const HistoryRange& range) {
    auto signal = StopSignal::create();
    auto question = question_of(range, SystemClock().wall_now());
    if (!question || !signal) {
        return fail(question ? signal.error() : question.error());
    }
    auto box = AskedBox::open(range, *signal);
    if (!box) {
        return fail(box.error());
    }
    ReplaySum sum{random_u64() | 1U, 0};
    if (const Status sent = replay_all(**box, *question, *signal, sum); !sent) {
        note(fmt::format("{} samples were sent before this", sum.samples));
        return fail(sent.error());
    }
    const std::string id = fmt::format("{:016x}", sum.id);
    const std::string done = range.json
                                 ? json{{"replay", id}, {"samples", sum.samples}}.dump() + "\n"
                                 : fmt::format("replay {}: {} samples\n", id, sum.samples);
    return write_out(done) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
