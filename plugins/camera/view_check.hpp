// SPDX-License-Identifier: Apache-2.0
// Whether a camera still sees what it was set up for: a shop that seems empty because somebody
// hung a coat over the lens must not look like an empty shop.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/view_digest.hpp"

namespace cxedge::camera {

enum class ViewProblem {
    none,
    frozen,   // the same picture again and again, bit by bit
    dark,     // too dark to see anybody
    covered,  // most of the view has lost its structure
    blurred,  // structure is where it was, and what is fine in it is gone
    moved,    // there is structure, but elsewhere
};
std::string_view to_string(ViewProblem problem);

struct ViewState {
    ViewProblem problem = ViewProblem::none;
    double change = 0;  // 0 the usual view to 1 nothing of it left
    // Worth keeping for the next start: the usual view, told after a minute and every six hours.
    std::optional<ViewDigest> usual;
};

// Compares the view with the one of the first 10 s, followed over minutes for daylight and
// furniture, once a second. Problems are raised after 10 s and cleared after 5 s. A view with
// little structure (a bare floor) can be frozen or dark, nothing else can be told of it. `known`,
// from before a restart, tells that the camera was moved while nobody looked. Thread: one.
class ViewCheck {
public:
    explicit ViewCheck(
        const std::vector<Polygon>& masks, std::optional<ViewDigest> known = std::nullopt
    );

    // The state once a second of capture time, otherwise nothing.
    std::optional<ViewState> update(const Frame& frame);

private:
    using Cells = ViewGrid::Cells;
    using Blocks = ViewGrid::Blocks;

    struct Look {
        Cells grey{};
        Blocks fine{};  // mean second difference between neighbouring pixels
    };
    struct Judged {
        double change = 0;  // share of the blocks with structure that lost it or have another
        double sharpness = 1;
        double sharpness_of_changed = 1;
        bool known = false;
    };

    ViewGrid::Marks masked_{};
    std::optional<ViewDigest> known_;  // until the view has proved to be the same
    double told_usual_ = 0;            // learnt_s_ then; 0: not yet
    Cells smooth_{};                   // people who pass are averaged away
    bool smooth_known_ = false;
    Look reference_;
    double learnt_s_ = 0;
    std::uint64_t fingerprint_ = 0;
    int repeats_ = 0;
    std::optional<std::chrono::microseconds> looked_;
    ViewProblem problem_ = ViewProblem::none;
    ViewProblem candidate_ = ViewProblem::none;
    double candidate_s_ = 0;

    [[nodiscard]] static std::size_t block_of(std::size_t cell);
    [[nodiscard]] static Look look_at(const Frame& frame);
    [[nodiscard]] static double likeness(const Cells& a, const Cells& b, std::size_t block);
    [[nodiscard]] bool dark() const;
    [[nodiscard]] Judged judge(const Blocks& fine) const;
    [[nodiscard]] ViewProblem name(const Judged& judged) const;
    [[nodiscard]] bool elsewhere() const;
    std::optional<ViewDigest> usual();
    void follow_repeats(const Frame& frame);
    void smooth(const Cells& grey, double seconds);
    void learn(const Blocks& fine, double seconds);
    void settle(ViewProblem seen, double seconds);
};

}  // namespace cxedge::camera
