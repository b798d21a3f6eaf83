// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/platform.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::sim {
namespace {

constexpr milliseconds kAckPeriod{5000};
constexpr milliseconds kQuestionPeriod{7000};
constexpr std::size_t kMaxProblems = 8;

bool begins_with(const std::string& text, std::string_view head) {
    return text.compare(0, head.size(), head) == 0;
}

}  // namespace

Platform::Platform(
    wire::Topics topics, bool acknowledges, SimBroker& broker, Books& books, Dice& dice
)
    : topics_(std::move(topics)),
      acknowledges_(acknowledges),
      broker_(broker),
      books_(books),
      dice_(dice) {}

void Platform::problem(std::string text) {
    if (problems_.size() < kMaxProblems) {
        problems_.push_back(std::move(text));
    }
}

void Platform::tick(milliseconds now) {
    for (const Message& message : broker_.take()) {
        receive(message);
    }
    if (acknowledges_ && now >= next_ack_) {
        acknowledge(now);
    }
    if (now >= next_question_) {
        ask(now);
    }
}

// ---- in ----

void Platform::receive(const Message& message) {
    const auto parts = wire::parse_topic(message.topic);
    if (!parts || message.payload.empty()) {
        return;
    }
    if (parts->kind == wire::TopicKind::dictionary) {
        if (const Status applied = dictionary_.apply(message.payload); !applied) {
            problem("a dictionary does not parse: " + applied.error().message);
        }
        open_waiting();
    } else if (parts->kind == wire::TopicKind::data) {
        receive_batch(message);
    }
}

void Platform::receive_batch(const Message& message) {
    auto batch = wire::parse_batch(message.payload);
    if (!batch) {
        problem("a batch does not parse: " + batch.error().message);
        return;
    }
    Book& book = lanes_[{batch->header.epoch, batch->header.lane}];
    const std::uint32_t check = crc32c(batch->body.bytes);
    const Arrived arrived{batch->body.samples, batch->body.events, check};
    const auto [known, fresh] = book.arrived.emplace(batch->header.seq, arrived);
    if (!fresh) {
        ++repeats_;
        book.account.count_repeat(batch->header);
        if (known->second.check != check) {
            problem(fmt::format(
                "number {} of lane {} came with another body",
                batch->header.seq,
                to_string(batch->header.lane)
            ));
        }
        return;
    }
    ++batches_;
    waiting_.push_back(std::move(*batch));
    open_waiting();
}

void Platform::open_waiting() {
    std::deque<wire::ReceivedBatch> still;
    for (wire::ReceivedBatch& batch : std::exchange(waiting_, {})) {
        const std::uint32_t size = batch.body.dict_size;
        if (size == 0 || dictionary_.covers(batch.header.dict_id, size)) {
            open(batch);
        } else {
            still.push_back(std::move(batch));
        }
    }
    waiting_ = std::move(still);
}

void Platform::open(const wire::ReceivedBatch& batch) {
    const auto body = wire::decode_body(batch);
    if (!body) {
        problem("a body does not decode: " + body.error().message);
        return;
    }
    Book& book = lanes_[{batch.header.epoch, batch.header.lane}];
    book.account.receive(batch.header, {body->samples.size(), body->events.size()});
    open_samples(batch, *body);
    open_declarations(*body);
}

void Platform::open_samples(const wire::ReceivedBatch& batch, const wire::DecodedBody& body) {
    for (const Sample& sample : body.samples) {
        const SeriesInfo* info = dictionary_.find(index_of(sample.series));
        const auto* value = std::get_if<double>(&sample.value);
        if (info == nullptr || value == nullptr) {
            problem("a sample without a series or a value");
        } else if (begins_with(info->key.metric, "win.")) {
            books_.arrive_increments(*value);
        } else if (!books_.arrive(static_cast<std::uint64_t>(*value), batch.header.lane)) {
            problem(fmt::format("nobody ever sent the value {}", *value));
        }
    }
    for (const Event& event : body.events) {
        if (event.name != "sim.event") {
            ++own_events_;
        } else if (!books_.arrive(Books::number_of(event.id), batch.header.lane)) {
            problem("nobody ever sent this event");
        }
    }
}

