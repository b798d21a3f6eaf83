// SPDX-License-Identifier: Apache-2.0
// An easy handle of libcurl with what it points at. Its header stays in .cpp files: handles are
// void*, CURLINFO_* are int. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/socket_address.hpp"

struct curl_slist;

namespace cxedge::probes {

class FetchEasy {
public:
    FetchEasy();
    explicit operator bool() const { return easy_ != nullptr; }
    [[nodiscard]] void* get() const { return easy_.get(); }

    // "Name: value".
    void add_header(const std::string& line);
    void use_headers();
    // libcurl must not look up the name itself: it would wait for its thread at the end.
    void set_addresses(
        const std::string& host, std::uint16_t port, const std::vector<SocketAddress>& addresses
    );

    [[nodiscard]] long number(int info) const;
    [[nodiscard]] std::chrono::microseconds mark(int info) const;
    [[nodiscard]] std::string text(int info) const;
    [[nodiscard]] int socket() const;  // of the last connection; -1: none

private:
    struct FreeEasy {
        void operator()(void* easy) const;
    };
    struct FreeList {
        void operator()(curl_slist* list) const;
    };
    using Lines = std::unique_ptr<curl_slist, FreeList>;
    static void append(Lines& lines, const std::string& line);

    Lines headers_;
    Lines addresses_;
    std::unique_ptr<void, FreeEasy> easy_;  // goes first: it points at the lines
};

}  // namespace cxedge::probes
