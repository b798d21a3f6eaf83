// SPDX-License-Identifier: Apache-2.0
// libnl under WifiSystem.
#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

#include <linux/nl80211.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "plugins/radio_wifi/wifi_system.hpp"

namespace cxedge::plugins {
namespace {

using Message = std::unique_ptr<nl_msg, decltype(&nlmsg_free)>;
using Socket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using Received = std::unique_ptr<unsigned char, decltype(&std::free)>;

// Datagrams taken in one go, so that others on the loop have their turn.
constexpr int kDatagramsAtOnce = 16;

// libnl has its own numbers.
int errno_of(int libnl_code) {
    switch (std::abs(libnl_code)) {
        case NLE_AGAIN:
            return EAGAIN;
        case NLE_PERM:
            return EPERM;
        case NLE_NOACCESS:
            return EACCES;
        case NLE_AF_NOSUPPORT:
            return EAFNOSUPPORT;
        case NLE_PROTO_MISMATCH:
            return EPROTONOSUPPORT;
        case NLE_NOMEM:
            return ENOBUFS;
        default:
            return EIO;
    }
}

Message begin_request(std::uint16_t family, int flags, std::uint8_t command, std::uint32_t seq) {
    Message message(nlmsg_alloc(), &nlmsg_free);
    if (!message ||
        genlmsg_put(message.get(), 0, seq, family, 0, NLM_F_REQUEST | flags, command, 1) ==
            nullptr) {
        throw std::bad_alloc();
    }
    return message;
}

std::string bytes_of(const Message& message) {
    const nlmsghdr* const head = nlmsg_hdr(message.get());
    const void* const bytes = head;
    return {static_cast<const char*>(bytes), head->nlmsg_len};
}

std::uint8_t command_of(WifiDump what) {
    switch (what) {
        case WifiDump::stations:
            return NL80211_CMD_GET_STATION;
        case WifiDump::surveys:
            return NL80211_CMD_GET_SURVEY;
        case WifiDump::interfaces:
            break;
    }
    return NL80211_CMD_GET_INTERFACE;
}

class NetlinkWifi final : public WifiSystem {
public:
    [[nodiscard]] int open(EventLoop& loop, Events events) override {
        socket_.reset(nl_socket_alloc());
        if (!socket_) {
            return ENOMEM;
        }
        // Answers are checked by their number, by whoever asked.
        nl_socket_disable_seq_check(socket_.get());
        int code = nl_connect(socket_.get(), NETLINK_GENERIC);
        code = code == 0 ? nl_socket_set_nonblocking(socket_.get()) : code;
        if (code < 0) {
            return errno_of(code);
        }
        events_ = std::move(events);
        watch_ = loop.when_readable(nl_socket_get_fd(socket_.get()), [this] { receive(); });
        return 0;
    }

    [[nodiscard]] int send(std::string_view message) override {
        // libnl takes what it only reads as void*.
        std::string bytes(message);
        const int sent = nl_sendto(socket_.get(), bytes.data(), bytes.size());
        return sent < 0 ? errno_of(sent) : 0;
    }

private:
    void receive() {
        const std::weak_ptr<const bool> alive = alive_;
        for (int i = 0; i < kDatagramsAtOnce && !alive.expired() && receive_one(); ++i) {
        }
    }

    // False: there is none.
    bool receive_one() {
        sockaddr_nl from{};
        unsigned char* bytes = nullptr;
        const int size = nl_recv(socket_.get(), &from, &bytes, nullptr);
        const Received owned(bytes, &std::free);
        if (size < 0 && errno_of(size) != EAGAIN) {
            watch_.cancel();
            events_.failed(errno_of(size));
        } else if (size > 0 && from.nl_pid == 0) {  // others on this machine are not the kernel
            const void* const data = bytes;
            events_.bytes({static_cast<const char*>(data), static_cast<std::size_t>(size)});
        }
        return size > 0;
    }

    Socket socket_{nullptr, &nl_socket_free};
    Events events_;
    LoopHandle watch_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace

std::unique_ptr<WifiSystem> make_netlink_wifi() {
    return std::make_unique<NetlinkWifi>();
}

std::string wifi_family_request(std::uint32_t seq) {
    const Message message = begin_request(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, seq);
    if (nla_put_string(message.get(), CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME) != 0) {
        throw std::bad_alloc();
    }
    return bytes_of(message);
}

std::string wifi_dump_request(
    WifiDump what, std::uint16_t family, std::uint32_t interface_index, std::uint32_t seq
) {
    const Message message = begin_request(family, NLM_F_DUMP, command_of(what), seq);
    if (interface_index != 0 &&
        nla_put_u32(message.get(), NL80211_ATTR_IFINDEX, interface_index) != 0) {
        throw std::bad_alloc();
    }
    return bytes_of(message);
}

}  // namespace cxedge::plugins
