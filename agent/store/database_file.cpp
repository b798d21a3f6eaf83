// SPDX-License-Identifier: Apache-2.0
#include "agent/store/database_file.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "agent/base/unique_fd.hpp"
#include "agent/store/quarantine.hpp"

namespace cxedge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCheckBudget{2};

// Why each: README.md. page_size and auto_vacuum count only before the first table.
constexpr const char* kPragmas =
    "PRAGMA page_size=512;"
    "PRAGMA auto_vacuum=NONE;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=OFF;"
    "PRAGMA journal_size_limit=3538944;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-256;"
    "PRAGMA mmap_size=0;";

// Of log before it is copied into the database: what is delivered and deleted earlier is copied
// once at most.
// Less than the ballast, which must have room for that copy on a full disk.
constexpr std::int64_t kLogBytes = 3 << 20;

std::string suspect_mark(const std::string& path) {
    return path + ".suspect";
}

// Damage that SQLite would not tell us in so many words.
Status check_outside(const std::string& path) {
    std::error_code missing;
    if (fs::exists(suspect_mark(path), missing)) {
        return corrupt("damage was met while it was in use");
    }
    const fs::file_status status = fs::status(path, missing);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        return corrupt("not a regular file");
    }
    return {};
}

Status quick_check(Database& database, const Clock& clock) {
    const SteadyTime end = clock.steady_now() + kCheckBudget;
    bool expired = false;
    database.limit([&] {
        expired = clock.steady_now() >= end;
        return expired;
    });
    const auto verdict = database.query_text("PRAGMA quick_check(1)");
    database.unlimit();
    if (expired) {
        return {};  // unproven either way; rows are checked one by one when they are read
    }
    if (!verdict) {
        return verdict.error();
    }
    return *verdict == "ok" ? Status() : Status(corrupt(*verdict));
}

// In one transaction: a file has a version whole or not at all.
Status run_schema(Database& database, const DatabaseFormat& format, const std::string& statements) {
    auto transaction = Transaction::begin(database);
    if (!transaction) {
        return transaction.error();
    }
    const Status made = database.execute(fmt::format(
        "{} PRAGMA application_id={}; PRAGMA user_version={};",
        statements,
        format.application_id,
        format.version()
    ));
    return made ? transaction->commit() : made;
}

Status check_identity(Database& database, const DatabaseFormat& format) {
    const auto id = database.query_integer("PRAGMA application_id");
    if (!id) {
        return id.error();
    }
    if (*id != format.application_id) {
        return corrupt(fmt::format("another program's file (application id {:#x})", *id));
    }
    const auto version = database.query_integer("PRAGMA user_version");
    if (!version) {
        return version.error();
    }
    if (*version < 1 || *version > format.version()) {
        return corrupt(
            fmt::format("schema version {}, this program knows {}", *version, format.version())
        );
    }
    if (*version == format.version()) {
        return {};
    }
    const auto first = format.upgrades.begin() + static_cast<std::ptrdiff_t>(*version - 1);
    return run_schema(
        database, format, std::accumulate(first, format.upgrades.end(), std::string())
    );
}

// Nothing is wrong with such a file but that this program is too old for it.
bool is_newer(const DatabasePlace& place, const DatabaseFormat& format) {
    std::error_code ignored;
    if (!fs::is_regular_file(place.path, ignored)) {
        return false;
    }
    auto database = Database::open(place.path, place.vfs);
    const auto id = database ? database->query_integer("PRAGMA application_id") : database.error();
    const auto version = id ? database->query_integer("PRAGMA user_version") : id;
    return version && *id == format.application_id && *version > format.version();
}

// Checks the content, or makes it. True: made.
Result<bool> establish(Database& database, const DatabaseFormat& format, const Clock& clock) {
    const auto tables = database.query_integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) {
        return tables.error();
    }
    const auto pages = database.query_integer("PRAGMA page_count");
    if (!pages) {
        return pages.error();
    }
    if (*tables == 0) {
        const Status created = run_schema(database, format, format.schema);
        return created ? Result<bool>(true) : created.error();
    }
    const auto page_bytes = database.query_integer("PRAGMA page_size");
    if (!page_bytes) {
        return page_bytes.error();
    }
    Status status;
    if (static_cast<std::uint64_t>(*pages * *page_bytes) <= kCheckedBytes) {
        status = quick_check(database, clock);
    }
    status = status ? check_identity(database, format) : status;
    return status ? Result<bool>(false) : status.error();
}

Status bound_log(Database& database) {
    const auto page_bytes = database.query_integer("PRAGMA page_size");
    if (!page_bytes) {
        return page_bytes.error();
    }
    return database.execute(fmt::format(
        "PRAGMA wal_autocheckpoint={}", kLogBytes / std::max<std::int64_t>(*page_bytes, 1)
    ));
}

Result<Database> open_connection(const DatabasePlace& place) {
    auto database = Database::open(place.path, place.vfs);
    Status status = database ? database->execute(kPragmas) : Status(database.error());
    status = status ? bound_log(*database) : status;
    return status ? std::move(database) : status.error().during("opening " + place.path);
}

std::string file_name(const std::string& path) {
    return fs::path(path).filename().string();
}

}  // namespace

Result<OpenedDatabase> open_database(
    const DatabasePlace& place, const DatabaseFormat& format, const Clock& clock
) {
    if (Status status = check_outside(place.path); !status) {
        return status.error();
    }
    auto database = open_connection(place);
    if (!database) {
        return database.error();
    }
    const auto created = establish(*database, format, clock);
    if (!created) {
        return created.error().during("checking " + place.path);
    }
    return OpenedDatabase{std::move(*database), *created};
}

Result<RepairedDatabase> open_or_replace(
    const DatabasePlace& place, const DatabaseFormat& format, const Clock& clock
) {
    const std::string& path = place.path;
    auto opened = open_database(place, format, clock);
    if (opened) {
        return RepairedDatabase{std::move(opened->database), opened->created, {}, {}};
    }
    if (opened.error().code != ErrorCode::corrupt) {
        return opened.error();
    }
    const bool newer = is_newer(place, format);
    std::string story = fmt::format(
        "{} {} ({})",
        file_name(path),
        newer ? "is of a newer cxedge" : "was damaged",
        opened.error().message
    );
    const auto moved = quarantine(path, newer ? Aside::newer : Aside::corrupt);
    if (!moved) {
        return moved.error().during(story);
    }
    story += ", moved to " + *moved;
    std::error_code ignored;
    fs::remove(suspect_mark(path), ignored);
    auto fresh = open_database(place, format, clock);
    if (!fresh) {
        return fresh.error();
    }
    return RepairedDatabase{std::move(fresh->database), fresh->created, *moved, std::move(story)};
}

FileIdentity identity_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        return {};
    }
    return {info.st_dev, info.st_ino};
}

void mark_suspect(const std::string& path) {
    // Best effort: without the mark the next start still runs its checks.
    const UniqueFd mark(
        ::open(suspect_mark(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kPrivateFile)
    );
}

}  // namespace cxedge::store
