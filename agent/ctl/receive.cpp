// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/receive.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTickEvery{1000};
// Payloads that are committed early, without waiting for --ack-ms.
constexpr std::size_t kGroup = 1000;

bool ends_with_any(const std::string& text, std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
        return text.size() > ending.size() &&
               text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
    });
}

OutputFormat format_of(const ReceiveOptions& options) {
    const std::string& given = options.format;
    const bool guess = given.empty();
    if (given == "csv" || (guess && ends_with_any(options.out_file, {".csv"}))) {
        return OutputFormat::csv;
    }
    if (given == "sqlite" ||
        (guess && ends_with_any(options.out_file, {".db", ".sqlite", ".sqlite3"}))) {
        return OutputFormat::sqlite;
    }
    return OutputFormat::jsonl;
}

ReceiverOptions receiver_options() {
    ReceiverOptions options;
    options.take_unremembered = false;
    return options;
}

}  // namespace

Result<ReceiveFiles> receive_files(const ReceiveOptions& options) {
    ReceiveFiles files{options.state_file, options.out_file, format_of(options)};
    if (files.format == OutputFormat::sqlite) {
        if (files.out.empty()) {
            return invalid_argument("receive: format sqlite needs --out FILE.db");
        }
        if (!files.state.empty() && files.state != files.out) {
            return invalid_argument(
                "receive: with format sqlite the state is in the output's own file, so that both "
                "change at once; leave --state out"
            );
        }
        files.state = files.out;
        return files;
    }
    if (files.state.empty() && files.out.empty()) {
        return invalid_argument(
            "receive: give --out FILE, or --state FILE when it is to write to standard output"
        );
    }
    if (files.state.empty()) {
        files.state = files.out + ".state.db";
    }
    if (files.state == files.out) {
        return invalid_argument("receive: --state and --out are the same file");
    }
    return files;
}

Receive::Receive(const ReceiveOptions& options, uplink::BrokerOptions connection, Parts parts)
    : options_(options),
      clock_(parts.clock),
      note_(parts.note),
      receiver_(receiver_options(), *this, parts.clock),
      link_(
          options.connection.broker,
          std::move(connection),
          filters_of_nodes(options.connection.topic),
          {parts.broker,
           parts.clock,
           parts.note,
           [this](const std::string& topic, std::string_view payload) { hear(topic, payload); },
           [this] {
               greet();
           }}
      ),
      started_(clock_.steady_now()),
      commit_at_(started_ + milliseconds(options.ack_ms)),
      tick_at_(started_ + kTickEvery) {
    receiver_.on_note(note_);
    receiver_.on_ask([this](const std::string& topic) {
        link_.publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
    });
}

Result<std::unique_ptr<Receive>> Receive::open(const ReceiveOptions& options, Parts parts) {
    if (filters_of_nodes(options.connection.topic).empty()) {
        return invalid_argument(
            "receive: --topic " + options.connection.topic +
            " does not cover whole nodes; it must be like cx/1/# or cx/1/acme/#"
        );
    }
    const auto files = receive_files(options);
    if (!files) {
        return files.error();
    }
    auto connection = broker_options(options.connection);
    if (!connection) {
        return connection.error();
    }
    // NOLINTNEXTLINE(modernize-make-unique): the constructor is private
    std::unique_ptr<Receive> receive(new Receive(options, std::move(*connection), std::move(parts))
    );
    if (const Status opened = receive->open_files(*files); !opened) {
        return opened.error().during("receive");
    }
    return {std::move(receive)};
}

Status Receive::open_files(const ReceiveFiles& files) {
    auto state = ReceiveState::open(files.state);
    if (!state) {
        return state.error();
    }
    state_ = std::make_unique<ReceiveState>(std::move(*state));
    auto output = files.format == OutputFormat::sqlite
                      ? open_sqlite_output(*state_)
                      : open_text_output(files.out, files.format, *state_);
    if (!output) {
        return output.error();
    }
    output_ = std::move(*output);
    const Status loaded = load();
    return loaded ? loaded : loaded.error().during(files.state);
}

