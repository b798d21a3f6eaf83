// SPDX-License-Identifier: Apache-2.0
// Does a network camera come back? A real RTSP server is killed, stopped, replaced by a port that
// is mute, and restarted; the camera must count again within 10 s of its return, have declared the
// gap, and never work through a backlog.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "plugins/camera/camera_source.hpp"

#include "tests/support/fake_host.hpp"
#include "tests/support/rtsp_server.hpp"

namespace {

using namespace cxedge;  // NOLINT(google-build-using-namespace) a program of one file
using namespace std::chrono_literals;
using Millis = std::chrono::milliseconds;

constexpr Millis kPoll{10};
constexpr Millis kFirstPicture{30'000};
constexpr Millis kReturn{10'000};   // the promise
constexpr Millis kSettled{10'000};  // watched for stale pictures
constexpr double kOldest = 1;       // s
constexpr Millis kNoticed{9000};    // from here on no zero may be told: that would be an empty shop

const std::string kPictures = "cam.frame_cost{camera=door}";
const std::string kAge = "cam.frame_age{camera=door}";
const std::string kIn = "store.footfall.in{camera=door,door=main}";

template <class T>
SettingsNode node(T value) {
    SettingsNode node;
    node.value = std::move(value);
    return node;
}

SettingsNode door_at(const std::string& address) {
    SettingsNode::List points;
    for (const double point : {0.5, 0.1, 0.5, 0.9}) {
        points.push_back(node(point));
    }
    SettingsNode line =
        node(SettingsNode::Table{{"name", node(std::string("main"))}, {"points", node(points)}});
    return node(SettingsNode::Table{
        {"source", node(address)},
        {"report_s", node(std::int64_t{1})},
        {"line", node(SettingsNode::List{std::move(line)})},
    });
}

// A camera as cxedged runs it, and what it told.
class Camera {
public:
    explicit Camera(const std::string& address) {
        host_.real_clock = &clock_;
        SettingsProblems problems;
        source_.init(door_at(address), problems);
        started_ = problems.empty() && source_.start(host_).ok();
    }
    ~Camera() { source_.stop(); }
    Camera(const Camera&) = delete;
    Camera& operator=(const Camera&) = delete;

    // False: not within `patience`.
    bool run_until(const std::function<bool()>& done, Millis patience) {
        const SteadyTime deadline = clock_.steady_now() + patience;
        while (started_ && !done() && clock_.steady_now() < deadline) {
            host_.loop().poll();
            std::this_thread::sleep_for(kPoll);
        }
        return done();
    }
    void run_for(Millis time) {
        run_until([] { return false; }, time);
    }
    [[nodiscard]] std::size_t pictures() const { return host_.values_of(kPictures).size(); }
    // Since `first`, one of readings().
    [[nodiscard]] double oldest(std::size_t first) const {
        const std::vector<double> ages = host_.values_of(kAge);
        return first < ages.size()
                   ? *std::max_element(
                         ages.begin() + static_cast<std::ptrdiff_t>(first), ages.end()
                     )
                   : 0;
    }
    [[nodiscard]] std::size_t ages() const { return host_.values_of(kAge).size(); }
    [[nodiscard]] std::size_t zeros() const { return host_.values_of(kIn).size(); }
    [[nodiscard]] std::size_t losses() const {
        return static_cast<std::size_t>(std::count_if(
            host_.readings.begin(),
            host_.readings.end(),
            [&](const auto& reading) {
                return !reading.value &&
                       to_string(host_.series[index_of(reading.series)].key) == kIn;
            }
        ));
    }
    // The interval of the gap as told when it was over, or empty.
    [[nodiscard]] std::string gap() const {
        for (const Event& event : host_.events) {
            if (event.name == "cam.down" && event.state == EventState::clear) {
                return event.text;
            }
        }
        return "";
    }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(clock_.steady_now().time_since_epoch()).count();
    }

private:
    SystemClock clock_;
    test::FakeHost host_{"door"};
    camera::CameraSource source_;
    bool started_ = false;
};

// What happens to the server. Each returns false if it could not be done.
struct Outage {
    std::string name;
    std::function<bool(std::optional<test::RtspServer>&)> begin;
    std::function<bool(std::optional<test::RtspServer>&)> end;
};

bool restart(std::optional<test::RtspServer>& server) {
    const std::string port = server->port();
    server.emplace(std::vector<std::string>{}, port);
    return server->problem().empty();
}

bool kill_it(std::optional<test::RtspServer>& server) {
    server->kill();
    return true;
}

std::vector<Outage> all_outages() {
    auto mute = std::make_shared<UniqueFd>();
    return {
        {"kill -9", kill_it, restart},
        {"SIGSTOP",
         [](auto& server) {
             server->signal(SIGSTOP);
             return true;
         },
         [](auto& server) {
             server->signal(SIGCONT);
             return true;
         }},
        {"port mute",
         [mute](auto& server) {
             server->kill();
             *mute = test::listen_and_be_mute(server->port());
             return mute->get() >= 0;
         },
         [mute](auto& server) {
             *mute = UniqueFd();
             return restart(server);
         }},
    };
}

// Prints a line; false: a promise was broken.
bool survive(const Outage& outage, Millis length) {
    std::optional<test::RtspServer> server(std::in_place);
    if (!server->problem().empty()) {
        fmt::print(stderr, "bench_rtsp: {}\n", server->problem());
        return false;
    }
    Camera camera(server->address());
    if (!camera.run_until([&] { return camera.pictures() > 0; }, kFirstPicture)) {
        fmt::print(stderr, "bench_rtsp: no picture from the server\n");
        return false;
    }
    camera.run_for(3s);
    const bool begun = outage.begin(server);
    camera.run_for(std::min(length, kNoticed));
    const std::size_t zeros = camera.zeros();
    camera.run_for(length - std::min(length, kNoticed));
    const bool empty_shop = camera.zeros() > zeros;
    const std::size_t before = camera.pictures();
    const std::size_t ages = camera.ages();
    const std::size_t losses = camera.losses();
    const bool ended = begun && outage.end(server);
    const double returned = camera.seconds();
    const bool back = camera.run_until([&] { return camera.pictures() > before; }, 2 * kReturn);
    const double took = camera.seconds() - returned;
    camera.run_for(kSettled);
    const double oldest = camera.oldest(ages);
    // A short interruption is no outage: nothing is down, nothing is lost.
    const bool declared = length < kReturn || (!camera.gap().empty() && losses > 0);
    const bool good = ended && back && took <= std::chrono::duration<double>(kReturn).count() &&
                      oldest < kOldest && declared && !empty_shop;
    fmt::print(
        "{:<10} {:>4} s   pictures {:>5.2f} s after the return, oldest {:.2f} s, {:>3} counts "
        "lost, "
        "\"{}\"   {}\n",
        outage.name,
        std::chrono::duration_cast<std::chrono::seconds>(length).count(),
        took,
        oldest,
        losses,
        camera.gap(),
        good ? "ok" : "BROKEN"
    );
    std::fflush(stdout);
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"A network camera whose server is killed, stopped, mute and restarted."};
    std::int64_t seconds = 60;
    app.add_option("--seconds", seconds, "How long each outage lasts")
        ->check(CLI::Range(10, 3600))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    bool good = true;
    for (const Outage& outage : all_outages()) {
        good = survive(outage, std::chrono::seconds(seconds)) && good;
    }
    good = survive({"restart", kill_it, restart}, 0s) && good;
    return good ? 0 : 1;
}
