// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/blob_splitter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace cxedge::camera {
namespace {

// A patch up to this much bigger than a person is still one: arms, bags, long strides.
constexpr double kOneWidth = 1.5;
constexpr double kOneHeight = 1.35;
// Parts join as long as the whole is not bigger than a person.
constexpr double kJoinWidth = 1.15;
constexpr double kJoinHeight = 1.15;
// A person's outline fills about this much of its box.
constexpr double kFill = 0.6;
// Less foreground than this share of a person is a fragment or noise.
constexpr double kLeast = 0.35;
// Background inside a box counts against it by this much of a foreground pixel.
constexpr double kEmptyPenalty = 0.3;
constexpr double kLeastBeside = 0.45;  // of a person that is looked for beside another

// Foreground patches that together look like one thing.
struct Group {
    Box box;
    int pixels = 0;
    std::vector<int> labels;
};

Box union_of(const Box& a, const Box& b) {
    const double x = std::min(a.x, b.x);
    const double y = std::min(a.y, b.y);
    return {x, y, std::max(a.right(), b.right()) - x, std::max(a.bottom(), b.bottom()) - y};
}

bool joinable(const Group& a, const Group& b, const PersonSize& size) {
    const Box whole = union_of(a.box, b.box);
    const Size person = size.at(whole.bottom());
    return whole.width <= kJoinWidth * person.width && whole.height <= kJoinHeight * person.height;
}

void absorb(Group& into, const Group& other) {
    into.box = union_of(into.box, other.box);
    into.pixels += other.pixels;
    into.labels.insert(into.labels.end(), other.labels.begin(), other.labels.end());
}

// Joins the first pair that fits; false if there is none.
bool join_one(std::vector<Group>& groups, const PersonSize& size) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto rest = groups.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        const auto partner = std::find_if(rest, groups.end(), [&](const Group& other) {
            return joinable(groups[i], other, size);
        });
        if (partner != groups.end()) {
            absorb(groups[i], *partner);
            groups.erase(partner);
            return true;
        }
    }
    return false;
}

std::vector<Group> join_fragments(const ForegroundMask& mask, const PersonSize& size) {
    std::vector<Group> groups;
    for (const Patch& patch : mask.patches) {
        groups.push_back({patch.box, patch.pixels, {patch.label}});
    }
    while (join_one(groups, size)) {
    }
    return groups;
}

// The foreground of one group, counted in O(1) for any box; what a person explains is cleared.
class Cutout {
public:
    Cutout(const ForegroundMask& mask, const Group& group)
        : left_(static_cast<int>(group.box.x)),
          top_(static_cast<int>(group.box.y)),
          width_(static_cast<int>(group.box.width)),
          height_(static_cast<int>(group.box.height)),
          pixels_(cells(width_, height_)),
          sums_(cells(width_ + 1, height_ + 1)) {
        for (int y = 0; y < height_; ++y) {
            for (int x = 0; x < width_; ++x) {
                const auto label =
                    mask.labels[cells(mask.width, top_ + y) + static_cast<std::size_t>(left_ + x)];
                const bool ours = std::find(group.labels.begin(), group.labels.end(), label) !=
                                  group.labels.end();
                pixels_[at(x, y)] = ours ? 1 : 0;
            }
        }
        sum_up();
    }

    [[nodiscard]] int count(const Box& box) const {
        const int x0 = std::clamp(static_cast<int>(box.x) - left_, 0, width_);
        const int x1 = std::clamp(static_cast<int>(box.right()) - left_, 0, width_);
        const int y0 = std::clamp(static_cast<int>(box.y) - top_, 0, height_);
        const int y1 = std::clamp(static_cast<int>(box.bottom()) - top_, 0, height_);
        return sum(x1, y1) - sum(x0, y1) - sum(x1, y0) + sum(x0, y0);
    }

    // The box around what is left, in the picture; empty if nothing is.
    [[nodiscard]] Box extent() const {
        const auto is_set = [](auto pixel) {
            return pixel != 0;
        };
        int x0 = width_;
        int x1 = 0;
        int y0 = height_;
        int y1 = 0;
        for (int y = 0; y < height_; ++y) {
            const auto row = pixels_.begin() + static_cast<std::ptrdiff_t>(at(0, y));
            const auto end = row + width_;
            const auto left = std::find_if(row, end, is_set);
            if (left == end) {
                continue;
            }
            const auto right =
                std::find_if(std::reverse_iterator(end), std::reverse_iterator(left), is_set);
            x0 = std::min(x0, static_cast<int>(left - row));
            x1 = std::max(x1, static_cast<int>(right.base() - row));
            y0 = std::min(y0, y);
            y1 = y + 1;
        }
        return x1 > x0
                   ? Box{double(left_ + x0), double(top_ + y0), double(x1 - x0), double(y1 - y0)}
                   : Box{};
    }

