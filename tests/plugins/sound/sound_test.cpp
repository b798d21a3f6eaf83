// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/sound.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/plugins/sound/wav_file.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::AudioInput;
using plugins::Sound;

const std::string kLevel = "store.env.sound_level{device=test,room=hall,weighting=A}";
const std::string kSettings =
    "plugin = \"sound\"\ncalibration_db = 120\nperiod_s = 1\nroom = \"hall\"\npace = \"fast\"\n"
    "input = \"file:${dir}/sound.wav\"\n";

// What a device gives, read by read; then nothing more comes.
struct Script {
    struct Step {
        double seconds = 0;  // of a sine of 1 kHz at -20 dBFS
        bool gap = false;
        bool fails = false;
    };
    std::vector<Step> steps;
    bool there = true;
    std::atomic<int> opened{0};
    std::atomic<bool> stands_still{false};
};

class ScriptedInput final : public AudioInput {
public:
    explicit ScriptedInput(Script& script) : script_(script) {}
    Status open() override {
        ++script_.opened;
        return script_.there ? Status() : unavailable("sound device gone: open: No such device");
    }
    [[nodiscard]] double rate() const override { return 48'000; }
    Status read(Block& block) override {
        block.samples.clear();
        if (next_ == script_.steps.size()) {
            script_.stands_still = true;
            std::this_thread::yield();
            return {};
        }
        const Script::Step& step = script_.steps[next_++];
        block.samples = sine(1'000, -20, step.seconds);
        block.gap = step.gap;
        return step.fails ? unavailable("sound device gone: read: No such device") : Status();
    }

private:
    Script& script_;
    std::size_t next_ = 0;
};

struct SoundBench {
    FakeHost host;
    Script script;
    Sound source{[this](const plugins::SoundInput&) {
        return std::make_unique<ScriptedInput>(script);
    }};

    ~SoundBench() { source.stop(); }
    Status start() {
        SettingsProblems problems;
        source.init(
            source_settings(substitute("[[source]]\n" + kSettings, {{"dir", "/nowhere"}})), problems
        );
        REQUIRE(problems.empty());
        return source.start(host);
    }
    // "100" or "lost", in order.
    [[nodiscard]] std::vector<std::string> levels() const {
        std::vector<std::string> out;
        for (const FakeHost::Reading& reading : host.readings) {
            if (to_string(host.series[index_of(reading.series)].key) == kLevel) {
                out.push_back(reading.value ? std::to_string(std::lround(*reading.value)) : "lost");
            }
        }
        return out;
    }
};

using Levels = std::vector<std::string>;

// input/tone.txt: "<hz> <dbfs> <seconds>" of each part of the file.
void make_tone(CaseRun& run) {
    std::vector<float> all;
    const std::filesystem::path tones = run.folder / "input" / "tone.txt";
    if (!std::filesystem::exists(tones)) {
        return;
    }
    for (const std::string& line : read_lines(tones)) {
        double hz = 0;
        double dbfs = 0;
        double seconds = 0;
        REQUIRE(std::sscanf(line.c_str(), "%lf %lf %lf", &hz, &dbfs, &seconds) == 3);
        const std::vector<float> part = sine(hz, dbfs, seconds);
        all.insert(all.end(), part.begin(), part.end());
    }
    write_bytes(run.dir.file("sound.wav"), wav_of(all));
}

void feed_file(CaseRun& run, Source& source) {
    static_cast<void>(source);
    REQUIRE(run.host.run_until([&] { return run.host.logged("the file has ended"); }));
}

}  // namespace

TEST_CASE("sound: does what its cases say", "[plugins][sound]") {
    check_plugin({"sound", make_source<Sound>, feed_file, make_tone});
}

TEST_CASE("sound: a file gives one level a period", "[plugins][sound]") {
    Running<Sound> run;
    write_bytes(run.dir.file("sound.wav"), wav_of(sine(1'000, -20, 3.5)));
    REQUIRE(run.start(kSettings));
    REQUIRE(run.host.run_until([&] { return run.host.logged("the file has ended"); }));
    const std::vector<double> levels = run.host.values_of(kLevel);
    REQUIRE(levels.size() == 3);
    for (const double level : levels) {
        CHECK(std::abs(level - 100) < 0.2);
    }
    CHECK(run.host.problems.back() == "the file has ended");
    // Nothing was written beside the file, and nothing is kept.
    CHECK(std::distance(std::filesystem::directory_iterator(run.dir.path()), {}) == 1);
    CHECK(run.host.kept_now.empty());
}

TEST_CASE("sound: a file at its own pace takes its time", "[plugins][sound]") {
    Running<Sound> run;
    write_bytes(run.dir.file("sound.wav"), wav_of(sine(1'000, -20, 1.05)));
    const auto begun = std::chrono::steady_clock::now();
    std::string settings = kSettings;
    settings.replace(settings.find("fast"), 4, "real");
    REQUIRE(run.start(settings));
    REQUIRE(run.host.run_until([&] { return run.host.logged("the file has ended"); }));
    CHECK(std::chrono::steady_clock::now() - begun >= 1s);
    CHECK(run.host.values_of(kLevel).size() == 1);
}

TEST_CASE("sound: stop does not wait for the end of a file", "[plugins][sound]") {
    Running<Sound> run;
    write_bytes(run.dir.file("sound.wav"), wav_of(sine(1'000, -20, 30)));
    std::string settings = kSettings;
    settings.replace(settings.find("fast"), 4, "real");
    REQUIRE(run.start(settings));
    const auto begun = std::chrono::steady_clock::now();
    run.source.stop();
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    // And it can be started again.
    CHECK(run.source.start(run.host));
}

TEST_CASE("sound: complete silence is a loss, not a level", "[plugins][sound]") {
    Running<Sound> run;
    write_bytes(run.dir.file("sound.wav"), wav_of(std::vector<float>(100'000, 0.0F)));
    REQUIRE(run.start(kSettings));
    REQUIRE(run.host.run_until([&] { return run.host.logged("the file has ended"); }));
    CHECK(run.host.values_of(kLevel).empty());
    CHECK(run.host.problems.front() == "complete silence: the input is muted or not connected");
}

TEST_CASE("sound: a file that is not there or no sound", "[plugins][sound]") {
    Running<Sound> run;
    const Status missing = run.start(kSettings);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::unavailable);
    run.source.stop();
    write_bytes(run.dir.file("sound.wav"), "not a sound at all");
    const Status wrong = run.source.start(run.host);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == ErrorCode::invalid_argument);
    CHECK(wrong.error().message.ends_with("sound.wav: not a WAV file"));
    run.source.stop();
    write_bytes(run.dir.file("sound.wav"), wav_of(sine(1'000, -20, 1, 8'000), 8'000));
    const Status slow = run.source.start(run.host);
    REQUIRE_FALSE(slow);
    CHECK(slow.error().message.ends_with("the rate must be 32000 to 192000 a second"));
}

TEST_CASE("sound: a period with an overrun is lost, the next one counts", "[plugins][sound]") {
    SoundBench bench;
    bench.script.steps = {{1}, {0.5}, {0.5, true}, {0.25}, {0.75}};
    REQUIRE(bench.start());
    REQUIRE(bench.host.run_until([&] { return bench.levels().size() >= 3; }));
    CHECK(bench.levels() == Levels{"100", "lost", "100"});
    CHECK(bench.host.logged("sound was lost on its way"));
    CHECK(bench.host.values_of("device.up{device=test}") == std::vector<double>{1});
}

TEST_CASE("sound: a device that is pulled out and put back", "[plugins][sound]") {
    SoundBench bench;
    bench.script.steps = {{1}, {0.5}, {0, false, true}};
    REQUIRE(bench.start());
    REQUIRE(bench.host.run_until([&] { return !bench.host.problems.empty(); }));
    CHECK(bench.host.problems.back() == "sound device gone: read: No such device");
    CHECK(bench.host.values_of("device.up{device=test}") == std::vector<double>{1, 0});
    bench.script.there = false;
    REQUIRE(bench.host.run_until([&] {
        return bench.host.problems.back() == "sound device gone: open: No such device";
    }));
    bench.script.there = true;
    bench.script.steps = {{1}};
    REQUIRE(bench.host.run_until([&] { return bench.host.problems.back().empty(); }));
    REQUIRE(bench.host.run_until([&] { return bench.levels().back() == "100"; }));
    CHECK(bench.host.values_of("device.up{device=test}").back() == 1);
    CHECK(bench.script.opened == 3);
}

TEST_CASE("sound: a device that says nothing any more is told", "[plugins][sound]") {
    SoundBench bench;
    bench.script.steps = {{1}};
    REQUIRE(bench.start());
    REQUIRE(bench.host.run_until([&] { return bench.levels().size() >= 3; }));
    CHECK(bench.levels() == Levels{"100", "lost", "lost"});
    CHECK(bench.script.stands_still);
}

TEST_CASE("sound: a sound card that is not there says so", "[plugins][sound]") {
    plugins::SoundInput settings;
    settings.input = "alsa:nobody";
    const auto input = plugins::make_audio_input(settings);
    const Status opened = input->open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::unavailable);
    CHECK(opened.error().message == "sound device nobody: open: No such file or directory");
}

// The real library, with its own device that takes its sound from a file.
TEST_CASE("sound: through ALSA", "[plugins][sound]") {
    Running<Sound> run;
    std::string raw;
    for (const float sample : sine(1'000, -20, 10)) {
        raw += little_endian(std::bit_cast<std::uint32_t>(sample), 4);
    }
    write_bytes(run.dir.file("tone.raw"), raw);
    write_bytes(
        run.dir.file("asound.conf"),
        "pcm.tone { type file slave.pcm { type null } file /dev/null infile \"" +
            run.dir.file("tone.raw") + "\" format raw }\n"
    );
    // Read by the library when it opens a device.
    ::setenv("ALSA_CONFIG_PATH", run.dir.file("asound.conf").c_str(), 1);
    const Status started = run.start(
        "plugin = \"sound\"\ncalibration_db = 120\nperiod_s = 1\nroom = \"hall\"\n"
        "input = \"alsa:tone\"\n"
    );
    REQUIRE((started.ok() ? "" : started.error().message) == "");
    REQUIRE(run.host.run_until([&] { return run.host.values_of(kLevel).size() >= 3; }));
    run.source.stop();
    ::unsetenv("ALSA_CONFIG_PATH");
    const std::vector<double> levels = run.host.values_of(kLevel);
    CHECK(std::abs(levels[0] - 100) < 0.2);
    CHECK(std::abs(levels[2] - 100) < 0.2);
}

}  // namespace cxedge::test
