// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "plugins/camera/zone.hpp"

namespace cxedge::camera {

// A queue in one picture. arrived = served + abandoned + still there + lost from sight.
struct QueueView {
    int length = 0;                // people who wait, median of the last second
    int arrived = 0;               // joined: stood for min_stay, or were served before that
    int served = 0;                // left through the service side
    int abandoned = 0;             // stood, and left through another side
    std::vector<FrameTime> waits;  // of those served, from entering to leaving the zone
    // What somebody who joins now will probably wait: people ahead / people served per time
    // (Little's law, W = L / lambda). Empty: the pace of service is not known yet.
    std::optional<double> forecast_s;
};

// Reads a zone as a queue. Thread: one.
class Queue {
public:
    explicit Queue(std::size_t service_side) : service_side_(service_side) {}

    QueueView update(const ZoneView& zone, FrameTime time);

private:
    std::size_t service_side_;
    std::optional<FrameTime> last_;
    // Since the first who was served, forgetting exponentially so that the forecast follows the
    // day.
    bool serving_ = false;
    double served_ = 0;
    double busy_s_ = 0;  // time in which somebody waited: an idle till serves nobody

    void judge(const ZoneView::Ended& ended, QueueView& view) const;
    void learn_pace(const QueueView& view, FrameTime time);
};

}  // namespace cxedge::camera
