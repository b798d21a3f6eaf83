// SPDX-License-Identifier: Apache-2.0
// The platform, with a perfect memory: takes each (epoch, lane, seq) once, decodes it, keeps every
// declaration, acknowledges where it was built to, asks for what it misses. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "agent/ctl/lane_account.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/topics.hpp"

#include "tests/sim/books.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/sim_broker.hpp"

namespace cxedge::sim {

class Platform {
public:
    // References outlive it. `acknowledges`: cumulatively on dn/ack, from the beginning.
    Platform(wire::Topics topics, bool acknowledges, SimBroker& broker, Books& books, Dice& dice);

    // Takes what has come, answers what is due.
    void tick(milliseconds now);

    // What the node declared of a lane, less what arrived nevertheless.
    struct Declared {
        std::uint64_t samples = 0;
        std::uint64_t events = 0;
    };
    [[nodiscard]] Declared declared(Lane lane) const;
    // Declarations are lost with the batch of lane 0 that carried them.
    [[nodiscard]] bool misses_declarations() const;
    [[nodiscard]] bool waits_for_dictionary() const { return !waiting_.empty(); }
    [[nodiscard]] std::uint64_t own_events() const { return own_events_; }
    [[nodiscard]] std::uint64_t batches() const { return batches_; }
    [[nodiscard]] std::uint64_t repeats() const { return repeats_; }
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    // Causes of the gaps and dead letters it heard of, for people.
    [[nodiscard]] std::string summary() const;
    // Of each lane of each epoch: how far it has everything, likewise.
    [[nodiscard]] std::string positions() const;

private:
    using LaneKey = std::pair<std::uint64_t, Lane>;  // epoch
    struct Arrived {
        std::uint64_t samples = 0;
        std::uint64_t events = 0;
        std::uint32_t check = 0;
    };
    struct Book {
        std::map<std::uint64_t, Arrived> arrived;  // by seq; its body perhaps waits
        std::vector<Gap> gaps;                     // dead letters as well
        ctl::LaneAccount account;                  // what it acknowledges by
    };

    void receive(const Message& message);
    void receive_batch(const Message& message);
    void open(const wire::ReceivedBatch& batch);
    void open_samples(const wire::ReceivedBatch& batch, const wire::DecodedBody& body);
    void open_declarations(const wire::DecodedBody& body);
    void open_waiting();
    void acknowledge(milliseconds now);
    void ask(milliseconds now);
    void problem(std::string text);

    wire::Topics topics_;
    bool acknowledges_;
    SimBroker& broker_;
    Books& books_;
    Dice& dice_;
    wire::DictionaryReplica dictionary_;
    std::map<LaneKey, Book> lanes_;
    std::deque<wire::ReceivedBatch> waiting_;  // for their dictionary
    std::map<std::string, std::uint64_t> causes_;
    milliseconds next_ack_{0};
    milliseconds next_question_{0};
    std::uint64_t own_events_ = 0;
    std::uint64_t batches_ = 0;
    std::uint64_t repeats_ = 0;
    std::vector<std::string> problems_;
};

}  // namespace cxedge::sim
