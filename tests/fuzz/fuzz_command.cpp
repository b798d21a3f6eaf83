// SPDX-License-Identifier: Apache-2.0
// Commands and enrolment, as whoever may publish to a box or to the enroller can send them: decoded
// values keep their promises and survive being encoded again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/wire/command.hpp"
#include "agent/wire/enrolment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto command = cxedge::wire::decode_command(bytes)) {
        const auto again = cxedge::wire::decode_command(cxedge::wire::encode_command(*command));
        const bool kept = again && *again == *command;
        const bool bounded = command->args.size() <= cxedge::wire::kMaxCommandArgs &&
                             command->ttl <= cxedge::wire::kMaxCommandTtl &&
                             cxedge::wire::valid_ulid(command->id);
        if (!kept || !bounded) {
            std::abort();
        }
    }
    if (const auto request = cxedge::wire::decode_enrol_request(bytes)) {
        const auto again =
            cxedge::wire::decode_enrol_request(cxedge::wire::encode_enrol_request(*request));
        if (!again || !(*again == *request)) {
            std::abort();
        }
    }
    (void)cxedge::wire::decode_enrol_response(bytes);
    return 0;
}
