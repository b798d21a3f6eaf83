// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/unique_fd.hpp"
#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/line_splitter.hpp"
#include "plugins/kpi_socket/read_pace.hpp"

namespace cxedge::plugins {

inline constexpr std::size_t kMaxKpiLine = 4096;

// What all clients share. Outlives them.
struct ClientContext {
    Host* host = nullptr;
    // Emits the sample of a line, or says why not.
    std::function<Status(std::string_view line)> take_line;
    std::size_t max_answers = 0;  // bytes of unread answers before a client is not read any more
    std::vector<char> buffer;     // one read of one client
    std::uint64_t lines = 0;
    std::uint64_t errors = 0;
};

// One connection: reads lines, answers each in order once its sample is committed. A client that
// does not read its answers is not read either. Thread: the loop's.
class Client : public std::enable_shared_from_this<Client> {
public:
    using Closed = std::function<void(Client&)>;

    // Call start() once it is owned by a shared_ptr. `closed` may drop the last owner.
    Client(UniqueFd fd, ClientContext& context, Closed closed);
    void start();

private:
    // The answers to one read, "ok" for every sample that awaits the commit.
    struct Batch {
        std::string answers;
        bool is_decided = false;
    };

    void on_readable();
    void end_pause();
    void read();
    void take_bytes(std::string_view bytes);
    void take_end();
    bool answer(std::string_view line, bool too_long, std::string& answers);
    void push(std::string answers, bool needs_commit);
    void decide(std::uint64_t number, const Status& status);
    void collect_decided();
    void write_out();
    void stop_writing(bool for_now);
    void update_watches();
    [[nodiscard]] bool may_read() const;
    void close();

    UniqueFd fd_;
    ClientContext& context_;
    Closed closed_;
    devices::LineSplitter splitter_{kMaxKpiLine};
    std::deque<Batch> batches_;
    std::uint64_t first_batch_ = 0;    // number of batches_.front()
    std::size_t undecided_bytes_ = 0;  // of answers in batches_
    std::string out_;
    std::size_t written_ = 0;  // of out_
    bool at_end_ = false;      // the client has sent all it will
    ReadPace pace_;
    LoopHandle pause_;  // while it runs, nothing is read
    LoopHandle readable_;
    LoopHandle writable_;
};

}  // namespace cxedge::plugins
