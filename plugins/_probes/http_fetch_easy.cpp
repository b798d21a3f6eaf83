// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_easy.hpp"

#include <curl/curl.h>
#include <fmt/core.h>

namespace cxedge::probes {

void FetchEasy::FreeEasy::operator()(void* easy) const {
    ::curl_easy_cleanup(easy);
}

void FetchEasy::FreeList::operator()(curl_slist* list) const {
    ::curl_slist_free_all(list);
}

FetchEasy::FetchEasy() {
    // Never cleaned up: other users of libcurl in this process may still run then.
    static const CURLcode kReady = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    easy_.reset(kReady == CURLE_OK ? ::curl_easy_init() : nullptr);
}

void FetchEasy::append(Lines& lines, const std::string& line) {
    if (curl_slist* const longer = ::curl_slist_append(lines.get(), line.c_str())) {
        static_cast<void>(lines.release());
        lines.reset(longer);
    }
}

void FetchEasy::add_header(const std::string& line) {
    append(headers_, line);
}

void FetchEasy::use_headers() {
    ::curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void FetchEasy::set_addresses(
    const std::string& host, std::uint16_t port, const std::vector<SocketAddress>& addresses
) {
    if (addresses.empty() || SocketAddress::parse(host)) {
        return;
    }
    std::string line = fmt::format("{}:{}:", host, port);
    for (const SocketAddress& address : addresses) {
        line += line.back() == ':' ? "" : ",";
        line += address.is_v6() ? fmt::format("[{}]", address.text()) : address.text();
    }
    append(addresses_, line);
    ::curl_easy_setopt(easy_.get(), CURLOPT_RESOLVE, addresses_.get());
}

long FetchEasy::number(int info) const {
    long value = 0;
    ::curl_easy_getinfo(easy_.get(), static_cast<CURLINFO>(info), &value);
    return value;
}

std::chrono::microseconds FetchEasy::mark(int info) const {
    curl_off_t value = 0;
    ::curl_easy_getinfo(easy_.get(), static_cast<CURLINFO>(info), &value);
    return std::chrono::microseconds(value);
}

std::string FetchEasy::text(int info) const {
    const char* value = nullptr;
    ::curl_easy_getinfo(easy_.get(), static_cast<CURLINFO>(info), &value);
    return value == nullptr ? std::string() : value;
}

int FetchEasy::socket() const {
    curl_socket_t fd = CURL_SOCKET_BAD;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd);
    return static_cast<int>(fd);
}

}  // namespace cxedge::probes
