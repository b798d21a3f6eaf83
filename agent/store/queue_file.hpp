// SPDX-License-Identifier: Apache-2.0
// queue.db apart from its batches: schema, the meta row, series definitions. None of these
// functions begins a transaction: the caller says what belongs together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/store/database_file.hpp"

namespace cxedge::store {

const DatabaseFormat& queue_format();

// The one row of table `meta`.
struct QueueMeta {
    std::uint64_t epoch = 0;  // of state.db when the two were last used together
    std::uint32_t boot = 0;   // last boot counter: state.db may be lost
};

Result<QueueMeta> read_meta(Database& queue);
Status write_meta(Database& queue, const QueueMeta& meta);

// The definitions that are whole, from id 0 up to the first that is missing or damaged.
struct Definitions {
    std::vector<std::string> list;
    bool complete = true;  // nothing missing or damaged
};
Result<Definitions> read_definitions(Database& queue);
Status write_definition(Database& queue, std::uint32_t id, std::string_view definition);

}  // namespace cxedge::store
