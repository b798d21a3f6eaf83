// SPDX-License-Identifier: Apache-2.0
// The one picture that may leave a camera's process: for an installer at the box, who allowed it
// there, and of nobody.
#pragma once

#include <string>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/stream_settings.hpp"

namespace cxedge::camera {

// Whether a snapshot may be taken. Two things say so, and neither can come from the platform: the
// setting, which counts only from the box's own configuration file (check_stream_settings), and
// `consent_file`, which must belong to root and which nobody else may write.
Status snapshot_allowed(const StreamSettings& settings, const std::string& consent_file);

// Makes a picture that shows a place and no person: 120 blocks of one colour across, so that a face
// is a few of them even if nobody was found; who was found is one block, a third larger than the
// person.
void make_anonymous(Frame& frame, const std::vector<Detection>& people);

// Watches `source` until `detector` knows the place (a few seconds), or to the end of a film, and
// returns the last picture, anonymous.
Result<Frame> take_snapshot(FrameSource& source, Detector& detector);

// The bytes of a PNG file.
Result<std::vector<std::uint8_t>> encode_png(const Frame& frame);

}  // namespace cxedge::camera
