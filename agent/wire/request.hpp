// SPDX-License-Identifier: Apache-2.0
// What anybody may ask of a node on cmd/req: to say something again. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

// Announce the dictionary. On the wire: 08 01.
struct NeedDictionary {
    bool operator==(const NeedDictionary&) const = default;
};

// Send again what is still held of these batches.
struct Resend {
    Lane lane = Lane::live;
    std::uint64_t epoch = 0;
    std::uint64_t first_seq = 0;  // inclusive, > 0
    std::uint64_t last_seq = 0;   // inclusive, >= first_seq
    bool operator==(const Resend&) const = default;
};

using Request = std::variant<NeedDictionary, Resend>;

std::string encode_request(const Request& request);
// corrupt: not a Request, one that this version does not know, or a range that is none.
Result<Request> decode_request(std::string_view payload);

}  // namespace cxedge::wire
