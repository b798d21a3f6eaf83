// SPDX-License-Identifier: Apache-2.0
// libcurl's multi interface on an EventLoop. Handles are those of curl_easy_init(), as void*: its
// header stays in .cpp files. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>

#include "agent/base/event_loop.hpp"

namespace cxedge::devices {

class CurlMulti {
public:
    struct Events {
        // A transfer ended with that CURLcode; may add and remove transfers.
        std::function<void(void* easy, int code)> ended;
        // Transfers had their turn; likewise. Comes before `ended`.
        std::function<void()> turned;
    };

    CurlMulti(EventLoop& loop, Events events);
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;
    // All transfers were removed before.
    ~CurlMulti();

    [[nodiscard]] bool add(void* easy);
    void remove(void* easy);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::devices