Status Receive::load() {
    auto lanes = state_->load_lanes();
    const auto dictionaries = state_->load_dictionaries();
    const auto announced = state_->load_announced();
    if (!lanes || !dictionaries || !announced) {
        return !lanes ? lanes.error() : !dictionaries ? dictionaries.error() : announced.error();
    }
    for (auto& [key, account] : *lanes) {
        node_of(key.tenant, key.site, key.node);
        receiver_.restore(key, std::move(account));
    }
    for (const ReceiveState::Dictionary& dictionary : *dictionaries) {
        receiver_.receive(dictionary.topic, dictionary.payload);
    }
    for (const std::string& name : *announced) {
        if (const auto parts = wire::parse_topic("cx/1/" + name + "/state")) {
            node_of(parts->tenant, parts->site, parts->node).announced = true;
        }
    }
    // From here on: what was loaded needs no saving.
    receiver_.on_dictionary([this](const Origin& origin, std::string_view payload) {
        node_of(origin.tenant, origin.site, origin.node);
        learnt_.push_back({origin.topic, std::string(payload)});
    });
    return {};
}

bool Receive::turn() {
    const SteadyTime now = clock_.steady_now();
    link_.turn();
    if (now >= tick_at_) {
        tick_at_ = now + kTickEvery;
        receiver_.tick();
        ask_for_holes();
    }
    if (now >= commit_at_) {
        commit();
    }
    const bool time_up = options_.seconds > 0 && elapsed_s() >= options_.seconds;
    return failure_.ok() && !time_up;
}

Status Receive::finish() {
    commit();
    link_.stop();
    return failure_;
}

double Receive::elapsed_s() const {
    return std::chrono::duration<double>(clock_.steady_now() - started_).count();
}

// ---- what comes in ----

void Receive::hear(const std::string& topic, std::string_view payload) {
    if (!failure_) {
        return;  // it would be neither written nor acknowledged
    }
    receiver_.receive(topic, payload);
    if (++uncommitted_ >= kGroup) {
        commit();
    }
}

void Receive::batch(const ShownBatch& batch) {
    node_of(batch.origin.tenant, batch.origin.site, batch.origin.node);
    output_->batch(batch);
}

void Receive::node_state(const Origin& origin, const wire::NodeState& state) {
    Node& node = node_of(origin.tenant, origin.site, origin.node);
    node.online = state.online;
    node.tail_due = state.online;
    node.tail_at = clock_.steady_now() + ResendPlan::kPatience;
}

// A broker that was restarted may have forgotten what it was told to retain.
void Receive::greet() {
    for (auto& [name, node] : nodes_) {
        node.ack_due = true;
    }
}

Receive::Node& Receive::node_of(
    const std::string& tenant, const std::string& site, const std::string& name
) {
    const std::string key = tenant + "/" + site + "/" + name;
    const auto known = nodes_.find(key);
    if (known != nodes_.end()) {
        return known->second;
    }
    Node node{wire::Topics(tenant, site, name), tenant, site, name, false, false, true, false, {}};
    return nodes_.emplace(key, std::move(node)).first->second;
}

// ---- commit, then acknowledge ----

void Receive::commit() {
    commit_at_ = clock_.steady_now() + milliseconds(options_.ack_ms);
    uncommitted_ = 0;
    if (!failure_) {
        return;
    }
    failure_ = save();
    if (failure_) {
        acknowledge();
    } else {
        note_(failure_.error().message + "; nothing since the last commit was acknowledged");
    }
}

Status Receive::save() {
    if (Status begun = state_->begin(); !begun) {
        return begun;
    }
    for (const LaneKey& key : receiver_.take_changed()) {
        if (Status saved = state_->save(key, receiver_.lanes().at(key)); !saved) {
            return saved;
        }
        active_.insert(key);
        node_of(key.tenant, key.site, key.node).ack_due = true;
    }
    for (const ReceiveState::Dictionary& dictionary : std::exchange(learnt_, {})) {
        if (Status saved = state_->save(dictionary); !saved) {
            return saved;
        }
    }
    if (Status saved = save_nodes(); !saved) {
        return saved;
    }
    const Status settled = output_->settle(*state_);
    return settled ? state_->commit() : settled;
}

