// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace cxedge::bench {

// "Debian GNU/Linux 12, 2 x AMD EPYC ..., build RelWithDebInfo": stands above every figure.
std::string machine();

struct Spread {
    double median = 0;
    double least = 0;
    double most = 0;
};
Spread spread(std::vector<double> values);
std::string to_string(const Spread& spread, const char* unit);

}  // namespace cxedge::bench
