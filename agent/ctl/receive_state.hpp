// SPDX-License-Identifier: Apache-2.0
// What cxctl receive must not forget: the account of every lane, dictionaries, how much of the
// output is good, which nodes it acknowledges to. One SQLite file, one receiver. Thread: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/ctl/lane_account.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::ctl {

class ReceiveState {
public:
    // unavailable: another receiver uses it, or it cannot be opened; corrupt: it is something else,
    // or damaged. Messages say what to do.
    static Result<ReceiveState> open(const std::string& path);

    // Changes are durable, all or none, on return of commit(). begin() does nothing when it was
    // called already. What was not committed is undone by the end of the process.
    Status begin();
    Status commit();

    Result<std::vector<std::pair<LaneKey, LaneAccount>>> load_lanes();
    Status save(const LaneKey& key, const LaneAccount& account);

    struct Dictionary {
        std::string topic;
        std::string payload;
    };
    Result<std::vector<Dictionary>> load_dictionaries();
    Status save(const Dictionary& dictionary);

    // "tenant/site/node" of those that were told that the platform acknowledges.
    Result<std::vector<std::string>> load_announced();
    Status set_announced(const std::string& node, bool announced);

    // How many bytes of an output file are good; empty: it is not known.
    Result<std::optional<std::uint64_t>> output_bytes(const std::string& path);
    Status set_output_bytes(const std::string& path, std::uint64_t bytes);

    store::Database& database() { return database_; }

private:
    ReceiveState(UniqueFd claim, store::Database database);
    Status prepare();

    UniqueFd claim_;
    store::Database database_;
    store::Statement save_lane_;
    store::Statement save_dictionary_;
    store::Statement announce_;
    store::Statement save_output_;
    bool open_transaction_ = false;
};

}  // namespace cxedge::ctl