void Platform::open_declarations(const wire::DecodedBody& body) {
    for (const auto& gap : body.gaps) {
        Book& book = lanes_[{gap.what.epoch, gap.what.lane}];
        book.gaps.push_back(gap.what);
        book.account.declare(gap.what);
        causes_[std::string(to_string(gap.what.cause))] += gap.what.samples + gap.what.events;
    }
    for (const auto& dead : body.dead) {
        const DeadLetter& what = dead.what;
        Book& book = lanes_[{what.epoch, what.lane}];
        Gap gap{what.lane, what.epoch, what.seq, what.seq, what.samples, what.events, {}};
        book.gaps.push_back(gap);
        book.account.declare(what);
        causes_[fmt::format("dead 0x{:02x}", what.reason)] += what.samples + what.events;
    }
}

// ---- out ----

// Only what is decoded and booked counts as received.
void Platform::acknowledge(milliseconds now) {
    wire::PlatformAck ack;
    ack.platform_ack = true;
    for (const auto& [key, book] : lanes_) {
        const std::uint64_t contig = book.account.window().contig();
        if (contig > 0) {
            ack.lanes.push_back({key.first, key.second, contig});
        }
    }
    if (ack.lanes.size() > wire::kMaxLaneAcks) {
        ack.lanes.erase(
            ack.lanes.begin(),
            std::prev(ack.lanes.end(), static_cast<std::ptrdiff_t>(wire::kMaxLaneAcks))
        );
    }
    if (broker_.publish_from_platform({topics_.platform_ack(), wire::encode_platform_ack(ack), true}
        )) {
        next_ack_ = now + kAckPeriod;
    }
}

void Platform::ask(milliseconds now) {
    next_question_ = now + kQuestionPeriod;
    if (!waiting_.empty()) {
        broker_.publish_from_platform(
            {topics_.command_request(), wire::encode_request(wire::NeedDictionary{}), false}
        );
    }
    for (const auto& [key, book] : lanes_) {
        const auto hole = book.account.window().hole();
        if (hole && acknowledges_ && dice_.one_in(3)) {
            const wire::Resend resend{key.second, key.first, hole->first, hole->last};
            broker_.publish_from_platform(
                {topics_.command_request(), wire::encode_request(resend), false}
            );
        }
    }
}

// ---- the end ----

Platform::Declared Platform::declared(Lane lane) const {
    Declared sum;
    for (const auto& [key, book] : lanes_) {
        if (key.second != lane) {
            continue;
        }
        for (const Gap& gap : book.gaps) {
            Declared here{gap.samples, gap.events};
            for (auto it = book.arrived.lower_bound(std::max<std::uint64_t>(gap.first_seq, 1));
                 it != book.arrived.end() && it->first <= gap.last_seq;
                 ++it) {
                here.samples -= std::min(here.samples, it->second.samples);
                here.events -= std::min(here.events, it->second.events);
            }
            sum.samples += here.samples;
            sum.events += here.events;
        }
    }
    return sum;
}

bool Platform::misses_declarations() const {
    for (const auto& [key, book] : lanes_) {
        for (const Gap& gap : book.gaps) {
            const bool lost =
                key.second == Lane::control && gap.cause == GapCause::corrupt && gap.last_seq != 0;
            if (lost) {
                return true;
            }
        }
    }
    return false;
}

std::string Platform::positions() const {
    std::string text = "the platform has";
    for (const auto& [key, book] : lanes_) {
        const ctl::SeqWindow& window = book.account.window();
        const std::uint64_t last = book.arrived.empty() ? 0 : book.arrived.rbegin()->first;
        text += fmt::format(
            " {:x}/{}: all to {}, last {};", key.first, to_string(key.second), window.contig(), last
        );
    }
    return text;
}

std::string Platform::summary() const {
    std::string text = fmt::format(
        "{} batches, {} repeats, {} lanes of epochs", batches_, repeats_, lanes_.size()
    );
    for (const auto& [cause, count] : causes_) {
        text += fmt::format(", {}: {}", cause, count);
    }
    return text;
}

}  // namespace cxedge::sim
