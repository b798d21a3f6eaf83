// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "plugins/camera/people.hpp"
#include "plugins/camera/polygon.hpp"
#include "plugins/camera/recent_median.hpp"

namespace cxedge::camera {

// An area of the floor as the installer draws it.
struct ZoneLayout {
    Polygon polygon;  // corners as fractions of the picture
    // Who stands for a shorter time only passes.
    FrameTime min_stay = std::chrono::seconds(2);
    // Set: people queue here, and who is served leaves through this side (index of its corner).
    std::optional<std::size_t> service_side;
};

enum class VisitEnd {
    left,     // walked out
    lost,     // was not seen any more
    cut_off,  // was there when the stream ended: nobody knows how long it would have lasted
};

struct Visit {
    FrameTime entered{0};
    FrameTime left{0};  // or last seen
    // First and last moment at which the visitor stood: walking in and out is no dwelling.
    std::optional<FrameTime> stood_from;
    FrameTime stood_until{0};
    VisitEnd end = VisitEnd::left;
    // Sides through which the visitor came and went (when lost: next to which); empty: appeared or
    // vanished in the middle.
    std::optional<std::size_t> came_through;
    std::optional<std::size_t> left_through;

    [[nodiscard]] FrameTime stood_for() const {
        return stood_from ? stood_until - *stood_from : FrameTime(0);
    }
};

// A zone in one picture.
struct ZoneView {
    int present = 0;  // people, median of the last second
    int staying = 0;  // those of them who have stood for min_stay
    int stays = 0;    // visits that became long enough to count with this picture
    struct Ended {
        Visit visit;
        bool stayed = false;
    };
    std::vector<Ended> ended;
};

// Watches who is in one zone. A person is where the foot is. Thread: one.
class Zone {
public:
    Zone(const ZoneLayout& layout, PictureSize picture);

    ZoneView update(const std::vector<Person>& people, FrameTime time);

    // The stream has ended or is about to jump: ends all visits.
    std::vector<ZoneView::Ended> finish();

private:
    struct Guest {
        Visit visit;
        bool inside = false;
        bool real = false;    // has moved
        bool stayed = false;  // long enough, and told
        bool listed = true;
        Point clear;  // last place clearly in or out
        Point foot;
        double scale = 0;
        FrameTime seen{0};
    };

    Polygon polygon_;               // pixels
    std::vector<bool> open_sides_;  // not on the border of the picture
    FrameTime min_stay_;
    double widest_edge_;
    std::map<std::uint64_t, Guest> guests_;
    RecentMedian present_;
    RecentMedian staying_;

    void observe(Guest& guest, const Person& person, ZoneView& view) const;
    void place(Guest& guest, const Person& person, ZoneView& view) const;
    static void stand(Guest& guest, const Person& person);
    void confirm_stay(Guest& guest, ZoneView& view) const;
    void lose(Guest& guest, std::vector<ZoneView::Ended>& ended) const;
    [[nodiscard]] double depth(Point p) const;
    [[nodiscard]] std::optional<std::size_t> nearest_side(const Guest& guest) const;
};

}  // namespace cxedge::camera
