// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/compression.hpp"

#include <fmt/core.h>
#include <zstd.h>

#include "agent/base/freed.hpp"

namespace cxedge::wire {
namespace {

constexpr int kLevel = 3;
// A zstd frame has about 12 bytes of its own; nothing this small gets smaller.
constexpr std::size_t kSmallestWorthTrying = 48;

}  // namespace

struct Compressor::Context {
    std::unique_ptr<ZSTD_CCtx, Freed<&ZSTD_freeCCtx>> zstd{ZSTD_createCCtx()};
    std::string buffer;
};

Compressor::Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

std::uint32_t Compressor::shrink(std::string& bytes) {
    if (bytes.size() < kSmallestWorthTrying) {
        return kCodecRaw;
    }
    if (!context_) {
        context_ = std::make_unique<Context>();
    }
    // One byte less than the input: a result that is not smaller does not fit and is an error.
    context_->buffer.resize(bytes.size() - 1);
    const std::size_t size = ZSTD_compressCCtx(
        context_->zstd.get(),
        context_->buffer.data(),
        context_->buffer.size(),
        bytes.data(),
        bytes.size(),
        kLevel
    );
    if (ZSTD_isError(size) != 0) {
        return kCodecRaw;
    }
    bytes.assign(context_->buffer, 0, size);
    return kCodecZstd;
}

namespace {

Result<std::string> unzstd(std::string_view bytes, std::size_t max_bytes) {
    const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
        return corrupt("zstd: not a frame with its content size in the header");
    }
    if (size > max_bytes) {
        return corrupt(
            fmt::format("zstd: {} bytes after decompression, at most {} allowed", size, max_bytes)
        );
    }
    std::string out(static_cast<std::size_t>(size), '\0');
    const std::size_t written = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(written) != 0) {
        return corrupt(fmt::format("zstd: {}", ZSTD_getErrorName(written)));
    }
    if (written != out.size()) {
        return corrupt(fmt::format("zstd: {} bytes, the header says {}", written, out.size()));
    }
    return out;
}

}  // namespace

Result<std::string> decompress(std::uint32_t codec, std::string_view bytes, std::size_t max_bytes) {
    if (codec == kCodecZstd) {
        return unzstd(bytes, max_bytes);
    }
    if (codec != kCodecRaw) {
        return corrupt(fmt::format("codec {} is unknown", codec));
    }
    if (bytes.size() > max_bytes) {
        return corrupt(fmt::format("{} bytes, at most {} allowed", bytes.size(), max_bytes));
    }
    return std::string(bytes);
}

}  // namespace cxedge::wire
