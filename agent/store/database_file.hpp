// SPDX-License-Identifier: Apache-2.0
// What queue.db and state.db have in common: pragmas, identity, check, quarantine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::store {

// How one of our database files is recognised and made. A change of the schema is one more entry of
// `upgrades`, and a file of the version before among the stored ones of tests/unit/store.
struct DatabaseFormat {
    std::int32_t application_id = 0;
    std::string schema;                 // CREATE statements of version()
    std::vector<std::string> upgrades;  // [0] leads from version 1 to 2, [1] from 2 to 3 ...
    // SQLite's user_version.
    [[nodiscard]] std::int64_t version() const {
        return static_cast<std::int64_t>(upgrades.size()) + 1;
    }
};

struct DatabasePlace {
    std::string path;
    std::string vfs;  // SQLite's VFS by name; empty: the default
};

struct OpenedDatabase {
    Database database;
    bool created = false;  // the schema was not there
};

// Opens a file with the project's pragmas, checks it (see kCheckedBytes) and makes the schema where
// the file is new or empty. corrupt: quarantine it.
Result<OpenedDatabase> open_database(
    const DatabasePlace& place, const DatabaseFormat& format, const Clock& clock
);

// open_database(), and once more on a fresh file when the first is damaged, or of a newer program
// than this one; `moved` is then that file's new path and `story` a clause about it, for people.
struct RepairedDatabase {
    Database database;
    bool created = false;
    std::string moved;
    std::string story;
};
Result<RepairedDatabase> open_or_replace(
    const DatabasePlace& place, const DatabaseFormat& format, const Clock& clock
);

// Tells a file from another that has taken its name; both 0: there is none.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
};
FileIdentity identity_of(const std::string& path);

// quick_check reads the whole file; larger ones would delay the start by seconds on eMMC, and every
// row has its own check sum anyway.
inline constexpr std::uint64_t kCheckedBytes = 64U << 20U;

// After an operation met damage: the next open of this file quarantines it without trusting a
// check.
void mark_suspect(const std::string& path);

}  // namespace cxedge::store