// Before a node is told, so that it can be told otherwise later.
Status Receive::save_nodes() {
    if (!link_.connected()) {
        return {};
    }
    for (auto& [name, node] : nodes_) {
        if (node.announced != options_.no_ack) {
            continue;
        }
        if (Status saved = state_->set_announced(name, !options_.no_ack); !saved) {
            return saved;
        }
        node.ack_due = true;
        node.announced = !options_.no_ack;
        if (options_.no_ack) {
            link_.publish(node.topics.platform_ack(), "", true);
        }
    }
    return {};
}

void Receive::acknowledge() {
    if (options_.no_ack || !link_.connected()) {
        return;
    }
    for (auto& [name, node] : nodes_) {
        if (std::exchange(node.ack_due, false)) {
            link_.publish(node.topics.platform_ack(), ack_for(node), true);
        }
    }
}

Lanes::const_iterator Receive::first_lane_of(const Node& node) const {
    return receiver_.lanes().lower_bound({node.tenant, node.site, node.name, 0, 0});
}

bool Receive::is_lane_of(const LaneKey& key, const Node& node) {
    return key.tenant == node.tenant && key.site == node.site && key.node == node.name;
}

std::string Receive::ack_for(const Node& node) const {
    wire::PlatformAck ack;
    ack.platform_ack = true;
    std::vector<wire::LaneAck> silent;  // epochs that are over come last
    const auto end = receiver_.lanes().end();
    for (auto it = first_lane_of(node); it != end && is_lane_of(it->first, node); ++it) {
        const auto lane = static_cast<Lane>(it->first.lane);
        auto& list = active_.count(it->first) > 0 ? ack.lanes : silent;
        list.push_back({it->first.epoch, lane, it->second.window().contig()});
    }
    ack.lanes.insert(ack.lanes.end(), silent.begin(), silent.end());
    ack.lanes.resize(std::min(ack.lanes.size(), wire::kMaxLaneAcks));
    return wire::encode_platform_ack(ack);
}

// ---- what is missing ----

void Receive::ask_for_holes() {
    if (!link_.connected()) {
        return;
    }
    const SteadyTime now = clock_.steady_now();
    for (auto& [name, node] : nodes_) {
        if (!node.online) {
            continue;
        }
        ask_for_holes_of(node, now);
        if (node.tail_due && now >= node.tail_at) {
            ask_for_tail(node);
        }
    }
}

void Receive::ask_for_holes_of(const Node& node, SteadyTime now) {
    const auto end = receiver_.lanes().end();
    for (auto it = first_lane_of(node); it != end && is_lane_of(it->first, node); ++it) {
        if (const auto request = plan_.due(it->first, it->second.window(), now)) {
            ask(node, *request);
        }
    }
}

// What the broker acknowledged and lost, or gave to a receiver that was killed, leaves no hole when
// nothing came after it. Once for each time a node says that it is online.
void Receive::ask_for_tail(Node& node) {
    node.tail_due = false;
    if (options_.no_ack) {
        return;  // the node keeps nothing that the broker took
    }
    std::set<std::uint64_t> epochs;
    const auto end = receiver_.lanes().end();
    for (auto it = first_lane_of(node); it != end && is_lane_of(it->first, node); ++it) {
        epochs.insert(it->first.epoch);
    }
    for (const std::uint64_t epoch : epochs) {
        for (std::uint8_t lane = 0; lane < kLaneCount; ++lane) {
            ask_beyond({node.tenant, node.site, node.name, epoch, lane}, node);
        }
    }
}

void Receive::ask_beyond(const LaneKey& lane, const Node& node) {
    const auto known = receiver_.lanes().find(lane);
    const std::uint64_t contig =
        known == receiver_.lanes().end() ? 0 : known->second.window().contig();
    if (contig < kNoEnd) {
        ask(node, {static_cast<Lane>(lane.lane), lane.epoch, contig + 1, kNoEnd});
    }
}

void Receive::ask(const Node& node, const wire::Resend& request) {
    link_.publish(node.topics.command_request(), wire::encode_request(request), false);
}

}  // namespace cxedge::ctl
