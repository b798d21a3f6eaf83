// SPDX-License-Identifier: Apache-2.0
// Expected failures as values. A code says what the caller can do; the message says why, and grows
// leftwards with context on its way up (`error.during("opening spool /var/lib/cxedge/queue.db")`).
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cxedge {

// What the caller can do about it. Only `unavailable` is worth retrying unchanged.
enum class ErrorCode {
    invalid_argument,  // the input is wrong: fix it, never retry
    not_found,         // the named thing does not exist
    unavailable,       // the outside world is not ready: retry with backoff
    corrupt,           // stored or received bytes fail their checks: quarantine
    exhausted,         // a stated limit is reached: refuse, or free something first
};

std::string_view to_string(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::unavailable;
    std::string message;

    // The same error with context put in front: "opening spool: disk I/O error".
    [[nodiscard]] Error during(std::string_view context) const {
        return {code, std::string(context) + ": " + message};
    }
};

inline Error invalid_argument(std::string message) {
    return {ErrorCode::invalid_argument, std::move(message)};
}
inline Error not_found(std::string message) {
    return {ErrorCode::not_found, std::move(message)};
}
inline Error unavailable(std::string message) {
    return {ErrorCode::unavailable, std::move(message)};
}
inline Error corrupt(std::string message) {
    return {ErrorCode::corrupt, std::move(message)};
}
inline Error exhausted(std::string message) {
    return {ErrorCode::exhausted, std::move(message)};
}
// `unavailable` with the text of an errno value: "bind 127.0.0.1:8125: Address already in use".
Error system_error(std::string_view what, int errno_value);

template <class T>
class [[nodiscard]] Result {
public:
    using Value = T;

    // Implicit on purpose: `return value;` and `return not_found("...");` both read naturally.
    Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Requires ok().
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }

    // Requires !ok().
    [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): `return error;` reads naturally here too
    Result(Error error) : failed_(true), error_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return !failed_; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const {
        assert(failed_);
        return error_;
    }

private:
    bool failed_ = false;
    Error error_;
};

using Status = Result<void>;

}  // namespace cxedge
