// SPDX-License-Identifier: Apache-2.0
// Texts of people about probes: lists of targets, addresses, quiet hours, the ledger. The first
// byte chooses a reader. Any bytes give something that probes can take, or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/base/socket_address.hpp"

#include "plugins/_probes/ledger.hpp"
#include "plugins/_probes/quiet_hours.hpp"
#include "plugins/_probes/targets.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_list(std::string_view text) {
    const probes::TargetList list = probes::read_targets(text, "f", {"t", "s", "n"}, {});
    for (const probes::Target& target : list.targets) {
        require(!target.name.empty() && !target.address.empty());
        require(target.name.size() <= kMaxDimensionLength);
        require(target.address.find('\n') == std::string::npos);
    }
    for (const std::string& problem : list.problems) {
        require(problem.starts_with("f:"));
    }
}

void read_address(std::string_view text) {
    if (const auto split = split_host_port(text)) {
        require(!split->host.empty() && split->port != 0);
    }
    if (const auto address = SocketAddress::parse(text, 1)) {
        require(address->port() == 1 && !address->text().empty());
    }
}

// What was read is written and read again as it was.
void read_ledger(std::string_view text) {
    const auto spent = probes::parse_spent(text);
    if (!spent) {
        require(spent.error().code == ErrorCode::corrupt);
        return;
    }
    const auto again = probes::parse_spent(probes::to_text(*spent));
    require(again.ok() && again->size() == spent->size());
}

void read_hours(std::string_view text) {
    if (const auto hours = probes::parse_quiet_hours(std::string(text))) {
        require(hours->from != hours->to);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    using Reader = void (*)(std::string_view);
    constexpr Reader kReaders[] = {&read_list, &read_address, &read_ledger, &read_hours};
    kReaders[data[0] % 4](text);
    return 0;
}
