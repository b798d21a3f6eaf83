// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/snapshot.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <sys/stat.h>

namespace cxedge::camera {
namespace {

constexpr int kBlocksAcross = 120;
constexpr int kOutlinesAcross = 40;
constexpr double kLarger = 4.0 / 3;
// Of capture time: a background is learnt in less.
constexpr std::chrono::seconds kWatch{8};
// A network misses somebody now and then, who has not gone far meanwhile.
constexpr std::chrono::seconds kStillThere{2};
constexpr int kMovingWidth = 320;

struct PixelBox {
    int left = 0;
    int top = 0;
    int right = 0;  // not included
    int bottom = 0;
};

std::size_t byte_at(const Frame& frame, int x, int y) {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
            static_cast<std::size_t>(x)) *
           3;
}

void fill(Frame& frame, const PixelBox& box, const std::array<std::uint8_t, 3>& colour) {
    for (int y = box.top; y < box.bottom; ++y) {
        for (int x = box.left; x < box.right; ++x) {
            std::copy(
                colour.begin(),
                colour.end(),
                frame.bgr.begin() + static_cast<std::ptrdiff_t>(byte_at(frame, x, y))
            );
        }
    }
}

std::array<std::uint8_t, 3> mean_colour(const Frame& frame, const PixelBox& box) {
    std::array<std::uint64_t, 3> sums{};
    std::uint64_t count = 0;
    for (int y = box.top; y < box.bottom; ++y) {
        for (int x = box.left; x < box.right; ++x, ++count) {
            const std::size_t at = byte_at(frame, x, y);
            sums[0] += frame.bgr[at];
            sums[1] += frame.bgr[at + 1];
            sums[2] += frame.bgr[at + 2];
        }
    }
    std::array<std::uint8_t, 3> mean{};
    for (std::size_t c = 0; c < 3; ++c) {
        mean[c] = static_cast<std::uint8_t>(sums[c] / std::max<std::uint64_t>(count, 1));
    }
    return mean;
}

void flatten(Frame& frame, const PixelBox& box) {
    fill(frame, box, mean_colour(frame, box));
}

PixelBox grown(const Frame& frame, const Box& person) {
    const Box wide = box_around(person.centre(), person.width * kLarger, person.height * kLarger);
    return {
        std::clamp(static_cast<int>(wide.x), 0, frame.width),
        std::clamp(static_cast<int>(wide.y), 0, frame.height),
        std::clamp(static_cast<int>(wide.right()) + 1, 0, frame.width),
        std::clamp(static_cast<int>(wide.bottom()) + 1, 0, frame.height)};
}

}  // namespace

Status snapshot_allowed(const StreamSettings& settings, const std::string& consent_file) {
    if (settings.snapshot != "allowed") {
        return invalid_argument(
            "no snapshot: this camera has not `snapshot = \"allowed\"` in the box's own "
            "configuration file"
        );
    }
    struct stat info {};
    if (::lstat(consent_file.c_str(), &info) != 0) {
        return invalid_argument(
            "no snapshot: it must also be allowed at the box itself, by root: touch " + consent_file
        );
    }
    if (!S_ISREG(info.st_mode) || info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return invalid_argument(
            "no snapshot: " + consent_file +
            " must be a file that belongs to root and that nobody else may write"
        );
    }
    return {};
}

void make_anonymous(Frame& frame, const std::vector<Detection>& people, Detail detail) {
    for (const Detection& person : people) {
        flatten(frame, grown(frame, person.box));
    }
    const int across = detail == Detail::place ? kBlocksAcross : kOutlinesAcross;
    const int side = std::max(1, (frame.width + across - 1) / across);
    for (int y = 0; y < frame.height; y += side) {
        for (int x = 0; x < frame.width; x += side) {
            flatten(
                frame, {x, y, std::min(x + side, frame.width), std::min(y + side, frame.height)}
            );
        }
    }
}

Anonymiser::Anonymiser(const EngineChoice& engine, std::unique_ptr<Detector> detector)
    : finds_who_stands_(engine.kind != EngineKind::motion),
      detector_(std::move(detector)),
      moving_(std::make_unique<Foreground>(kMovingWidth)) {}

// Without corners of lines: the network looks at the whole picture.
Result<Anonymiser> Anonymiser::make(const EngineChoice& engine) {
    Result<std::unique_ptr<Detector>> detector = make_detector(engine, {});
    if (!detector) {
        return detector.error();
    }
    return Anonymiser(engine, std::move(*detector));
}

void Anonymiser::look(const Frame& frame) {
    began_ = began_.value_or(frame.time);
    watched_ = frame.time - *began_ >= kWatch;
    Seen now{frame.time, detector_->detect(frame, true)};
    const ForegroundMask& mask = moving_->update(frame);
    for (const Patch& patch : mask.patches) {
        now.people.push_back({scaled(patch.box, mask.reduction), 1});
    }
    seen_.push_back(std::move(now));
    while (frame.time - seen_.front().time > kStillThere) {
        seen_.pop_front();
    }
}

void Anonymiser::hide(Frame& frame) const {
    std::vector<Detection> people;
    for (const Seen& each : seen_) {
        people.insert(people.end(), each.people.begin(), each.people.end());
    }
    const bool judged = finds_who_stands_ && watched_;
    make_anonymous(frame, people, judged ? Detail::place : Detail::outlines);
}

Result<Frame> take_snapshot(FrameSource& source, Anonymiser& anonymiser) {
    if (Status opened = source.open(); !opened) {
        return opened.error();
    }
    Frame frame;
    Frame last;
    while (!anonymiser.watched_enough()) {
        const Result<bool> got = source.next(frame);
        if (!got) {
            return got.error();
        }
        if (!*got) {
            break;
        }
        anonymiser.look(frame);
        std::swap(last, frame);
    }
    source.close();
    if (last.width == 0) {
        return corrupt("the film has no picture");
    }
    anonymiser.hide(last);
    return last;
}

}  // namespace cxedge::camera
