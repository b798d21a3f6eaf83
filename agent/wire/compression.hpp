// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::wire {

// cx.v1.Codec.
inline constexpr std::uint32_t kCodecRaw = 0;
inline constexpr std::uint32_t kCodecZstd = 1;

// Keeps its zstd context, which costs more to make than a small batch costs to compress. Thread:
// one.
class Compressor {
public:
    Compressor();
    Compressor(Compressor&& other) noexcept;
    Compressor& operator=(Compressor&& other) noexcept;
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    ~Compressor();

    // Replaces `bytes` by a zstd frame when that is smaller; returns the codec that `bytes` now
    // has.
    std::uint32_t shrink(std::string& bytes);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

// Undoes `codec`. corrupt: unknown codec, not a zstd frame, or larger than `max_bytes`.
Result<std::string> decompress(std::uint32_t codec, std::string_view bytes, std::size_t max_bytes);

}  // namespace cxedge::wire
