// SPDX-License-Identifier: Apache-2.0
// The small rules of a stream: when to open again, how late a packet is, how many pictures.
#include <random>

#include "plugins/camera/frame_clock.hpp"
#include "plugins/camera/load_shedder.hpp"
#include "plugins/camera/reopen_backoff.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {

using namespace std::chrono_literals;

TEST_CASE("camera: a camera that is away is asked every few seconds for ever", "[camera]") {
    camera::ReopenBackoff backoff;
    std::mt19937 random(3);
    for (int i = 0; i < 1000; ++i) {
        const auto delay =
            backoff.next(unavailable("refused"), static_cast<std::uint32_t>(random()));
        CHECK(delay >= 1000ms);
        CHECK(delay <= (i == 0 ? 2000ms : 4000ms));
    }
}

TEST_CASE("camera: one that refuses is asked once a minute, until it works", "[camera]") {
    camera::ReopenBackoff backoff;
    std::chrono::milliseconds last{0};
    for (int i = 0; i < 10; ++i) {
        last = backoff.next(invalid_argument("401 Unauthorized"), 0xFFFF'FFFF);
        CHECK(last <= 60'000ms);
    }
    CHECK(last >= 30'000ms);
    backoff.reset();
    CHECK(backoff.next(invalid_argument("401 Unauthorized"), 0) == 1000ms);
}

TEST_CASE("camera: delays of cameras that fail together differ", "[camera]") {
    camera::ReopenBackoff one;
    camera::ReopenBackoff other;
    CHECK(one.next(unavailable(""), 17) != other.next(unavailable(""), 917));
}

namespace {

// A stream of 25 packets a second from `stream_s` on, each read `late` after it was due.
std::chrono::microseconds feed(camera::StreamLag& lag, double from_s, double to_s, double late_s) {
    std::chrono::microseconds last{0};
    for (double t = from_s; t < to_s; t += 0.04) {
        const auto at = std::chrono::duration_cast<SteadyTime::duration>(
            std::chrono::duration<double>(1000 + t + late_s)
        );
        last = lag.update(SteadyTime(at), static_cast<std::int64_t>(t * 1e6));
    }
    return last;
}

}  // namespace

TEST_CASE("camera: the lag of a stream is what was kept waiting", "[camera]") {
    camera::StreamLag lag;
    CHECK(feed(lag, 0, 10, 0.2) < 1ms);
    // Held up for 3 s; then everything comes at once and is read within a moment.
    CHECK(feed(lag, 10, 10.04, 3.2) > 2900ms);
    CHECK(feed(lag, 12.9, 12.94, 0.4) > 150ms);
    CHECK(feed(lag, 13.2, 14, 0.2) < 1ms);
}

TEST_CASE("camera: a stream that went on from where it paused is not late for ever", "[camera]") {
    camera::StreamLag lag;
    static_cast<void>(feed(lag, 0, 10, 0));
    CHECK(feed(lag, 10, 10.5, 3) > 2900ms);
    CHECK(feed(lag, 10.5, 13, 3) < 1ms);
    // A camera that sets its clock is not late either.
    CHECK(feed(lag, 5000, 5001, -4990) < 1ms);
    CHECK(feed(lag, 20, 21, 0) < 1ms);
}

TEST_CASE("camera: a decoder that is a little too slow builds up a backlog", "[camera]") {
    camera::StreamLag lag;
    std::chrono::microseconds last{0};
    for (int i = 0; i < 25 * 20; ++i) {  // 2 % slower than the stream, for 20 s
        last = lag.update(SteadyTime(std::chrono::microseconds(40'800LL * i)), 40'000LL * i);
    }
    CHECK(last > 350ms);
}

TEST_CASE("camera: a clock that runs slowly does not become a backlog", "[camera]") {
    camera::StreamLag lag;
    std::chrono::microseconds worst{0};
    for (int i = 0; i < 3600 * 5; ++i) {  // an hour, 300 ppm: 1 s
        const auto at = std::chrono::milliseconds(200LL * i) + std::chrono::microseconds(60LL * i);
        worst = std::max(worst, lag.update(SteadyTime(at), 200'000LL * i));
    }
    CHECK(worst < 150ms);
}

TEST_CASE("camera: the frame rate follows what the analysis can do", "[camera]") {
    camera::LoadShedder shedder(10);
    double now = 0;
    double fps = 0;
    const auto run = [&](double seconds, double busy_s) {
        for (const double end = now + seconds; now < end; now += 0.1) {
            fps = shedder.update(
                std::chrono::duration<double>(busy_s), std::chrono::duration<double>(now)
            );
        }
    };
    run(20, 0.03);
    CHECK(fps == 10);
    CHECK_FALSE(shedder.shedding());
    run(20, 0.1);
    CHECK(fps == Approx(8).margin(0.2));
    CHECK(shedder.shedding());
    // Never below 6: what then still is too much is left out by the reader.
    run(20, 0.5);
    CHECK(fps == 6);
    // One slow picture does not lower it, and it rises in steps.
    run(4, 0.02);
    CHECK(fps < 8);
    run(60, 0.02);
    CHECK(fps == 10);
    run(0.1, 0.15);
    CHECK(fps == 10);
}

TEST_CASE("camera: a rate lowered while running keeps its even spacing", "[camera]") {
    camera::FrameThinner thinner(10);
    thinner.set_fps(6);
    std::chrono::microseconds last{-1};
    int kept = 0;
    for (int i = 0; i < 250; ++i) {
        const std::chrono::microseconds time(i * 40'000);
        if (!thinner.due(time)) {
            continue;
        }
        CHECK((last.count() < 0 || (time - last >= 120ms && time - last <= 200ms)));
        last = time;
        ++kept;
    }
    CHECK(kept >= 59);
    CHECK(kept <= 61);
}

}  // namespace cxedge::test
