// SPDX-License-Identifier: Apache-2.0
// An easy handle of libcurl with what it points at. Included by .cpp files only, for libcurl's
// header. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "plugins/_probes/address.hpp"

namespace cxedge::probes {

class FetchEasy {
public:
    FetchEasy();
    explicit operator bool() const { return easy_ != nullptr; }
    [[nodiscard]] CURL* get() const { return easy_.get(); }

    template <class Value>
    void set(CURLoption option, Value value) {
        ::curl_easy_setopt(easy_.get(), option, value);
    }
    // "Name: value".
    void add_header(const std::string& line);
    void use_headers() { set(CURLOPT_HTTPHEADER, headers_.get()); }
    // libcurl must not look up the name itself: it would wait for its thread at the end.
    void set_addresses(
        const std::string& host, std::uint16_t port, const std::vector<Address>& addresses
    );

    [[nodiscard]] long number(CURLINFO which) const;
    [[nodiscard]] std::chrono::microseconds mark(CURLINFO which) const;
    [[nodiscard]] std::string text(CURLINFO which) const;
    [[nodiscard]] int socket() const;  // of the last connection; -1: none

private:
    struct FreeEasy {
        void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
    };
    struct FreeList {
        void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
    };
    using Lines = std::unique_ptr<curl_slist, FreeList>;
    static void append(Lines& lines, const std::string& line);

    Lines headers_;
    Lines addresses_;
    std::unique_ptr<CURL, FreeEasy> easy_;  // goes first: it points at the lines
};

}  // namespace cxedge::probes
