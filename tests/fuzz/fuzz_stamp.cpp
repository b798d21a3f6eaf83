// SPDX-License-Identifier: Apache-2.0
// Test packets of STAMP and TWAMP Light, as a reflector and as a sender get them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/_probes/stamp_hmac.hpp"
#include "plugins/_probes/stamp_packet.hpp"

namespace {

namespace probes = cxedge::probes;

void expect(bool holds) {
    if (!holds) {
        std::abort();
    }
}

// An answer is as long as its request, says what the request said, and verifies once signed.
void answer(probes::StampMode mode, std::string_view bytes) {
    const auto request = probes::decode_stamp_request(mode, bytes);
    if (!request) {
        return;
    }
    probes::StampReply reply;
    reply.request = *request;
    reply.session = request->session;
    reply.ttl = 64;
    std::string packet = probes::encode_stamp_reply(mode, reply, bytes);
    expect(packet.size() == bytes.size());
    const auto read = probes::decode_stamp_reply(mode, packet);
    expect(read && read->request.sequence == request->sequence);
    expect(read->request.time == request->time && read->ttl == reply.ttl);
    probes::sign_stamp(packet, "key");
    expect(probes::stamp_signature_fits(packet, "key") == (packet.size() >= 112));
}

void judge(probes::StampMode mode, std::string_view bytes) {
    if (const auto reply = probes::decode_stamp_reply(mode, bytes)) {
        const auto error = probes::decode_error_estimate(reply->error_estimate);
        static_cast<void>(probes::encode_error_estimate(error));
        const auto time = probes::decode_stamp_time(reply->time, error.ptp);
        expect(error.ptp || probes::decode_stamp_time(probes::encode_ntp(time), false) == time);
    }
    static_cast<void>(probes::stamp_signature_fits(bytes, "key"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const auto mode : {probes::StampMode::unauthenticated, probes::StampMode::authenticated}) {
        answer(mode, bytes);
        judge(mode, bytes);
    }
    return 0;
}
