// SPDX-License-Identifier: Apache-2.0
// What strangers' ICMP errors quote, and what answers a trace; orders in which answers come.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/probe_path/mtu_search.hpp"
#include "plugins/probe_path/path_memory.hpp"
#include "plugins/probe_path/path_packets.hpp"
#include "plugins/probe_path/path_tracer.hpp"

namespace {

namespace plugins = cxedge::plugins;
using Whose = plugins::ProbeMatch::Whose;

void match(std::span<const std::uint8_t> bytes) {
    plugins::PathFlow flow;
    flow.method = static_cast<plugins::PathMethod>(bytes[0] % 3);
    const bool v6 = (bytes[0] & 0x80U) != 0;
    flow.from = *cxedge::SocketAddress::parse(v6 ? "2001:db8::1" : "192.0.2.1");
    flow.to = *cxedge::SocketAddress::parse(v6 ? "2001:db8::2" : "192.0.2.2", 443);
    flow.source = 50'000;
    flow.nonce = 0x61626364;
    const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + 2, bytes.size() - 2);
    static_cast<void>(plugins::match_quoted(flow, rest));
    static_cast<void>(plugins::match_answer(flow, rest));
    static_cast<void>(plugins::path_word(v6, bytes[0], bytes[1], false));
    const std::string probe = plugins::make_path_probe(flow, bytes[1], rest.size());
    const plugins::ProbeMatch own = plugins::match_quoted(flow, probe);
    if (own.whose != Whose::ours || own.number != bytes[1]) {
        std::abort();
    }
}

void trace(std::span<const std::uint8_t> bytes) {
    plugins::TraceRules rules;
    rules.first_hop = 1 + bytes[0] % 4;
    rules.max_hops = rules.first_hop + bytes[1] % 40;
    rules.window = 1 + bytes[0] % 8;
    plugins::PathTracer tracer(rules, bytes[1] % 16);
    std::vector<plugins::PathTracer::Ask> under_way;
    std::size_t at = 2;
    while (true) {
        while (const auto ask = tracer.next()) {
            under_way.push_back(*ask);
        }
        if (under_way.empty()) {
            break;
        }
        const std::uint8_t byte = at < bytes.size() ? bytes[at++] : 0;
        const std::size_t which = byte % under_way.size();
        const plugins::PathTracer::Ask ask = under_way[which];
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
        const auto word = static_cast<plugins::PathWord>((byte >> 4U) % 6);
        if (byte >> 7U != 0) {
            tracer.answered(ask, {std::string(1, static_cast<char>('a' + byte % 26)), 0.1, word});
        } else {
            tracer.unanswered(ask);
        }
    }
    if (!tracer.done()) {
        std::abort();
    }
    plugins::PathMemory memory;
    memory.learn(plugins::seen_path(tracer.hops(), tracer.end() == plugins::PathWord::reached));
    if (memory.learn(memory.path())) {
        std::abort();  // it is another way than itself
    }
}

void search(std::span<const std::uint8_t> bytes) {
    plugins::MtuSearch search((bytes[0] & 1U) != 0, 1'280 + bytes[1] * 32);
    for (std::size_t i = 2; i < bytes.size(); ++i) {
        const auto size = search.next();
        if (!size) {
            break;
        }
        if (*size < 1) {
            std::abort();
        }
        switch (bytes[i] % 3) {
            case 0:
                search.arrived(*size);
                break;
            case 1:
                search.silent(*size);
                break;
            default:
                search.too_big(*size, (bytes[i] - 10) * 16);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size >= 2) {
        match({data, size});
        trace({data, size});
        search({data, size});
    }
    return 0;
}
