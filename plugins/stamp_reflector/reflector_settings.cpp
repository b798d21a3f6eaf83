// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/reflector_settings.hpp"

#include <charconv>

namespace cxedge::plugins {
namespace {

std::string check_listen(const std::string& text) {
    return parse_listen(text) ? "" : "must be address:port in numbers, such as 0.0.0.0:862";
}

Schema<ReflectorSettings> make_reflector_schema() {
    using S = ReflectorSettings;
    Schema<S> schema;
    ignore_common_keys(schema);
    schema.text_or_texts("listen", &S::listen, "address:port to answer on; port 0: any free one")
        .check(check_listen);
    schema.text("interface", &S::interface, "Network interface to answer on; empty: all");
    schema.text_or_texts("allow", &S::allow, "Networks that are answered, such as 10.0.0.0/8");
    schema.text("key_file", &S::key_file, "Answers only packets signed with this key (RFC 8762)");
    schema.boolean("stateful", &S::stateful, "Counts each session, for loss by direction");
    schema.integer("max_sessions", &S::max_sessions, "Sessions counted at a time")
        .range(1, 100'000);
    schema.duration("idle_s", &S::idle, "A session ends after such a silence").range(1, 86'400);
    schema.number("packets_per_s", &S::packets_per_s, "Answers to one address").range(0.1, 1e6);
    schema.number("packets_per_s_all", &S::packets_per_s_all, "Answers to all together")
        .range(0.1, 1e6);
    return schema;
}

const SettingsNode& place_of(const SettingsNode& node, std::string_view key) {
    const SettingsNode* const found = node.find(key);
    return found != nullptr ? *found : node;
}

}  // namespace

const Schema<ReflectorSettings>& reflector_schema() {
    static const Schema<ReflectorSettings> kSchema = make_reflector_schema();
    return kSchema;
}

std::optional<SocketAddress> parse_listen(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return std::nullopt;
    }
    std::string host = text.substr(0, colon);
    const bool bracketed = host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    if (read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    const auto address = SocketAddress::parse(host, port);
    return address && address->is_v6() == bracketed ? address : std::nullopt;
}

std::vector<Network> read_networks(
    const ReflectorSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    std::vector<Network> networks;
    for (const std::string& text : settings.allow) {
        if (const std::optional<Network> network = Network::parse(text)) {
            networks.push_back(*network);
        } else {
            problems.add(
                place_of(node, "allow").position,
                "allow",
                text + " is no network such as 10.0.0.0/8 or fd00::/8"
            );
        }
    }
    if (settings.listen.empty()) {
        problems.add(place_of(node, "listen").position, "listen", "at least one is needed");
    }
    return networks;
}

}  // namespace cxedge::plugins
