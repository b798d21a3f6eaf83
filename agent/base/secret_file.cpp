// SPDX-License-Identifier: Apache-2.0
#include "agent/base/secret_file.hpp"

#include "agent/base/durable_file.hpp"

namespace cxedge {
namespace {

constexpr std::size_t kLongest = 64U << 10U;
constexpr const char* kBlanks = " \t\r\n";

}  // namespace

Result<std::string> read_secret(const std::string& path) {
    const auto text = load_file(path, kLongest);
    if (!text) {
        return text.error().code == ErrorCode::exhausted ? invalid_argument(path + ": too long")
                                                         : unavailable(text.error().message);
    }
    const std::string line = text->substr(0, text->find('\n'));
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string::npos) {
        return invalid_argument(path + ": its first line is empty");
    }
    return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace cxedge
