// SPDX-License-Identifier: Apache-2.0
// SQLite as values: connections and statements that close themselves and errors as Result. The .cpp
// is the only file of the project that sees sqlite3.h. Thread: one at a time for each connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace cxedge::store {

// A prepared statement, made once and used often. Destroy it before its Database.
//   statement.bind(1, seq);
//   while (statement.next()) { use(statement.integer(0)); }
//   return statement.finish();
class Statement {
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

    // Parameters count from 1. Bytes are not copied: they must live until finish().
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view bytes);
    Statement& bind_text(int parameter, std::string_view utf8);
    Statement& bind_real(int parameter, double value);

    // True when there is a row; false at the end or on an error, which finish() returns.
    bool next();
    // Ends the use (and the read transaction it held open) and makes the statement ready again.
    Status finish();
    // For statements without rows of interest.
    Status run();

    // Columns of the present row, from 0; bytes are valid until the next call of next() or
    // finish().
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string_view bytes(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const;
    };
    void note(int code);

    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int failure_ = 0;  // first SQLite code that was not a success
};

class Database {
public:
    // Opens or creates, through SQLite's VFS of that name (empty: the default). Errors: corrupt
    // (not a database, damaged), exhausted (disk or database full), else unavailable; messages name
    // SQLite's extended result code and errno.
    static Result<Database> open(const std::string& path, const std::string& vfs = {});

    Result<Statement> prepare(std::string_view sql);
    // Runs statements separated by semicolons; their rows are ignored.
    Status execute(const std::string& sql);
    // First column of the first row; corrupt when there is none.
    Result<std::int64_t> query_integer(std::string_view sql);
    Result<std::string> query_text(std::string_view sql);

    // Reads on where it can although the file is shorter than it says or its schema is odd.
    void tolerate_damage();

    // Asks `expired` every few thousand steps and ends the running statement once it says true.
    void limit(std::function<bool()> expired);
    void unlimit();

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
    std::unique_ptr<std::function<bool()>> expired_;  // its address is known to SQLite
};

// BEGIN IMMEDIATE now, ROLLBACK on destruction unless committed.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    Status commit();

private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;  // null: nothing left to roll back
};

// SQLite integers are signed; epochs and sequence numbers keep their bits.
inline std::int64_t to_column(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}
inline std::uint64_t from_column(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

}  // namespace cxedge::store
