// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "plugins/camera/assignment.hpp"

namespace cxedge::camera {
namespace {

constexpr int kHitsToConfirm = 3;
// A track without support goes on along its path for this long (behind a pillar or a person) ...
constexpr double kCoastS = 1.2;
// ... but not before it is confirmed: noise should not live.
constexpr double kCoastUnconfirmedS = 0.35;
// Positions are averaged over about this time; blobs jitter by several pixels.
constexpr double kSmoothS = 0.15;
constexpr double kSmoothSizeS = 0.5;
// A coasting person slows down: most who vanish have stopped or turned.
constexpr double kSlowDownS = 0.6;
// Farther than this, in lengths of the person, is somebody else; grows while unseen.
constexpr double kReach = 0.9;
constexpr double kReachPerS = 0.6;
constexpr double kForbidden = 1.0;
// A detection mostly inside a person already followed is a part of that person.
constexpr double kSamePerson = 0.7;
// Weak detections only continue tracks (ByteTrack, https://arxiv.org/abs/2110.06864), and must lie
// where the track is: half hidden people score low, but so does noise.
constexpr double kWeakIou = 0.3;

double gain(double step_s, double smooth_s) {
    return 1 - std::exp(-step_s / smooth_s);
}

// 0 = surely the same, 1 = surely not.
double cost_of(const Track& track, const Box& seen, double unseen_s) {
    const double scale = (track.box.scale() + seen.scale()) / 2;
    const double away = distance(track.box.centre(), seen.centre()) / scale;
    const double reach = kReach + kReachPerS * unseen_s;
    const double ratio = std::max(track.box.area(), 1.0) / std::max(seen.area(), 1.0);
    if (away > reach || ratio > 4 || ratio < 0.25) {
        return kForbidden;
    }
    return std::min(0.99, 0.5 * (1 - iou(track.box, seen)) + 0.5 * away / reach);
}

double inside_share(const Box& part, const Box& whole) {
    return overlap_area(part, whole) / std::max(1.0, std::min(part.area(), whole.area()));
}

}  // namespace

void Tracker::update(const std::vector<Detection>& detections, FrameTime time) {
    predict(seconds(time - now_));
    now_ = time;
    const auto weak = [](const Detection& each) {
        return each.score < kSureScore;
    };
    std::vector<Detection> sure;
    std::remove_copy_if(detections.begin(), detections.end(), std::back_inserter(sure), weak);
    const std::vector<int> matched = match(sure);
    for (std::size_t i = 0; i < matched.size(); ++i) {
        if (matched[i] != kUnassigned) {
            correct(tracks_[i], sure[static_cast<std::size_t>(matched[i])].box, time);
        }
    }
    std::vector<Detection> faint;
    std::copy_if(detections.begin(), detections.end(), std::back_inserter(faint), weak);
    sustain(faint, time);
    give_birth(sure, matched);
    bury(time);
}

void Tracker::sustain(const std::vector<Detection>& faint, FrameTime time) {
    CostMatrix costs(tracks_.size(), faint.size(), kForbidden);
    for (std::size_t t = 0; t < tracks_.size(); ++t) {
        if (tracks_[t].seen == time || !tracks_[t].confirmed) {
            continue;
        }
        for (std::size_t d = 0; d < faint.size(); ++d) {
            const double overlap = iou(tracks_[t].box, faint[d].box);
            costs.at(t, d) = overlap >= kWeakIou ? 1 - overlap : kForbidden;
        }
    }
    const std::vector<int> matched = assign(costs, kForbidden);
    for (std::size_t t = 0; t < matched.size(); ++t) {
        if (matched[t] != kUnassigned) {
            correct(tracks_[t], faint[static_cast<std::size_t>(matched[t])].box, time);
        }
    }
}

void Tracker::predict(double step_s) {
    for (Track& track : tracks_) {
        track.box.x += track.velocity.x * step_s;
        track.box.y += track.velocity.y * step_s;
        if (track.seen < now_) {
            const double keep = std::exp(-step_s / kSlowDownS);
            track.velocity = {track.velocity.x * keep, track.velocity.y * keep};
        }
    }
}

std::vector<int> Tracker::match(const std::vector<Detection>& detections) const {
    CostMatrix costs(tracks_.size(), detections.size(), kForbidden);
    for (std::size_t t = 0; t < tracks_.size(); ++t) {
        const double unseen = seconds(now_ - tracks_[t].seen);
        for (std::size_t d = 0; d < detections.size(); ++d) {
            costs.at(t, d) = cost_of(tracks_[t], detections[d].box, unseen);
        }
    }
    return assign(costs, kForbidden);
}

void Tracker::correct(Track& track, const Box& seen, FrameTime time) {
    const double step = std::max(1e-3, seconds(time - track.seen));
    const double alpha = gain(step, kSmoothS);
    const double beta = alpha * alpha / (2 - alpha);
    const Point centre = track.box.centre();
    const Point miss{seen.centre().x - centre.x, seen.centre().y - centre.y};
    const double size = gain(step, kSmoothSizeS);
    const Point corrected{centre.x + alpha * miss.x, centre.y + alpha * miss.y};
    track.velocity.x += beta * miss.x / step;
    track.velocity.y += beta * miss.y / step;
    track.box = box_around(
        corrected,
        track.box.width + size * (seen.width - track.box.width),
        track.box.height + size * (seen.height - track.box.height)
    );
    track.seen = time;
    ++track.hits;
    track.confirmed = track.confirmed || track.hits >= kHitsToConfirm;
}

void Tracker::give_birth(
    const std::vector<Detection>& detections, const std::vector<int>& matched
) {
    const std::size_t known = matched.size();
    for (std::size_t d = 0; d < detections.size(); ++d) {
        const bool taken =
            std::find(matched.begin(), matched.end(), static_cast<int>(d)) != matched.end();
        const bool part = std::any_of(
            tracks_.begin(),
            tracks_.begin() + static_cast<std::ptrdiff_t>(known),
            [&](const Track& track) {
                return track.seen == now_ &&
                       inside_share(detections[d].box, track.box) > kSamePerson;
            }
        );
        if (!taken && !part && detections[d].score >= kBirthScore) {
            tracks_.push_back({next_id_++, detections[d].box, {}, now_, now_, 1, false});
        }
    }
}

void Tracker::bury(FrameTime time) {
    std::erase_if(tracks_, [&](const Track& track) {
        return seconds(time - track.seen) > (track.confirmed ? kCoastS : kCoastUnconfirmedS);
    });
}

}  // namespace cxedge::camera
