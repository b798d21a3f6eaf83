// SPDX-License-Identifier: Apache-2.0
// ./dev bench camera: processor time of a camera, split into its stages, on a stream of 768x576 at
// 25 pictures a second, and the share of one core.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/clock.hpp"

#include "plugins/camera/av_writer.hpp"
#include "plugins/camera/clip_run.hpp"

#include "tests/bench/machine.hpp"
#include "tests/bench/usage.hpp"
#include "tests/plugins/camera/clips.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

namespace camera = cxedge::camera;
using cxedge::Status;

constexpr double kStreamFps = 25;
constexpr double kAnalysedFps = 10;
constexpr int kPictures = 500;  // 20 s
constexpr int kNoise = 3;       // grey levels: what a camera adds to a still scene

// Calls `each` with every picture of a film.
template <class Each>
Status for_each_picture(const std::string& clip, Each each) {
    const cxedge::SystemClock clock;
    const std::atomic<bool> stop{false};
    camera::FrameOptions options;
    options.pace = camera::Pace::fast;
    options.fps = 1000;
    options.width = 768;
    auto source = camera::make_frame_source("file:" + clip, options, clock, stop);
    if (Status opened = (*source)->open(); !opened) {
        return opened;
    }
    camera::Frame frame;
    for (auto got = (*source)->next(frame); !got || *got; got = (*source)->next(frame)) {
        if (Status done = got ? each(frame) : Status(got.error()); !done) {
            return done;
        }
    }
    return {};
}

// The pictures of the clip at 25 a second.
Status write_busy(const std::string& clip, const std::string& path) {
    camera::FilmWriter writer(path, kStreamFps);
    int pictures = 0;
    const Status read = for_each_picture(clip, [&](const camera::Frame& frame) {
        return pictures++ < kPictures ? writer.add(frame) : Status();
    });
    return read ? writer.finish() : read;
}

// The place without people, as a camera sees it: the mean of the clip, with noise.
Status write_idle(const std::string& clip, const std::string& path) {
    camera::Frame place;
    std::vector<std::uint32_t> sums;
    std::uint32_t count = 0;
    const Status read = for_each_picture(clip, [&](const camera::Frame& frame) -> Status {
        sums.resize(frame.bgr.size());
        std::transform(
            frame.bgr.begin(), frame.bgr.end(), sums.begin(), sums.begin(), std::plus<>()
        );
        place = frame;
        ++count;
        return {};
    });
    if (!read || count == 0) {
        return read ? Status(cxedge::corrupt(clip + ": no picture")) : read;
    }
    camera::FilmWriter writer(path, kStreamFps);
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same film every time
    for (int i = 0; i < kPictures; ++i) {
        for (std::size_t at = 0; at < sums.size(); ++at) {
            const int mean = static_cast<int>(sums[at] / count);
            const int noise = static_cast<int>(random() % (2 * kNoise)) - kNoise;
            place.bgr[at] = static_cast<std::uint8_t>(std::clamp(mean + noise, 0, 255));
        }
        if (Status added = writer.add(place); !added) {
            return added;
        }
    }
    return writer.finish();
}

// One engine on one stream, several times.
Status measure(const std::string& name, const camera::ClipJob& job, int rounds) {
    std::vector<double> shares;
    camera::StageCosts costs;
    std::uint64_t frames = 0;
    for (int i = 0; i < rounds; ++i) {
        const auto run = camera::run_clip(job);
        if (!run) {
            return run.error();
        }
        // Of one second of the stream: 25 pictures decoded, 10 analysed.
        shares.push_back(100 * run->costs.total_s() * kStreamFps / kPictures);
        costs.add(run->costs);
        frames += run->frames;
    }
    const auto ms = [&](double cost_s) {
        return cost_s * 1000 / static_cast<double>(frames);
    };
    const cxedge::bench::Spread share = cxedge::bench::spread(shares);
    fmt::print(
        "{:<40} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f}   {:>5.1f} % ({:.1f} to {:.1f})\n",
        name,
        ms(costs.decode_s),
        ms(costs.gate_s),
        ms(costs.detect_s),
        ms(costs.track_s),
        ms(costs.total_s()),
        share.median,
        share.least,
        share.most
    );
    return {};
}

struct Options {
    std::vector<std::string> models;
    std::string clip = cxedge::test::vtest_clip();
    int rounds = 3;
};

Status run(const Options& options) {
    const cxedge::test::TempDir dir;
    const std::string busy = dir.file("busy.mp4");
    const std::string idle = dir.file("idle.mp4");
    if (Status written = write_busy(options.clip, busy); !written) {
        return written;
    }
    if (Status written = write_idle(options.clip, idle); !written) {
        return written;
    }
    camera::SceneLayout layout;
    layout.lines.push_back({0.62, 0.2, 0.62, 1.0});
    std::vector<std::pair<std::string, camera::EngineChoice>> engines{
        {"motion", {camera::EngineKind::motion, {}}}};
    for (const std::string& model : options.models) {
        const std::string name = std::filesystem::path(model).stem().string();
        engines.push_back({"dnn " + name, {camera::EngineKind::dnn, {model, ""}}});
        engines.push_back({"hybrid " + name, {camera::EngineKind::hybrid, {model, ""}}});
    }
    fmt::print("ms of processor time an analysed picture (decode: of 2.5 pictures)\n");
    fmt::print(
        "{:<40} {:>7} {:>7} {:>7} {:>7} {:>7}   share of a core (of {} runs)\n",
        "",
        "decode",
        "gate",
        "detect",
        "track",
        "all",
        options.rounds
    );
    for (const auto& [name, engine] : engines) {
        for (const bool still : {false, true}) {
            const camera::ClipJob job{
                "file:" + (still ? idle : busy), engine, layout, kAnalysedFps};
            const std::string title = name + (still ? ", idle" : ", busy");
            if (Status measured = measure(title, job, options.rounds); !measured) {
                return measured;
            }
        }
        fmt::print(
            "{:<40} resident {:.0f} MiB\n", name, cxedge::bench::usage_of(::getpid()).rss_mib
        );
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"What a camera costs: 768x576, 25 pictures a second, 10 of them analysed"};
    app.add_option("--model", options.models, "ONNX file; may be repeated");
    app.add_option("--clip", options.clip, "Film with people, 768x576, 500 pictures or more");
    app.add_option("--rounds", options.rounds, "Runs of each")->check(CLI::Range(1, 100));
    CLI11_PARSE(app, argc, argv);
    if (options.clip.empty()) {
        std::fputs(cxedge::test::kNoClip, stderr);
        return 1;
    }
    fmt::print("{}\n", cxedge::bench::machine());
    if (const Status done = run(options); !done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return 1;
    }
    return 0;
}