    void clear(const Box& box) {
        const int x0 = std::clamp(static_cast<int>(box.x) - left_, 0, width_);
        const int x1 = std::clamp(static_cast<int>(box.right()) - left_, 0, width_);
        const int y0 = std::clamp(static_cast<int>(box.y) - top_, 0, height_);
        const int y1 = std::clamp(static_cast<int>(box.bottom()) - top_, 0, height_);
        for (int y = y0; y < y1; ++y) {
            for (int x = x0; x < x1; ++x) {
                pixels_[at(x, y)] = 0;
            }
        }
        sum_up();
    }

private:
    int left_;
    int top_;
    int width_;
    int height_;
    std::vector<std::uint8_t> pixels_;
    std::vector<int> sums_;  // of everything above and left

    static std::size_t cells(int width, int height) {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    }
    [[nodiscard]] std::size_t at(int x, int y) const {
        return cells(width_, y) + static_cast<std::size_t>(x);
    }
    [[nodiscard]] int sum(int x, int y) const {
        return sums_[cells(width_ + 1, y) + static_cast<std::size_t>(x)];
    }
    void sum_up() {
        for (int y = 0; y < height_; ++y) {
            int row = 0;
            for (int x = 0; x < width_; ++x) {
                row += pixels_[at(x, y)];
                sums_[cells(width_ + 1, y + 1) + static_cast<std::size_t>(x) + 1] =
                    sum(x + 1, y) + row;
            }
        }
    }
};

struct Candidate {
    Box box;
    double gain = 0;   // foreground explained minus emptiness claimed, in pixels
    double share = 0;  // of a person's foreground
};

enum class From { left, right };

// The person-sized box that explains most of what is left at one end of the group. Somebody must
// stand at each end; in the middle a box could as well cover half of two neighbours.
Candidate best_at_end(const Cutout& cutout, const Box& area, const PersonSize& size, From end) {
    Candidate best;
    const double step = std::max(1.0, size.at(area.bottom()).height / 12);
    const double highest = area.y + size.at(area.y).height / 3;
    const int feet = std::max(0, static_cast<int>(std::ceil((area.bottom() - highest) / step)));
    for (int i = 0; i < feet; ++i) {
        const double foot = area.bottom() - i * step;
        const Size person = size.at(foot);
        const double x = end == From::left ? area.x : area.right() - person.width;
        const Box box{x, foot - person.height, person.width, person.height};
        const double seen = cutout.count(box);
        const double gain = seen - kEmptyPenalty * (box.area() - seen);
        if (gain > best.gain || best.box.area() <= 0) {
            best = {box, gain, seen / (kFill * box.area())};
        }
    }
    return best;
}

void split(
    const ForegroundMask& mask,
    const Group& group,
    const PersonSize& size,
    std::vector<Detection>& found
) {
    Cutout cutout(mask, group);
    From end = From::left;
    for (Box area = cutout.extent(); area.area() > 0; area = cutout.extent()) {
        const Candidate person = best_at_end(cutout, area, size, end);
        if (person.share >= kLeastBeside) {
            found.push_back({person.box, std::min(1.0, person.share)});
            cutout.clear(person.box);
        } else {
            // Too thin for a person: an arm, a bag, a shadow.
            const double strip = std::max(1.0, person.box.width / 6);
            const double x = end == From::left ? area.x : area.right() - strip;
            cutout.clear({x, area.y, strip, area.height});
        }
        end = end == From::left ? From::right : From::left;
    }
}

}  // namespace

std::vector<Detection> explain_patches(const ForegroundMask& mask, const PersonSize& size) {
    std::vector<Detection> found;
    for (const Group& group : join_fragments(mask, size)) {
        const Size person = size.at(group.box.bottom());
        const double share = group.pixels / (kFill * person.area());
        if (share < kLeast) {
            continue;
        }
        const bool one = group.box.width <= kOneWidth * person.width &&
                         group.box.height <= kOneHeight * person.height;
        if (one) {
            found.push_back({group.box, std::min(1.0, share)});
        } else {
            split(mask, group, size, found);
        }
    }
    return found;
}

}  // namespace cxedge::camera
