// SPDX-License-Identifier: Apache-2.0
// Where pictures come from: one seam over files, network cameras and local devices. No header of
// libav or OpenCV is needed to use it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

#include "plugins/camera/privacy_mask.hpp"

namespace cxedge::camera {

// A picture reduced to the width that the analysis asked for, and when it was taken.
struct Frame {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> bgr;  // rows of width * 3 bytes, no padding
    // Capture time since the first frame of the source; never goes back, also not when a file is
    // repeated or a camera restarts its own clock.
    std::chrono::microseconds time{0};
    std::uint64_t number = 0;  // files: of the picture since the beginning of the file
    // First frame after a jump in what is seen (a file begins again): whatever was followed up
    // to here is gone.
    bool seam = false;
    // The picture as the camera sent it, before it was scaled.
    int source_width = 0;
    int source_height = 0;
    // When it could have been processed first, on the steady clock: the age of a processed picture
    // counts from here. What waited in a socket is older than its reading.
    SteadyTime arrived{};
};

enum class Pace {
    real,  // a file is replayed at the speed at which it was recorded
    fast,  // as fast as the machine can
};

struct FrameOptions {
    int width = 320;  // pictures are scaled to this width, never enlarged
    double fps = 10;  // frames above this rate are decoded but not delivered
    Pace pace = Pace::real;
    bool loop = false;                        // files: begin again at the end
    std::chrono::milliseconds timeout{5000};  // opening, and silence while reading
    // Blackened in every picture that leaves the source.
    std::vector<Polygon> masks;
};

// Thread: one, except that `stop` may be set by any other and makes a blocked call return soon.
class FrameSource {
public:
    virtual ~FrameSource() = default;

    // `unavailable`: worth trying again (a camera that does not answer). not_found, corrupt and
    // invalid_argument: it will not help. Messages begin with the kind and the place, without
    // any password: "file: /x.avi: no video stream".
    virtual Status open() = 0;

    // Waits for the next frame due; false = a file has ended. After an error: close() and open().
    virtual Result<bool> next(Frame& frame) = 0;

    virtual void close() = 0;

    // From the next frame on, `fps` instead of FrameOptions::fps.
    virtual void set_fps(double fps) = 0;
};

// `address`: "file:PATH", "rtsp://...", "rtsps://..." or "v4l2:/dev/videoN". Touches nothing yet.
// `clock` and `stop` must outlive the source.
Result<std::unique_ptr<FrameSource>> make_frame_source(
    std::string_view address,
    const FrameOptions& options,
    const Clock& clock,
    const std::atomic<bool>& stop
);

// A camera, which is worth trying again whatever went wrong; otherwise a file, which does not get
// better by waiting.
bool is_live(std::string_view address);

// What is wrong with an address, or empty.
std::string address_problem(std::string_view address);

// The address without user name and password, for logs and messages.
std::string public_address(std::string_view address);

}  // namespace cxedge::camera
