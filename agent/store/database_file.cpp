// SPDX-License-Identifier: Apache-2.0
#include "agent/store/database_file.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>

#include "agent/base/unique_fd.hpp"
#include "agent/store/quarantine.hpp"

namespace cxedge::store {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCheckBudget{2};

// Why each: README.md. page_size and auto_vacuum count only before the first table.
constexpr const char* kPragmas =
    "PRAGMA page_size=4096;"
    "PRAGMA auto_vacuum=NONE;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=OFF;"
    "PRAGMA wal_autocheckpoint=512;"
    "PRAGMA journal_size_limit=4194304;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-1024;"
    "PRAGMA mmap_size=0;";

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
    if (*version != format.version) {
        return corrupt(
            fmt::format("of schema version {}, this program knows {}", *version, format.version)
        );
    }
    return {};
}

Status create_schema(Database& database, const DatabaseFormat& format) {
    auto transaction = Transaction::begin(database);
    if (!transaction) {
        return transaction.error();
    }
    const Status made = database.execute(fmt::format(
        "{} PRAGMA application_id={}; PRAGMA user_version={};",
        format.schema,
        format.application_id,
        format.version
    ));
    return made ? transaction->commit() : made;
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
        const Status created = create_schema(database, format);
        return created ? Result<bool>(true) : created.error();
    }
    Status status = check_identity(database, format);
    if (status && static_cast<std::uint64_t>(*pages) * 4096 <= kCheckedBytes) {
        status = quick_check(database, clock);
    }
    return status ? Result<bool>(false) : status.error();
}

std::string file_name(const std::string& path) {
    return fs::path(path).filename().string();
}

}  // namespace

Result<Database> open_connection(const std::string& path) {
    auto database = Database::open(path);
    if (!database) {
        return database.error().during("opening " + path);
    }
    if (Status status = database->execute(kPragmas); !status) {
        return status.error().during("opening " + path);
    }
    return database;
}

Result<OpenedDatabase> open_database(
    const std::string& path, const DatabaseFormat& format, const Clock& clock
) {
    if (Status status = check_outside(path); !status) {
        return status.error();
    }
    auto database = open_connection(path);
    if (!database) {
        return database.error();
    }
    const auto created = establish(*database, format, clock);
    if (!created) {
        return created.error().during("checking " + path);
    }
    return OpenedDatabase{std::move(*database), *created};
}

Result<RepairedDatabase> open_or_replace(
    const std::string& path, const DatabaseFormat& format, const Clock& clock
) {
    auto opened = open_database(path, format, clock);
    if (opened) {
        return RepairedDatabase{std::move(opened->database), opened->created, {}, {}};
    }
    if (opened.error().code != ErrorCode::corrupt) {
        return opened.error();
    }
    const std::string why = opened.error().message;
    const auto moved = quarantine(path);
    if (!moved) {
        return moved.error().during(file_name(path) + " is damaged (" + why + ")");
    }
    std::error_code ignored;
    fs::remove(suspect_mark(path), ignored);
    auto fresh = open_database(path, format, clock);
    if (!fresh) {
        return fresh.error();
    }
    return RepairedDatabase{std::move(fresh->database), fresh->created, *moved, why};
}

void mark_suspect(const std::string& path) {
    constexpr int kPrivateFile = 0600;
    // Best effort: without the mark the next start still runs its checks.
    const UniqueFd mark(
        ::open(suspect_mark(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kPrivateFile)
    );
}

}  // namespace cxedge::store
