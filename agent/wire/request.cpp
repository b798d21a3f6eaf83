// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/request.hpp"

#include <cstddef>

#include <fmt/core.h>

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxRequestBytes = 4096;

Result<Request> resend_of(const cx::v1::Request& in) {
    if (in.lane() >= static_cast<std::uint32_t>(kLaneCount)) {
        return corrupt(fmt::format("request: lane {} is unknown", in.lane()));
    }
    if (in.first_seq() == 0 || in.first_seq() > in.last_seq()) {
        return corrupt(
            fmt::format("request: seq {} to {} is no range", in.first_seq(), in.last_seq())
        );
    }
    return Request(Resend{static_cast<Lane>(in.lane()), in.epoch(), in.first_seq(), in.last_seq()});
}

}  // namespace

std::string encode_request(const Request& request) {
    cx::v1::Request out;
    out.set_what(cx::v1::Request::NEED_DICT);
    if (const auto* resend = std::get_if<Resend>(&request)) {
        out.set_what(cx::v1::Request::RESEND);
        out.set_lane(static_cast<std::uint32_t>(resend->lane));
        out.set_epoch(resend->epoch);
        out.set_first_seq(resend->first_seq);
        out.set_last_seq(resend->last_seq);
    }
    return out.SerializeAsString();
}

Result<Request> decode_request(std::string_view payload) {
    cx::v1::Request in;
    if (payload.size() > kMaxRequestBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("request: {} bytes are not a Request", payload.size()));
    }
    switch (in.what()) {
        case cx::v1::Request::NEED_DICT:
            return Request(NeedDictionary{});
        case cx::v1::Request::RESEND:
            return resend_of(in);
        default:
            return corrupt(fmt::format("request: {} is unknown", static_cast<int>(in.what())));
    }
}

}  // namespace cxedge::wire
