// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/tail.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/config/load.hpp"
#include "agent/ctl/files.hpp"
#include "agent/ctl/json_lines.hpp"
#include "agent/ctl/summary.hpp"
#include "agent/ctl/table.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{200};
constexpr milliseconds kLongestBackoff{2000};
constexpr milliseconds kTurn{100};  // the longest that Ctrl-C and --seconds have to wait
constexpr milliseconds kTickEvery{1000};
constexpr std::uint32_t kSessionExpiryS = 3600;
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
    const std::string summary = summary_json(tail.totals(), tail.elapsed_s());
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

std::string dictionary_filter(const std::string& topic) {
    constexpr int kNodeLevels = 5;  // cx/1/tenant/site/node
    std::size_t end = 0;
    for (int level = 0; level < kNodeLevels; ++level) {
        end = topic.find('/', level == 0 ? 0 : end + 1);
        if (end == std::string::npos) {
            return {};
        }
    }
    const std::string node = topic.substr(0, end);
    const bool covered = node.find('#') != std::string::npos || topic.substr(end) == "/#";
    return covered ? std::string() : node + "/dict/#";
}

Result<uplink::BrokerOptions> broker_options(const TailOptions& options) {
    const auto url = config::parse_broker_url(options.broker);
    if (!url) {
        return url.error();
    }
    uplink::BrokerOptions connection;
    connection.host = url->host;
    connection.port = url->port;
    connection.tls = url->tls;
    connection.client_id =
        options.session.empty() ? fmt::format("cxctl-{:016x}", random_u64()) : options.session;
    connection.username = options.username;
    connection.ca_file = options.ca_file;
    connection.certificate_file = options.certificate_file;
    connection.key_file = options.key_file;
    // Without a session of its own nothing is kept for us once we are gone.
    connection.session_expiry_s = options.session.empty() ? 0 : kSessionExpiryS;
    if (!options.password_file.empty()) {
        auto password = first_line_of(options.password_file);
        if (!password) {
            return password.error().during("password");
        }
        connection.password = std::move(*password);
    }
    return connection;
}

Tail::Tail(TailOptions options, uplink::BrokerOptions connection, Parts parts)
    : options_(std::move(options)),
      connection_(std::move(connection)),
      parts_(std::move(parts)),
      writer_(make_writer(options_, out_, parts_.note)),
      receiver_(receiver_options(options_), *writer_, parts_.clock),
      lines_left_(options_.count == 0 ? std::numeric_limits<std::uint64_t>::max() : options_.count),
      started_(parts_.clock.steady_now()),
      connect_at_(started_),
      tick_at_(started_ + kTickEvery),
      backoff_(kFirstBackoff) {
    receiver_.on_note(parts_.note);
    receiver_.on_ask([this](const std::string& topic) { requests_.push_back(topic); });
    reader_gone_ = !parts_.print(out_);  // the heading is not one of the lines to count
    out_.clear();
}

Tail::~Tail() = default;

bool Tail::turn() {
    const SteadyTime now = parts_.clock.steady_now();
    if (link_ == Link::down && now >= connect_at_) {
        connect();
    }
    if (link_ != Link::down) {
        parts_.broker.poll(kTurn);
    }
    if (now >= tick_at_) {
        tick_at_ = now + kTickEvery;
        receiver_.tick();
    }
    send_requests();
    print_lines();
    const bool time_up = options_.seconds > 0 && elapsed_s() >= options_.seconds;
    return !reader_gone_ && lines_left_ > 0 && !time_up;
}

milliseconds Tail::pause() const {
    return link_ == Link::down ? kTurn : milliseconds(0);
}

void Tail::stop() {
    parts_.broker.disconnect();
}

double Tail::elapsed_s() const {
    return std::chrono::duration<double>(parts_.clock.steady_now() - started_).count();
}

void Tail::connect() {
    link_ = Link::connecting;
    const Status sent = parts_.broker.connect(connection_, *this);
    if (!sent) {
        lost(sent.error().message);
    }
}

void Tail::lost(const std::string& why) {
    if (link_ == Link::down) {
        return;
    }
    link_ = Link::down;
    subscribe_due_ = false;
    connect_at_ = parts_.clock.steady_now() + backoff_;
    backoff_ = std::min(backoff_ * 2, kLongestBackoff);
    parts_.note("broker " + options_.broker + ": " + why + "; trying again");
}

void Tail::on_connected(const uplink::BrokerLimits& /*limits*/) {
    parts_.note("connected to " + options_.broker);
    link_ = Link::up;
    was_connected_ = true;
    subscribe_due_ = true;
    backoff_ = kFirstBackoff;
}

void Tail::on_disconnected(const std::string& why) {
    lost(why);
}

void Tail::on_puback(int /*mid*/, std::uint8_t reason) {
    constexpr std::uint8_t kFirstRefusal = 0x80;
    if (reason >= kFirstRefusal) {
        parts_.note(fmt::format("the broker refused a request for a dictionary (0x{:02x})", reason)
        );
    }
}

void Tail::on_message(const std::string& topic, std::string_view payload, bool /*retained*/) {
    receiver_.receive(topic, payload);
    if (out_.size() > kPrintBytes) {
        print_lines();
    }
}

// After poll(), not inside its callbacks: the broker is then in no call of its own.
void Tail::subscribe(const std::string& filter) {
    if (filter.empty()) {
        return;
    }
    if (const Status subscribed = parts_.broker.subscribe(filter); !subscribed) {
        parts_.note("subscribing to " + filter + ": " + subscribed.error().message);
    }
}

void Tail::send_requests() {
    if (link_ != Link::up) {
        return;
    }
    if (std::exchange(subscribe_due_, false)) {
        subscribe(dictionary_filter(options_.topic));
        subscribe(options_.topic);
    }
    for (const std::string& topic : std::exchange(requests_, {})) {
        const auto asked =
            parts_.broker.publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
        if (!asked) {
            parts_.note(topic + ": " + asked.error().message);
        }
    }
}

void Tail::print_lines() {
    std::size_t end = 0;
    while (lines_left_ > 0 && end < out_.size()) {
        end = out_.find('\n', end) + 1;
        --lines_left_;
    }
    reader_gone_ = reader_gone_ || !parts_.print(std::string_view(out_).substr(0, end));
    out_.clear();
}

ExitCode run_tail(const TailOptions& options) {
    auto signal = StopSignal::create();
    if (!signal) {
        return fail(signal.error());
    }
    const auto connection = broker_options(options);
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
