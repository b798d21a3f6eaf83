// SPDX-License-Identifier: Apache-2.0
// The one picture that may leave a camera's process: for an installer at the box, who allowed it
// there, and of nobody.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/camera/engine.hpp"
#include "plugins/camera/foreground.hpp"
#include "plugins/camera/stream_settings.hpp"

namespace cxedge::camera {

// Whether a snapshot may be taken. Two things say so, and neither can come from the platform: the
// setting, which counts only from the box's own configuration file (check_stream_settings), and
// `consent_file`, which must belong to root and which nobody else may write.
Status snapshot_allowed(const StreamSettings& settings, const std::string& consent_file);

// How much of a place is left where nobody was found.
enum class Detail {
    place,     // 120 blocks across: a face is a few of them even if its owner was missed
    outlines,  // 40 blocks across: a person is a few
};

// Makes a picture that shows a place and no person: blocks of one colour, and everybody in `people`
// is one block, a third larger than the person.
void make_anonymous(Frame& frame, const std::vector<Detection>& people, Detail detail);

// Hides whoever is in a picture, and whatever may be somebody: who was found in the last seconds by
// what the camera counts with, in the whole picture, and all that moves. Where that cannot be told
// (no network: who stands still is not found; not watched for long enough) only outlines are left.
// Thread: one.
class Anonymiser {
public:
    // Reads and tries the model.
    static Result<Anonymiser> make(const EngineChoice& engine);

    [[nodiscard]] int picture_width() const { return detector_->picture_width(); }
    // Every picture up to the one that is to be shown.
    void look(const Frame& frame);
    // What stands still is known from what moves.
    [[nodiscard]] bool watched_enough() const { return watched_; }
    // `frame`: the last one looked at.
    void hide(Frame& frame) const;

private:
    struct Seen {
        std::chrono::microseconds time{0};
        std::vector<Detection> people;
    };
    bool finds_who_stands_;
    std::unique_ptr<Detector> detector_;
    std::unique_ptr<Foreground> moving_;
    std::deque<Seen> seen_;
    std::optional<std::chrono::microseconds> began_;
    bool watched_ = false;

    Anonymiser(const EngineChoice& engine, std::unique_ptr<Detector> detector);
};

// Watches `source` for a few seconds, or to the end of a film, and returns the last picture,
// anonymous.
Result<Frame> take_snapshot(FrameSource& source, Anonymiser& anonymiser);

// The bytes of a PNG file.
Result<std::vector<std::uint8_t>> encode_png(const Frame& frame);

}  // namespace cxedge::camera
