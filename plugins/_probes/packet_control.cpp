// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/packet_control.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

#include <linux/errqueue.h>
#include <netinet/in.h>

namespace cxedge::probes {
namespace {

std::size_t control_payload(const cmsghdr& message) {
    return message.cmsg_len < CMSG_LEN(0) ? 0 : message.cmsg_len - CMSG_LEN(0);
}

template <class T>
std::optional<T> control_value(const cmsghdr& message) {
    if (control_payload(message) < sizeof(T)) {
        return std::nullopt;
    }
    T value{};
    std::memcpy(&value, CMSG_DATA(&message), sizeof value);
    return value;
}

// IP_TOS comes as a byte, the others as an int.
int control_number(const cmsghdr& message) {
    if (const auto number = control_value<int>(message)) {
        return *number;
    }
    return control_value<std::uint8_t>(message).value_or(0);
}

// The first of three times is the software's, as of struct scm_timestamping.
std::int64_t control_stamp(const cmsghdr& message) {
    const timespec stamp = control_value<timespec>(message).value_or(timespec{});
    return std::int64_t{stamp.tv_sec} * 1'000'000'000 + stamp.tv_nsec;
}

std::optional<QueuedError> control_error(const cmsghdr& message) {
    const auto raw = control_value<sock_extended_err>(message);
    if (!raw) {
        return std::nullopt;
    }
    QueuedError error;
    error.error = static_cast<int>(raw->ee_errno);
    error.origin = raw->ee_origin;
    error.type = raw->ee_type;
    error.code = raw->ee_code;
    error.info = raw->ee_info;
    error.data = raw->ee_data;
    const std::size_t rest = control_payload(message) - sizeof(sock_extended_err);
    // SO_EE_OFFENDER: the address follows at once. It need not be aligned for what it is.
    sockaddr_storage offender{};
    std::memcpy(
        &offender, CMSG_DATA(&message) + sizeof(sock_extended_err), std::min(rest, sizeof offender)
    );
    error.offender = SocketAddress(
        reinterpret_cast<const sockaddr*>(&offender),
        offender.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)
    );
    return error;
}

bool is_message(const cmsghdr& message, int level, int type) {
    return message.cmsg_level == level && message.cmsg_type == type;
}

void take_control(const cmsghdr& message, PacketControl& control) {
    if (is_message(message, SOL_SOCKET, SO_TIMESTAMPING)) {
        control.stamp_ns = control_stamp(message);
    } else if (is_message(message, IPPROTO_IP, IP_TTL) || is_message(message, IPPROTO_IPV6, IPV6_HOPLIMIT)) {
        control.ttl = control_number(message);
    } else if (is_message(message, IPPROTO_IP, IP_TOS) || is_message(message, IPPROTO_IPV6, IPV6_TCLASS)) {
        control.tos = control_number(message);
    } else if (is_message(message, IPPROTO_IP, IP_RECVERR) || is_message(message, IPPROTO_IPV6, IPV6_RECVERR)) {
        control.error = control_error(message);
    }
}

}  // namespace

bool QueuedError::is_stamp() const {
    return origin == SO_EE_ORIGIN_TIMESTAMPING;
}

PacketControl read_control(const msghdr& header) {
    PacketControl control;
    // CMSG_NXTHDR() does not write, and wants a header that may be written.
    auto& walked = const_cast<msghdr&>(header);
    for (cmsghdr* each = CMSG_FIRSTHDR(&walked); each != nullptr;
         each = CMSG_NXTHDR(&walked, each)) {
        take_control(*each, control);
    }
    return control;
}

SendControl::SendControl(int family, int ttl, int tos) {
    const bool v6 = family == AF_INET6;
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    if (ttl != 0) {
        add(level, v6 ? IPV6_HOPLIMIT : IP_TTL, ttl);
    }
    if (tos != 0) {
        add(level, v6 ? IPV6_TCLASS : IP_TOS, tos);
    }
}

void SendControl::add(int level, int type, int value) {
    cmsghdr message{};
    message.cmsg_len = CMSG_LEN(sizeof value);
    message.cmsg_level = level;
    message.cmsg_type = type;
    std::memcpy(bytes_.data() + used_, &message, sizeof message);
    std::memcpy(bytes_.data() + used_ + CMSG_LEN(0), &value, sizeof value);
    used_ += kSpace;
}

void SendControl::attach(msghdr& header) {
    header.msg_control = used_ == 0 ? nullptr : bytes_.data();
    header.msg_controllen = used_;
}

}  // namespace cxedge::probes
