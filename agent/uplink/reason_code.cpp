// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/reason_code.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/core.h>

namespace cxedge::uplink {
namespace {

struct Reason {
    std::uint8_t code;
    std::string_view text;
};

// MQTT 5.0 section 2.4, those that a client can receive.
constexpr std::array kReasons{
    Reason{0x00, "success"},
    Reason{0x10, "no matching subscribers"},
    Reason{0x80, "unspecified error"},
    Reason{0x81, "malformed packet"},
    Reason{0x82, "protocol error"},
    Reason{0x83, "implementation specific error"},
    Reason{0x84, "unsupported protocol version"},
    Reason{0x85, "client identifier not valid"},
    Reason{0x86, "bad user name or password"},
    Reason{0x87, "not authorised"},
    Reason{0x88, "server unavailable"},
    Reason{0x89, "server busy"},
    Reason{0x8a, "banned"},
    Reason{0x8b, "server shutting down"},
    Reason{0x8c, "bad authentication method"},
    Reason{0x8d, "keep alive timeout"},
    Reason{0x8e, "session taken over by another client with this id"},
    Reason{0x8f, "topic filter invalid"},
    Reason{0x90, "topic name invalid"},
    Reason{0x91, "packet identifier in use"},
    Reason{0x93, "receive maximum exceeded"},
    Reason{0x95, "packet too large"},
    Reason{0x96, "message rate too high"},
    Reason{0x97, "quota exceeded"},
    Reason{0x98, "administrative action"},
    Reason{0x99, "payload format invalid"},
    Reason{0x9a, "retain not supported"},
    Reason{0x9b, "QoS not supported"},
    Reason{0x9c, "use another server"},
    Reason{0x9d, "server moved"},
    Reason{0x9f, "connection rate exceeded"},
    Reason{0xa0, "maximum connect time"},
};

}  // namespace

std::string describe_reason(std::uint8_t code) {
    const auto* const found =
        std::find_if(kReasons.begin(), kReasons.end(), [code](const Reason& reason) {
            return reason.code == code;
        });
    const std::string_view text = found != kReasons.end() ? found->text : "unknown reason";
    return fmt::format("{} (0x{:02x})", text, code);
}

}  // namespace cxedge::uplink
