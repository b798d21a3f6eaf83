// SPDX-License-Identifier: Apache-2.0
// What may be remembered of a view: enough to tell that a camera looks elsewhere, and nothing that
// a picture could be made of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::camera {

// A view reduced to 80 x 60 cells in 8 x 6 blocks of 10 x 10.
struct ViewGrid {
    static constexpr std::size_t kCellsX = 80;
    static constexpr std::size_t kCellsY = 60;
    static constexpr std::size_t kBlocksX = 8;
    static constexpr std::size_t kBlocksY = 6;
    static constexpr std::size_t kWide = kCellsX / kBlocksX;
    static constexpr std::size_t kHigh = kCellsY / kBlocksY;
    static constexpr std::size_t kCells = kCellsX * kCellsY;
    static constexpr std::size_t kBlocks = kBlocksX * kBlocksY;
    using Cells = std::array<float, kCells>;    // grey of cells, 0 to 255
    using Blocks = std::array<float, kBlocks>;  // something of each block of cells
    using Marks = std::array<bool, kBlocks>;
};

// For each of the 48 blocks, how strong its edges are in each of 8 directions, 4 bits each: 192
// bytes. Neither brightness nor colour nor a place within a block is in it, and an edge and its
// opposite are the same; a whole person is one block or two. Thread: any.
class ViewDigest {
public:
    static constexpr std::size_t kDirections = 8;
    static constexpr std::size_t kBytes = ViewGrid::kBlocks * kDirections / 2;

    ViewDigest() = default;
    // Of a view without people (an average over time). Masked blocks are left out.
    ViewDigest(const ViewGrid::Cells& grey, const ViewGrid::Marks& masked);

    [[nodiscard]] std::string bytes() const;
    // Empty: not what bytes() wrote.
    static std::optional<ViewDigest> from_bytes(std::string_view bytes);

    // -1 to 1: the same. `other` is taken that many blocks further right and down.
    struct Shift {
        int x = 0;
        int y = 0;
    };
    [[nodiscard]] double likeness(const ViewDigest& other, const Shift& shift) const;

    bool operator==(const ViewDigest&) const = default;

private:
    std::array<std::uint8_t, ViewGrid::kBlocks * kDirections> strength_{};  // 0 to 15
};

// Whether `now` is another view than `then`: nothing is alike, or things are alike a block further,
// where a turned camera shows them. Light makes neither. `before`: it was so a moment ago.
bool looks_elsewhere(const ViewDigest& then, const ViewDigest& now, bool before);

}  // namespace cxedge::camera
