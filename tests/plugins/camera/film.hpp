// SPDX-License-Identifier: Apache-2.0
// Films written by a test: uncompressed, so that every picture is what the test drew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <string>

#include "plugins/camera/frame_source.hpp"

namespace cxedge::test {

struct FilmSize {
    int width = 160;
    int height = 120;
};

// Grey of the pixel (x, y) of picture `n`.
using Pixel = std::function<std::uint8_t(int n, int x, int y)>;

// A Y4M file of `pictures` at 10 a second.
inline void write_film(const std::string& path, FilmSize size, int pictures, const Pixel& pixel) {
    std::ofstream file(path, std::ios::binary);
    file << "YUV4MPEG2 W" << size.width << " H" << size.height << " F10:1 Ip A1:1 Cmono\n";
    for (int n = 0; n < pictures; ++n) {
        file << "FRAME\n";
        for (int i = 0; i < size.width * size.height; ++i) {
            file.put(static_cast<char>(pixel(n, i % size.width, i / size.width)));
        }
    }
}

// One picture as PPM; several in one file are a film whose size may change.
inline std::string ppm(FilmSize size, std::uint8_t grey) {
    std::string out =
        "P6\n" + std::to_string(size.width) + " " + std::to_string(size.height) + "\n255\n";
    out.append(
        static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 3,
        static_cast<char>(grey)
    );
    return out;
}

// The same as a frame at `seconds`, without a file.
inline camera::Frame drawn(FilmSize size, double seconds, const Pixel& pixel) {
    camera::Frame frame;
    frame.width = size.width;
    frame.height = size.height;
    frame.time = std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
    const int count = size.width * size.height;
    frame.bgr.resize(static_cast<std::size_t>(count) * 3);
    for (int i = 0; i < count; ++i) {
        const std::uint8_t grey =
            pixel(static_cast<int>(seconds * 10), i % size.width, i / size.width);
        std::fill_n(frame.bgr.data() + static_cast<std::size_t>(i) * 3, 3, grey);
    }
    return frame;
}

}  // namespace cxedge::test
