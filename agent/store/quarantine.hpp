// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"

namespace cxedge::store {

// Why a database is put aside: it is damaged, or a newer cxedge made it (and may come back).
enum class Aside { corrupt, newer };

// Databases of each kind kept for people to look at; older ones are removed, or they would fill the
// disk.
inline constexpr int kQuarantinedFiles = 3;

// Moves a database and its side files out of the way: queue.db -> queue.db.corrupt-1 (or .newer-1),
// queue.db-wal -> queue.db.corrupt-1-wal, so that sqlite3 can still open it. Returns the new path.
Result<std::string> quarantine(const std::string& path, Aside why);

}  // namespace cxedge::store
