// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/tail.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "agent/ctl/files.hpp"
#include "agent/ctl/json_lines.hpp"
#include "agent/ctl/summary.hpp"
#include "agent/ctl/table.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::milliseconds kTickEvery{1000};
// Printed early when one turn brings more than this.
constexpr std::size_t kPrintBytes = 256UL * 1024UL;

// Programs read samples and events from standard output; who came and went is told apart.
class SamplesOnly final : public LineWriter {
public:
    SamplesOnly(std::string& out, Receiver::Note note) : lines_(out), note_(std::move(note)) {}
    void batch(const ShownBatch& batch) override { lines_.batch(batch); }
    void node_state(const Origin& origin, const wire::NodeState& state) override {
        note_(fmt::format(
            "{}/{}/{} is {}",
            origin.tenant,
            origin.site,
            origin.node,
            state.online ? "online" : "offline"
        ));
    }

private:
    JsonLines lines_;
    Receiver::Note note_;
};

std::unique_ptr<LineWriter> make_writer(
    const TailOptions& options, std::string& out, Receiver::Note note
) {
    if (options.format == "jsonl") {
        return std::make_unique<SamplesOnly>(out, std::move(note));
    }
    return std::make_unique<Table>(out, options.utc ? Table::Zone::utc : Table::Zone::local);
}

ReceiverOptions receiver_options(const TailOptions& options) {
    ReceiverOptions receiver;
    receiver.keep_duplicates = options.keep_duplicates;
    return receiver;
}

ExitCode finish(const TailOptions& options, const Tail& tail) {
    const std::string summary =
        summary_json(tail.receiver().totals(), tail.receiver().lanes(), tail.elapsed_s());
    note("summary " + summary.substr(0, summary.size() - 1));
    if (!options.summary_file.empty()) {
        const Status written = write_file(options.summary_file, summary);
        if (!written) {
            return fail(written.error().during("summary"));
        }
    }
    return tail.was_connected() ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace

Tail::Tail(TailOptions options, uplink::BrokerOptions connection, Parts parts)
    : options_(std::move(options)),
      print_(std::move(parts.print)),
      clock_(parts.clock),
      writer_(make_writer(options_, out_, parts.note)),
      receiver_(receiver_options(options_), *writer_, clock_),
      link_(
          options_.connection.broker,
          std::move(connection),
          filters_with_dictionaries(options_.connection.topic),
          {parts.broker,
           clock_,
           parts.note,
           [this](const std::string& topic, std::string_view payload) { hear(topic, payload); },
           {}}
      ),
      lines_left_(options_.count == 0 ? std::numeric_limits<std::uint64_t>::max() : options_.count),
      started_(clock_.steady_now()),
      tick_at_(started_ + kTickEvery) {
    receiver_.on_note(parts.note);
    receiver_.on_ask([this](const std::string& topic) {
        link_.publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
    });
    reader_gone_ = !print_(out_);  // the heading is not one of the lines to count
    out_.clear();
}

Tail::~Tail() = default;

bool Tail::turn() {
    const SteadyTime now = clock_.steady_now();
    if (now >= tick_at_) {
        tick_at_ = now + kTickEvery;
        receiver_.tick();
    }
    link_.turn();
    print_lines();
    const bool time_up = options_.seconds > 0 && elapsed_s() >= options_.seconds;
    return !reader_gone_ && lines_left_ > 0 && !time_up;
}

double Tail::elapsed_s() const {
    return std::chrono::duration<double>(clock_.steady_now() - started_).count();
}

void Tail::hear(const std::string& topic, std::string_view payload) {
    receiver_.receive(topic, payload);
    if (out_.size() > kPrintBytes) {
        print_lines();
    }
}

void Tail::print_lines() {
    std::size_t end = 0;
    while (lines_left_ > 0 && end < out_.size()) {
        end = out_.find('\n', end) + 1;
        --lines_left_;
    }
    reader_gone_ = reader_gone_ || !print_(std::string_view(out_).substr(0, end));
    out_.clear();
}

ExitCode run_tail(const TailOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const auto connection = broker_options(options.connection);
    if (!connection) {
        return fail(connection.error());
    }
    const auto broker = uplink::make_mosquitto_broker();
    const SystemClock clock;
    Tail tail(options, *connection, {*broker, clock, write_out, note});
    while (tail.turn() && !signal->within(tail.pause())) {
    }
    tail.stop();
    return finish(options, tail);
}

}  // namespace cxedge::ctl
