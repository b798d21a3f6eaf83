// SPDX-License-Identifier: Apache-2.0
// Any bytes as what operations send, and as the twin's file: they are refused, or mean one thing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/load.hpp"
#include "agent/remote/audit_log.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/remote/twin_file.hpp"
#include "agent/wire/desired.hpp"
#include "agent/wire/envelope.hpp"
#include "agent/wire/reported.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void envelope(std::string_view bytes) {
    const auto read = wire::decode_envelope(bytes);
    if (read) {
        const auto again = wire::decode_envelope(wire::encode_envelope(*read));
        require(again && *again == *read);
    }
    // Nobody has the key of all zeros' signature: whatever the bytes are, they open nothing.
    const auto key = remote::PublicKey::from_bytes(std::string(32, '\x01'));
    require(!remote::open_envelope(remote::Purpose::desired, bytes, {*key}));
}

void document(std::string_view bytes) {
    const auto desired = wire::decode_desired(bytes);
    if (!desired) {
        return;
    }
    const auto again = wire::decode_desired(wire::encode_desired(*desired));
    require(again && *again == *desired);
    SettingsProblems problems;
    (void)config::show(config::read_remote(desired->config, problems), true);
    remote::TwinState state;
    state.candidate = remote::document_of({*desired, {}});
    const auto kept = remote::decode_twin(remote::encode_twin(state));
    require(kept && *kept == state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    envelope(bytes);
    document(bytes);
    (void)wire::decode_reported(bytes);
    (void)remote::decode_twin(bytes);
    (void)remote::verify_audit(bytes);
    SettingsProblems problems;
    (void)config::show(config::read_remote(bytes, problems), true);
    return 0;
}
