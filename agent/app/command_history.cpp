// SPDX-License-Identifier: Apache-2.0
#include "agent/app/command_history.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::app {
namespace {

// Ten pages a second at most: the thread and the disk are others' too.
constexpr std::chrono::milliseconds kReplayTurn{100};

Error no_history() {
    return not_found("this box keeps no history: set enabled = true in [history]");
}

Result<CommandedReplay::Order> order_of(const wire::Command& command, SteadyTime now) {
    control::HistoryArgs args = command.args;
    std::uint64_t id = random_u64() | 1U;
    if (const auto given = args.extract("id")) {
        const auto parsed = control::replay_id_of(given.mapped());
        if (!parsed) {
            return parsed.error();
        }
        id = *parsed;
    }
    auto query = control::parse_history_args(args);
    if (!query) {
        return query.error();
    }
    if (query->events) {
        return invalid_argument("events: alarms are not sent again, only samples");
    }
    // Time is left to answer before the desk gives it up.
    return CommandedReplay::Order{std::move(*query), id, now + command.max_run * 3 / 4};
}

}  // namespace

remote::CommandOperation query_operation(const CommandSurroundings& with) {
    remote::CommandOperation operation;
    operation.repeatable = true;
    operation.run =
        [with = &with](const wire::Command& command, const remote::CommandRespond& respond) {
            if (with->history == nullptr) {
                respond(no_history());
                return;
            }
            const auto query = control::parse_history_args(command.args);
            respond(
                query ? with->history->page(*query, remote::kMaxResultBytes)
                      : Result<std::string>(query.error())
            );
        };
    return operation;
}

remote::CommandOperation replay_operation(const CommandSurroundings& with) {
    remote::CommandOperation operation;
    operation.run = [with = &with, replay = std::make_shared<CommandedReplay>(with)](
                        const wire::Command& command, const remote::CommandRespond& respond
                    ) {
        if (with->history == nullptr) {
            respond(no_history());
            return;
        }
        auto order = order_of(command, with->clock.steady_now());
        if (order) {
            replay->begin(std::move(*order), respond);
        } else {
            respond(order.error());
        }
    };
    return operation;
}

void CommandedReplay::begin(Order order, remote::CommandRespond respond) {
    if (order_) {
        respond(exhausted("a replay is under way; ask again when it has ended"));
        return;
    }
    order_ = std::move(order);
    respond_ = std::move(respond);
    samples_ = 0;
    turn_ = with_.loop.every(kReplayTurn, [this] { next_page(); });
}

void CommandedReplay::next_page() {
    if (!order_ || on_its_way_) {
        return;
    }
    on_its_way_ = true;
    with_.history->replay(
        with_.ingest,
        order_->query,
        order_->id,
        [this](const Result<control::ReplayProgress>& progress) { came(progress); }
    );
}

void CommandedReplay::came(const Result<control::ReplayProgress>& progress) {
    on_its_way_ = false;
    if (!progress) {
        end(progress.error().during(fmt::format("after {} samples", samples_)));
        return;
    }
    samples_ += progress->samples;
    order_->query.after = progress->next;
    const bool all = !progress->wait && progress->next.empty();
    if (all || with_.clock.steady_now() >= order_->until) {
        end(control::replay_answer({samples_, progress->next, progress->wait}));
    }
}

void CommandedReplay::end(const Result<std::string>& result) {
    order_.reset();
    // By way of the loop: a timer must not destroy itself while it runs.
    with_.loop.post([this, result, respond = std::exchange(respond_, {})] {
        if (!order_) {
            turn_.cancel();
        }
        respond(result);
    });
}

}  // namespace cxedge::app
