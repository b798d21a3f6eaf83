// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/probe_path/router_chain.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cxedge::test {
namespace {

using Words = std::vector<std::string>;

std::string link4(int link, int end) {
    return fmt::format("10.{}.0.{}", link, end);
}

std::string link6(int link, int end) {
    return fmt::format("fd00:{}::{}", link, end);
}

void make_router(const NetNamespace& node) {
    node.sysctl("ipv4/conf/all/forwarding", "1");
    node.sysctl("ipv6/conf/all/forwarding", "1");
    node.sysctl("ipv4/conf/all/rp_filter", "0");
    node.sysctl("ipv4/conf/default/rp_filter", "0");
}

void lift(const NetNamespace& node) {
    node.sysctl("ipv4/icmp_ratelimit", "0");
    node.sysctl("ipv6/icmp/ratelimit", "0");
}

void route_both(const NetNamespace& node, int to_link, int via_link, int via_end) {
    node.ip({"route", "add", link4(to_link, 0) + "/24", "via", link4(via_link, via_end)});
    node.ip(
        {"-6",
         "route",
         "add",
         fmt::format("fd00:{}::/64", to_link),
         "via",
         link6(via_link, via_end)}
    );
}

// Of the calling thread alone: the C library's wrapper would be needed for more.
void set_raw_right(bool on) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    const auto failed = [](long result) {
        if (result != 0) {
            throw std::system_error(errno, std::generic_category(), "capset");
        }
    };
    failed(::syscall(SYS_capget, &header, data.data()));
    const std::uint32_t bit = 1U << CAP_NET_RAW;
    data[0].effective = on ? data[0].effective | bit : data[0].effective & ~bit;
    failed(::syscall(SYS_capset, &header, data.data()));
}

}  // namespace

RouterChain::RouterChain(int routers) : nodes_(static_cast<std::size_t>(routers) + 2) {
    for (int link = 1; link <= routers + 1; ++link) {
        join(link);
    }
    for (int node = 0; node <= routers + 1; ++node) {
        if (node != 0 && node != routers + 1) {
            make_router(nodes_[static_cast<std::size_t>(node)]);
        }
        route(node);
    }
}

void RouterChain::join(int link) {
    const NetNamespace& left = nodes_[static_cast<std::size_t>(link) - 1];
    const NetNamespace& right = nodes_[static_cast<std::size_t>(link)];
    const VethNames names =
        veth(left, link4(link, 1) + "/24", right, link4(link, 2) + "/24", {"right0", "left0"});
    left.add_address(names.a, link6(link, 1) + "/64");
    right.add_address(names.b, link6(link, 2) + "/64");
}

// Node k has link k at its left and link k + 1 at its right.
void RouterChain::route(int node) {
    const NetNamespace& here = nodes_[static_cast<std::size_t>(node)];
    const int links = static_cast<int>(nodes_.size()) - 1;
    for (int link = 1; link <= links; ++link) {
        if (link < node) {
            route_both(here, link, node, 1);
        } else if (link > node + 1) {
            route_both(here, link, node + 1, 2);
        }
    }
}

std::string RouterChain::address(int hop, bool v6) const {
    return v6 ? link6(hop, 2) : link4(hop, 2);
}

std::string RouterChain::target_address(bool v6) const {
    return address(static_cast<int>(nodes_.size()) - 1, v6);
}

void RouterChain::set_mtu(int link, int bytes) {
    const auto at = static_cast<std::size_t>(link);
    nodes_[at - 1].ip({"link", "set", "right0", "mtu", std::to_string(bytes)});
    nodes_[at].ip({"link", "set", "left0", "mtu", std::to_string(bytes)});
}

void RouterChain::silence(int router) {
    const NetNamespace& node = this->router(router);
    node.ip({"rule", "add", "iif", "lo", "to", link4(1, 1), "blackhole"});
    node.ip({"-6", "rule", "add", "iif", "lo", "to", link6(1, 1), "blackhole"});
}

void RouterChain::end_silence(int router) {
    const NetNamespace& node = this->router(router);
    node.ip({"rule", "del", "iif", "lo", "to", link4(1, 1), "blackhole"});
    node.ip({"-6", "rule", "del", "iif", "lo", "to", link6(1, 1), "blackhole"});
}

void RouterChain::lift_rate_limits() {
    for (const NetNamespace& node : nodes_) {
        lift(node);
    }
}

Diamond::Diamond() : line_(host_, first_, {}, {}) {
    veth(first_, "10.2.0.1/24", upper_, "10.2.0.2/24");
    veth(first_, "10.12.0.1/24", lower_, "10.12.0.2/24");
    veth(upper_, "10.3.0.1/24", last_, "10.3.0.2/24");
    veth(lower_, "10.13.0.1/24", last_, "10.13.0.2/24");
    veth(last_, "10.4.0.1/24", target_, "10.4.0.2/24");
    for (const NetNamespace* node : {&first_, &upper_, &lower_, &last_}) {
        make_router(*node);
        lift(*node);
    }
    lift(target_);
    first_.sysctl("ipv4/fib_multipath_hash_policy", "1");  // addresses and ports
    host_.ip({"route", "add", "default", "via", line_.ipv4(End::b)});
    upper_.ip({"route", "add", "10.78.0.0/24", "via", "10.2.0.1"});
    upper_.ip({"route", "add", "10.4.0.0/24", "via", "10.3.0.2"});
    lower_.ip({"route", "add", "10.78.0.0/24", "via", "10.12.0.1"});
    lower_.ip({"route", "add", "10.4.0.0/24", "via", "10.13.0.2"});
    last_.ip({"route", "add", "10.78.0.0/24", "via", "10.3.0.1"});
    target_.ip({"route", "add", "default", "via", "10.4.0.1"});
    use(true, true);
}

void Diamond::use(bool upper, bool lower) {
    Words words{"route", "replace", "10.4.0.0/24"};
    if (upper) {
        words.insert(words.end(), {"nexthop", "via", "10.2.0.2"});
    }
    if (lower) {
        words.insert(words.end(), {"nexthop", "via", "10.12.0.2"});
    }
    first_.ip(words);
}

WithoutRawSockets::WithoutRawSockets() {
    set_raw_right(false);
}

WithoutRawSockets::~WithoutRawSockets() {
    set_raw_right(true);
}

}  // namespace cxedge::test
