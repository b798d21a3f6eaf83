// SPDX-License-Identifier: Apache-2.0
// What went wrong with a request, in words for who installs the device. Pure. Thread: any.
#pragma once

#include <string>

namespace cxedge::devices {

// How a transfer of libcurl ended.
struct HttpEnding {
    int code = 0;      // CURLcode
    int os_error = 0;  // errno of the connection; 0: not known
    bool connected = false;
    long verified = 0;  // X509_V_*; 0: the certificate itself is good
};

std::string words_for(const HttpEnding& ending);
// "401: user or password is wrong".
std::string words_for_status(int status);

}  // namespace cxedge::devices
