// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/fetch_easy.hpp"

#include <fmt/core.h>

namespace cxedge::probes {

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

void FetchEasy::set_addresses(
    const std::string& host, std::uint16_t port, const std::vector<Address>& addresses
) {
    if (addresses.empty() || Address::parse(host)) {
        return;
    }
    std::string line = fmt::format("{}:{}:", host, port);
    for (const Address& address : addresses) {
        line += line.back() == ':' ? "" : ",";
        line += address.is_v6() ? fmt::format("[{}]", address.text()) : address.text();
    }
    append(addresses_, line);
    set(CURLOPT_RESOLVE, addresses_.get());
}

long FetchEasy::number(CURLINFO which) const {
    long value = 0;
    ::curl_easy_getinfo(easy_.get(), which, &value);
    return value;
}

std::chrono::microseconds FetchEasy::mark(CURLINFO which) const {
    curl_off_t value = 0;
    ::curl_easy_getinfo(easy_.get(), which, &value);
    return std::chrono::microseconds(value);
}

std::string FetchEasy::text(CURLINFO which) const {
    const char* value = nullptr;
    ::curl_easy_getinfo(easy_.get(), which, &value);
    return value == nullptr ? std::string() : value;
}

int FetchEasy::socket() const {
    curl_socket_t fd = CURL_SOCKET_BAD;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd);
    return static_cast<int>(fd);
}

}  // namespace cxedge::probes
