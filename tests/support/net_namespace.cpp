// SPDX-License-Identifier: Apache-2.0
#include "tests/support/net_namespace.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/process.hpp"

namespace cxedge::test {
namespace {

constexpr auto kCablePatience = std::chrono::seconds(30);

[[noreturn]] void throw_errno(int error, const std::string& doing) {
    throw std::system_error(error, std::generic_category(), doing);
}

UniqueFd namespace_of_this_thread() {
    return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

struct Unshared {
    UniqueFd fd;
    int error = 0;
};

// By a thread that ends with it: the caller stays where it is.
Unshared unshare_network() {
    Unshared out;
    std::thread([&out] {
        if (::unshare(CLONE_NEWNET) == 0) {
            out.fd = namespace_of_this_thread();
        }
        out.error = out.fd ? 0 : errno;
    }).join();
    return out;
}

std::string in_proc(const std::string& name) {
    return "/proc/sys/net/" + name;
}

// Says whenever an interface of the namespace it was made in has changed.
class LinkNews {
public:
    LinkNews() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
        sockaddr_nl links{};
        links.nl_family = AF_NETLINK;
        links.nl_groups = RTMGRP_LINK;
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&links), sizeof links) != 0) {
            throw_errno(errno, "listening to interfaces");
        }
    }
    // False: `patience` is over.
    [[nodiscard]] bool wait(std::chrono::milliseconds patience) const {
        pollfd news{fd_.get(), POLLIN, 0};
        if (::poll(&news, 1, static_cast<int>(std::max<std::int64_t>(0, patience.count()))) != 1) {
            return false;
        }
        std::array<char, 16384> ignored{};
        while (::recv(fd_.get(), ignored.data(), ignored.size(), 0) > 0) {
        }
        return true;
    }

private:
    UniqueFd fd_;
};

// The caller is in the namespace.
bool await_links(const std::function<bool()>& wanted, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const LinkNews news;
    while (!wanted()) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (!news.wait(std::chrono::ceil<std::chrono::milliseconds>(left))) {
            return false;
        }
    }
    return true;
}

bool is_running(const std::string& device) {
    const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    device.copy(request.ifr_name, IFNAMSIZ - 1);
    return ::ioctl(control.get(), SIOCGIFFLAGS, &request) == 0 &&
           (request.ifr_flags & IFF_RUNNING) != 0;
}

std::string free_name(const NetNamespace& there) {
    int number = 0;
    while (there.has_device("eth" + std::to_string(number))) {
        ++number;
    }
    return "eth" + std::to_string(number);
}

// A number that the kernel does not give by itself. Linux looks after the two ends of a cable at
// once if their numbers differ, else when a second is over: it takes them for one interface.
std::string free_index(const NetNamespace& there) {
    const NetNamespace::Inside inside(there);
    std::array<char, IF_NAMESIZE> name{};
    unsigned index = 10'000;
    while (::if_indextoname(index, name.data()) != nullptr) {
        ++index;
    }
    return std::to_string(index);
}

void bring_up(const NetNamespace& there, const std::string& device, const std::string& address) {
    there.add_address(device, address);
    there.ip({"link", "set", "dev", device, "up"});
}

}  // namespace

bool NetNamespace::available() {
    try {
        return unshare_network().fd && run({"ip", "-V"}).status == 0;
    } catch (const std::exception&) {  // no such program
        return false;
    }
}

NetNamespace::NetNamespace() {
    Unshared made = unshare_network();
    if (!made.fd) {
        throw_errno(made.error, "making a network namespace");
    }
    fd_ = std::move(made.fd);
    ip({"link", "set", "dev", "lo", "up"});
    if (sysctl("ipv6/conf/default/accept_dad").empty()) {
        return;
    }
    // An address is used at once, and nobody speaks unasked.
    for (const char* setting : {"accept_dad", "accept_ra", "router_solicitations"}) {
        sysctl(std::string("ipv6/conf/default/") + setting, "0");
    }
}

void NetNamespace::ip(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {"ip"};
    command.insert(command.end(), words.begin(), words.end());
    const Inside there(*this);
    if (const Finished done = run(command); done.status != 0) {
        std::string said;
        for (const std::string& word : command) {
            said += word + ' ';
        }
        throw std::runtime_error(said + "failed: " + done.output);
    }
}

void NetNamespace::add_address(const std::string& device, const std::string& address) const {
    std::vector<std::string> words = {"address", "add", address, "dev", device};
    if (address.find(':') != std::string::npos) {
        words.emplace_back("nodad");
    }
    ip(words);
}

void NetNamespace::sysctl(const std::string& name, const std::string& value) const {
    const Inside there(*this);
    const UniqueFd file(::open(in_proc(name).c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
        throw_errno(errno, "setting " + name);
    }
}

std::string NetNamespace::sysctl(const std::string& name) const {
    const Inside there(*this);
    const UniqueFd file(::open(in_proc(name).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> text{};
    const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : 0;
    std::string out(text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    while (out.ends_with('\n')) {
        out.pop_back();
    }
    return out;
}

bool NetNamespace::has_device(const std::string& device) const {
    const Inside there(*this);
    return ::if_nametoindex(device.c_str()) != 0;
}

bool NetNamespace::await_running(const std::string& device, std::chrono::milliseconds patience)
    const {
    const Inside there(*this);
    return await_links([&] { return is_running(device); }, patience);
}

bool NetNamespace::await_gone(const std::string& device, std::chrono::milliseconds patience) const {
    const Inside there(*this);
    return await_links([&] { return ::if_nametoindex(device.c_str()) == 0; }, patience);
}

std::string NetNamespace::path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

std::vector<std::string> NetNamespace::inside(std::vector<std::string> argv) const {
    argv.insert(argv.begin(), {"nsenter", "--net=" + path()});
    return argv;
}

NetNamespace::Inside::Inside(const NetNamespace& there) : back_(namespace_of_this_thread()) {
    if (!back_ || ::setns(there.fd_.get(), CLONE_NEWNET) != 0) {
        throw_errno(errno, "entering a network namespace");
    }
}

NetNamespace::Inside::~Inside() {
    if (::setns(back_.get(), CLONE_NEWNET) != 0) {
        std::terminate();  // the rest of the tests would run in a network that is not theirs
    }
}

VethNames veth(
    const NetNamespace& a,
    const std::string& address_a,
    const NetNamespace& b,
    const std::string& address_b,
    VethNames names
) {
    names.a = names.a.empty() ? free_name(a) : names.a;
    names.b = names.b.empty() ? free_name(b) : names.b;
    std::vector<std::string> add = {"link", "add", names.a, "index", free_index(a), "type", "veth"};
    add.insert(add.end(), {"peer", "name", names.b, "netns", b.path()});
    a.ip(add);
    bring_up(a, names.a, address_a);
    bring_up(b, names.b, address_b);
    // Until the kernel has seen the other end come up it drops what is sent.
    if (!a.await_running(names.a, kCablePatience) || !b.await_running(names.b, kCablePatience)) {
        throw std::runtime_error("veth " + names.a + " does not come up");
    }
    return names;
}

}  // namespace cxedge::test
