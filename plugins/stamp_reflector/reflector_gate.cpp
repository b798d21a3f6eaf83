// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/reflector_gate.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cxedge::plugins {
namespace {

constexpr unsigned kV4Bits = 32;
constexpr unsigned kV6Bits = 128;
constexpr std::chrono::seconds kCleanAgain{1};

std::optional<unsigned> prefix_of(std::string_view text, unsigned most) {
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    const bool whole = end == text.data() + text.size();
    return error == std::errc() && whole && bits <= most ? std::optional(bits) : std::nullopt;
}

}  // namespace

Network::Bytes Network::bytes_of(const SocketAddress& address) {
    Bytes bytes{};
    const std::string_view host = address.host_bytes();
    std::memcpy(bytes.data(), host.data(), host.size());
    return bytes;
}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const std::optional<SocketAddress> address = SocketAddress::parse(host);
    if (!address || host.find('%') != std::string_view::npos) {
        return std::nullopt;
    }
    const unsigned most = address->is_v6() ? kV6Bits : kV4Bits;
    const std::optional<unsigned> bits = slash == std::string_view::npos
                                             ? std::optional(most)
                                             : prefix_of(text.substr(slash + 1), most);
    if (!bits) {
        return std::nullopt;
    }
    Network network;
    network.family_ = address->family();
    network.bits_ = *bits;
    network.bytes_ = bytes_of(*address);
    return network;
}

bool Network::holds(const SocketAddress& address) const {
    if (address.family() != family_) {
        return false;
    }
    const Bytes bytes = bytes_of(address);
    for (unsigned i = 0; i * 8 < bits_; ++i) {
        const unsigned rest = std::min(8U, bits_ - i * 8);
        const unsigned mask = (0xFFU << (8 - rest)) & 0xFFU;
        if (((bytes[i] ^ bytes_[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

ReflectorRate::ReflectorRate(double of_one, double of_all)
    : of_one_(of_one), of_all_(of_all), all_{std::max(1.0, of_all), SteadyTime{}} {}

double ReflectorRate::tokens_at(const Bucket& bucket, double per_s, SteadyTime now) {
    const std::chrono::duration<double> passed = now - bucket.at;
    return std::min(std::max(1.0, per_s), bucket.tokens + std::max(0.0, passed.count()) * per_s);
}

bool ReflectorRate::take_from(Bucket& bucket, double per_s, SteadyTime now) {
    bucket.tokens = tokens_at(bucket, per_s, now);
    bucket.at = now;
    if (bucket.tokens < 1) {
        return false;
    }
    bucket.tokens -= 1;
    return true;
}

ReflectorRate::Bucket* ReflectorRate::bucket_of(const std::string& address, SteadyTime now) {
    if (const auto known = buckets_.find(address); known != buckets_.end()) {
        return &known->second;
    }
    if (buckets_.size() >= kMostAddresses && now - cleaned_ >= kCleanAgain) {
        cleaned_ = now;
        // A full bucket says nothing that a new one would not.
        std::erase_if(buckets_, [&](const auto& each) {
            return tokens_at(each.second, of_one_, now) >= std::max(1.0, of_one_);
        });
    }
    if (buckets_.size() >= kMostAddresses) {
        return nullptr;
    }
    return &buckets_.try_emplace(address, Bucket{std::max(1.0, of_one_), now}).first->second;
}

bool ReflectorRate::take(const SocketAddress& from, SteadyTime now) {
    Bucket* const bucket = bucket_of(from.text(), now);
    return bucket != nullptr && take_from(*bucket, of_one_, now) && take_from(all_, of_all_, now);
}

}  // namespace cxedge::plugins
