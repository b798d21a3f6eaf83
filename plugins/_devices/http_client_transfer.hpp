// SPDX-License-Identifier: Apache-2.0
// One request of libcurl's to one origin. Thread: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_devices/http_client_url.hpp"

namespace cxedge::devices {

class HttpTransfer {
public:
    struct Order {
        std::string url;
        std::string method;
        std::string body;
        HttpOrigin origin;
        std::vector<std::string> addresses;  // of the origin's name
        std::string password;
        // The origin is the one that the credentials and headers are for.
        bool trusted = true;
        bool endless = false;  // a body without end: bytes are taken away as they come
    };

    // Null: out of memory.
    static std::unique_ptr<HttpTransfer> make(const HttpAccess& access, Order order);
    HttpTransfer(const HttpTransfer&) = delete;
    HttpTransfer& operator=(const HttpTransfer&) = delete;
    ~HttpTransfer();

    [[nodiscard]] void* easy() const;
    [[nodiscard]] const HttpOrigin& origin() const;
    // A head of 2xx is complete: what comes is the body.
    [[nodiscard]] bool begun() const;
    [[nodiscard]] const std::string& content_type() const;
    // What came of the body since the last call.
    [[nodiscard]] std::string take_bytes();
    // Where a redirect leads, as written; empty: nowhere.
    [[nodiscard]] const std::string& location() const;
    [[nodiscard]] int status() const;  // 0: none came
    [[nodiscard]] bool connected() const;
    // After libcurl said that it ended so.
    [[nodiscard]] Status outcome(int code) const;

private:
    class Impl;
    explicit HttpTransfer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::devices
