// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_stash.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <numeric>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/byte_codec.hpp"
#include "agent/base/ids.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::store {
namespace {

constexpr std::string_view kStashMagic = "CXHS1\n";
constexpr std::size_t kMostStashBytes = 64U << 20U;

void write_slice(const StashedSlice& slice, ByteWriter& out) {
    out.number(slice.number);
    out.number(slice.items);
    out.number(slice.boot);
    out.signed_number(slice.offset_ms);
    out.number(slice.chunks.size());
    for (const SlicedChunk& sliced : slice.chunks) {
        const HistoryChunk& chunk = sliced.chunk;
        out.number((sliced.device ? 1U : 0U) | (sliced.events ? 2U : 0U));
        out.signed_number(chunk.origin_ms);
        out.signed_number(chunk.first_ms);
        out.signed_number(chunk.last_ms);
        out.number(chunk.first_series);
        out.number(chunk.last_series);
        out.text(chunk.body);
    }
}

SlicedChunk read_sliced(ByteReader& in) {
    SlicedChunk sliced;
    const std::uint64_t flags = in.number();
    sliced.device = (flags & 1U) != 0;
    sliced.events = (flags & 2U) != 0;
    sliced.chunk.origin_ms = in.signed_number();
    sliced.chunk.first_ms = in.signed_number();
    sliced.chunk.last_ms = in.signed_number();
    sliced.chunk.first_series = static_cast<std::uint32_t>(in.number());
    sliced.chunk.last_series = static_cast<std::uint32_t>(in.number());
    sliced.chunk.body = in.text();
    return sliced;
}

StashedSlice read_slice(ByteReader& in) {
    StashedSlice slice;
    slice.number = in.number();
    slice.items = in.number();
    slice.boot = static_cast<std::uint32_t>(in.number());
    slice.offset_ms = in.signed_number();
    for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
        slice.chunks.push_back(read_sliced(in));
    }
    return slice;
}

Status write_all(const UniqueFd& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return system_error("writing", errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return {};
}

}  // namespace

std::size_t StashedSlice::bytes() const {
    return std::accumulate(
        chunks.begin(),
        chunks.end(),
        std::size_t{0},
        [](std::size_t all, const SlicedChunk& each) { return all + each.chunk.body.size(); }
    );
}

std::string encode_stash(const HistoryStash& stash) {
    std::string body;
    ByteWriter out(body);
    out.text(stash.context);
    out.number(stash.through);
    out.number(stash.run);
    out.number(stash.last_number);
    out.number(stash.definitions.size());
    for (const std::string& definition : stash.definitions) {
        out.text(definition);
    }
    out.number(stash.slices.size());
    for (const StashedSlice& slice : stash.slices) {
        write_slice(slice, out);
    }
    std::string bytes(kStashMagic);
    ByteWriter(bytes).number(crc32c(body));
    return bytes + body;
}

Result<HistoryStash> decode_stash(std::string_view bytes) {
    if (bytes.substr(0, kStashMagic.size()) != kStashMagic) {
        return corrupt("history stash: not one of this version");
    }
    ByteReader head(bytes.substr(kStashMagic.size()));
    const std::uint64_t crc = head.number();
    const std::string_view body = bytes.substr(bytes.size() - head.left());
    if (!head.good() || crc != crc32c(body)) {
        return corrupt("history stash: check sum");
    }
    ByteReader in(body);
    HistoryStash stash;
    stash.context = in.text();
    stash.through = in.number();
    stash.run = in.number();
    stash.last_number = in.number();
    for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
        stash.definitions.emplace_back(in.text());
    }
    for (std::uint64_t left = in.number(); left > 0 && in.good(); --left) {
        stash.slices.push_back(read_slice(in));
    }
    return in.good() && in.at_end() ? Result(std::move(stash)) : corrupt("history stash: cut off");
}

Status write_stash_file(const std::string& path, const HistoryStash& stash) {
    const std::string fresh = path + ".new";
    const UniqueFd file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kPrivateFile)
    );
    if (!file) {
        return system_error("opening " + fresh, errno);
    }
    Status written = write_all(file, encode_stash(stash));
    if (written && std::rename(fresh.c_str(), path.c_str()) != 0) {
        written = system_error("renaming " + fresh, errno);
    }
    if (!written) {
        ::unlink(fresh.c_str());
    }
    return written;
}

Result<HistoryStash> read_stash_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
        return not_found("no history stash");
    }
    if (static_cast<std::uint64_t>(info.st_size) > kMostStashBytes) {
        return corrupt("history stash: too large");
    }
    std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
    const ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
    if (got != static_cast<ssize_t>(bytes.size())) {
        return corrupt("history stash: cannot be read");
    }
    return decode_stash(bytes);
}

}  // namespace cxedge::store
