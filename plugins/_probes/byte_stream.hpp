// SPDX-License-Identifier: Apache-2.0
// The bytes of a connected TCP socket, both ways, spent on a meter. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

class ByteStream {
public:
    // errno of `end` for: over the budget.
    static constexpr int kCapped = -1;

    struct Events {
        std::function<void(std::string_view)> bytes;  // valid during the call back
        // Once: 0: the other side closed, kCapped, or an errno.
        std::function<void(int error)> end;
    };

    // Takes over `fd`. Events come from the loop, never from within a call; there the object may be
    // destroyed, which closes the connection; what came and was not read yet is spent then.
    ByteStream(const ProbeContext& context, UniqueFd fd, Events events);
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    ~ByteStream();

    // What the kernel does not take at once goes later.
    void send(std::string_view bytes);

private:
    void on_readable();
    void on_writable();
    // errno of what cannot be helped.
    int push();
    int wait_until_writable(int error);
    void hold_back();
    void end_soon(int error);
    void end_now(int error);

    const ProbeContext& context_;
    UniqueFd fd_;
    Events events_;
    std::string unsent_;
    // What the meter had left, when it was asked (nothing: not yet), and had spent by then.
    std::optional<std::uint64_t> left_;
    std::uint64_t used_then_ = 0;
    bool limited_ = true;
    LoopHandle readable_;
    LoopHandle writable_;
    LoopHandle later_;
};

}  // namespace cxedge::probes
