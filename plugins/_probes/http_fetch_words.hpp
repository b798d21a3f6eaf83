// SPDX-License-Identifier: Apache-2.0
// What a request of libcurl's ended with, in words of probes. Pure. Thread: any.
#pragma once

#include <string>

#include "agent/base/result.hpp"

#include "plugins/_probes/result.hpp"

namespace cxedge::probes {

struct FetchEnding {
    int code = 0;             // CURLcode
    int os_error = 0;         // errno of the connection; 0: not known
    long verified = 0;        // X509_V_*
    std::string step;         // that it had reached: connect, tls, server, transfer
    std::string words = {};   // libcurl's
    bool no_socket = false;   // os_error is of opening it
    bool other_name = false;  // the certificate is not for the host
};

struct FetchVerdict {
    ProbeResult result = ProbeResult::ok;
    std::string step;    // guilty; empty: none
    std::string detail;  // begins in lower case, after "HOST: "
};

FetchVerdict verdict_of(const FetchEnding& ending);
// Time is up at that step.
FetchVerdict verdict_of_silence(const std::string& step);
// Nobody knows the name, or nobody answers who might.
FetchVerdict verdict_of_name(const std::string& name, const Error& error);

}  // namespace cxedge::probes
