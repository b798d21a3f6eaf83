// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sqlite_database.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <sqlite3.h>

namespace cxedge::store {
namespace {

// Virtual machine steps between two looks at a time limit: about a millisecond.
constexpr int kStepsBetweenChecks = 20000;
// Only another program (a person with sqlite3) can hold a lock for long: ours take turns.
constexpr int kBusyTimeoutMs = 5000;

ErrorCode code_of(int sqlite_code) {
    // The file is shorter than its pages: older versions read zeroes there.
    if (sqlite_code == SQLITE_IOERR_SHORT_READ) {
        return ErrorCode::corrupt;
    }
    switch (sqlite_code & 0xFF) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT:  // numbers that must be unique are not
        case SQLITE_ERROR:       // our SQL is tested: the schema is not what it should be
        case SQLITE_SCHEMA:
            return ErrorCode::corrupt;
        case SQLITE_FULL:
            return ErrorCode::exhausted;
        default:
            return ErrorCode::unavailable;
    }
}

bool is_no_space(int errno_value) {
    return errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
}

Error error_of(sqlite3* database, int sqlite_code) {
    const int errno_value = database == nullptr ? 0 : sqlite3_system_errno(database);
    const char* text = database == nullptr ? sqlite3_errstr(sqlite_code) : sqlite3_errmsg(database);
    std::string message = fmt::format("{} (SQLite result code {})", text, sqlite_code);
    if (errno_value != 0 && code_of(sqlite_code) != ErrorCode::corrupt) {
        message += ": " + std::system_category().message(errno_value);
    }
    // A full disk comes as SQLITE_FULL from a write, and as an I/O error from all else.
    const bool full = (sqlite_code & 0xFF) == SQLITE_IOERR && is_no_space(errno_value);
    return {full ? ErrorCode::exhausted : code_of(sqlite_code), std::move(message)};
}

int ask_expired(void* context) {
    return (*static_cast<std::function<bool()>*>(context))() ? 1 : 0;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* handle) const {
    sqlite3_finalize(handle);
}

void Statement::note(int code) {
    if (failure_ == SQLITE_OK && code != SQLITE_OK) {
        failure_ = code;
    }
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_.get(), parameter, value));
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view bytes) {
    const char* data =
        bytes.data() == nullptr ? "" : bytes.data();  // a null pointer would bind NULL
    note(sqlite3_bind_blob64(handle_.get(), parameter, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view utf8) {
    const char* data = utf8.data() == nullptr ? "" : utf8.data();
    note(
        sqlite3_bind_text64(handle_.get(), parameter, data, utf8.size(), SQLITE_STATIC, SQLITE_UTF8)
    );
    return *this;
}

Statement& Statement::bind_real(int parameter, double value) {
    note(sqlite3_bind_double(handle_.get(), parameter, value));
    return *this;
}

bool Statement::next() {
    if (failure_ != SQLITE_OK) {
        return false;
    }
    const int code = sqlite3_step(handle_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        note(code);
    }
    return code == SQLITE_ROW;
}

Status Statement::finish() {
    Status status;
    if (failure_ != SQLITE_OK) {
        status = error_of(sqlite3_db_handle(handle_.get()), failure_);
    }
    failure_ = SQLITE_OK;
    // Both only repeat the outcome that is already in `status`.
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    return status;
}

Status Statement::run() {
    while (next()) {
    }
    return finish();
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::bytes(int column) const {
    const void* data = sqlite3_column_blob(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    if (data == nullptr || size <= 0) {
        return {};
    }
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::string& path, const std::string& vfs) {
    // NOMUTEX: each connection has its own mutex in the spool already.
    constexpr int kFlags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, kFlags, vfs.empty() ? nullptr : vfs.c_str());
    Database database;
    database.handle_.reset(handle);
    if (code != SQLITE_OK) {
        return error_of(handle, code);
    }
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    // A damaged or planted file cannot run SQL functions of its own or turn its own checks off.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(
        handle_.get(),
        sql.data(),
        static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT,
        &statement,
        nullptr
    );
    if (code != SQLITE_OK) {
        return error_of(handle_.get(), code);
    }
    return Statement(statement);
}

Status Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return error_of(handle_.get(), code);
    }
    return {};
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) {
        return statement.error();
    }
    const bool found = statement->next();
    const std::int64_t value = found ? statement->integer(0) : 0;
    if (Status status = statement->finish(); !status) {
        return status.error();
    }
    if (!found) {
        return corrupt(fmt::format("no answer to \"{}\"", sql));
    }
    return value;
}

Result<std::string> Database::query_text(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) {
        return statement.error();
    }
    const bool found = statement->next();
    std::string value(found ? statement->bytes(0) : std::string_view());
    if (Status status = statement->finish(); !status) {
        return status.error();
    }
    return value;
}

void Database::tolerate_damage() {
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, nullptr);
}

void Database::limit(std::function<bool()> expired) {
    expired_ = std::make_unique<std::function<bool()>>(std::move(expired));
    sqlite3_progress_handler(handle_.get(), kStepsBetweenChecks, ask_expired, expired_.get());
}

void Database::unlimit() {
    sqlite3_progress_handler(handle_.get(), 0, nullptr, nullptr);
    expired_.reset();
}

Result<Transaction> Transaction::begin(Database& database) {
    // IMMEDIATE: a transaction that starts reading cannot become a writing one once another wrote.
    if (Status status = database.execute("BEGIN IMMEDIATE"); !status) {
        return status.error();
    }
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    if (database_ != nullptr) {
        // Fails only where SQLite has already rolled back by itself.
        (void)database_->execute("ROLLBACK");
    }
}

Status Transaction::commit() {
    Status status = database_->execute("COMMIT");
    if (status) {
        database_ = nullptr;
    }
    return status;
}

}  // namespace cxedge::store
