// SPDX-License-Identifier: Apache-2.0
// Pictures to files, for people to look at. Hides libav.
#pragma once

#include <memory>
#include <string>

#include "agent/base/result.hpp"

#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {

// A film of pictures of one size: H.264 where this libav can encode it, otherwise MPEG-4. The
// container follows from the name (".mp4").
class FilmWriter {
public:
    // Nothing is written before the first picture. `fps`: of the film, up to 1000.
    FilmWriter(std::string path, double fps);
    ~FilmWriter();
    FilmWriter(const FilmWriter&) = delete;
    FilmWriter& operator=(const FilmWriter&) = delete;

    // invalid_argument: of another size than the first.
    Status add(const Frame& frame);

    // Completes the file; without it the film is damaged.
    Status finish();

private:
    class Impl;
    std::string path_;
    double fps_;
    std::unique_ptr<Impl> impl_;
};

Status write_png(const std::string& path, const Frame& frame);

}  // namespace cxedge::camera
