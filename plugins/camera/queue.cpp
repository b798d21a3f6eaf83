// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/queue.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cxedge::camera {
namespace {

// Tills open and close within quarters of an hour.
constexpr double kForgetS = 600;
// A rate from less than one customer is a guess.
constexpr double kLeastServed = 0.5;
// Between two pictures; longer, the camera was away and nobody knows what happened.
constexpr double kLongestStepS = 2;

}  // namespace

QueueView Queue::update(const ZoneView& zone, FrameTime time) {
    QueueView view;
    for (const ZoneView::Ended& each : zone.ended) {
        judge(each, view);
    }
    view.length = zone.staying;
    view.arrived += zone.stays;
    learn_pace(view, time);
    if (view.length == 0) {
        view.forecast_s = 0;
    } else if (served_ >= kLeastServed) {
        view.forecast_s = view.length * busy_s_ / served_;
    }
    return view;
}

void Queue::judge(const ZoneView::Ended& ended, QueueView& view) const {
    const Visit& visit = ended.visit;
    // Who comes from the till walks back through the queue or works there.
    const bool customer = visit.came_through != service_side_;
    if (!customer || visit.end == VisitEnd::cut_off) {
        return;
    }
    if (visit.left_through == service_side_) {
        ++view.served;
        view.arrived += ended.stayed ? 0 : 1;
        view.waits.push_back(visit.left - visit.entered);
    } else if (ended.stayed && visit.left_through) {
        ++view.abandoned;
    }
}

void Queue::learn_pace(const QueueView& view, FrameTime time) {
    const FrameTime since = time - std::exchange(last_, time).value_or(time);
    const double step = std::min(seconds(since), kLongestStepS);
    const double keep = std::exp(-step / kForgetS);
    if (!serving_) {
        serving_ = view.served > 0;  // what is between two of them is the pace
        return;
    }
    const bool busy = view.length > 0 || view.served > 0;
    busy_s_ = busy_s_ * keep + (busy ? step : 0);
    served_ = served_ * keep + view.served;
}

}  // namespace cxedge::camera
