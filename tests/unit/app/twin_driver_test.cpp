// SPDX-License-Identifier: Apache-2.0
#include "agent/app/twin_driver.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "agent/remote/twin_file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {
namespace {

using remote::TwinOutcome;
using remote::TwinPhase;

const std::string kTopic = "cx/1/t/s/n/twin/desired";
const std::string kGroupTopic = "cx/1/t/group/canary/twin/desired";

remote::SigningKey new_key() {
    auto key = remote::SigningKey::generate();
    REQUIRE(key);
    return std::move(*key);
}

// A driver beside an agent that is a few numbers.
class DrivenBox {
public:
    DrivenBox() { std::filesystem::create_directory(places_.state_dir); }

    void put_state(const remote::TwinState& state) const {
        REQUIRE(remote::write_twin(state_file(), state));
    }
    [[nodiscard]] std::string state_file() const { return places_.state_dir + "/twin"; }
    [[nodiscard]] remote::TwinState on_disk() const {
        const auto state = remote::read_twin(state_file());
        REQUIRE(state);
        return *state;
    }
    // From here on nothing can be written there.
    void lose_state_directory() const {
        std::filesystem::remove_all(places_.state_dir);
        std::ofstream(places_.state_dir) << "in the way";
    }
    TwinDriver& start() {
        driver_.emplace(places_, clock);
        config::AgentConfig config;
        config.node.tenant = "t";
        config.node.site = "s";
        config.node.id = "n";
        config.remote.keys = {key_.public_key().text()};
        config.remote.groups = {"canary"};
        driver_->follow(config, surroundings());
        return *driver_;
    }
    [[nodiscard]] std::string document(
        std::uint64_t generation, const std::string& config, WallTime not_before = WallTime{}
    ) const {
        wire::Desired desired;
        desired.tenant = "t";
        desired.node = "n";
        desired.generation = generation;
        desired.config = config;
        desired.not_before = not_before;
        auto sealed =
            remote::seal_envelope(remote::Purpose::desired, wire::encode_desired(desired), {&key_});
        REQUIRE(sealed);
        return std::move(*sealed);
    }

    test::ManualClock clock;
    int restarts = 0;
    std::vector<Event> told;

private:
    TwinSurroundings surroundings() {
        TwinSurroundings around;
        around.health = [] {
            return telemetry::Health{};
        };
        around.uplink = [] {
            return uplink::UplinkStatus{};
        };
        around.retain = [](const std::string& /*topic*/, const std::string& /*payload*/) {
        };
        around.tell = [this](Event event) {
            told.push_back(std::move(event));
        };
        around.post = [](const std::function<void()>& /*task*/) {
        };  // a check never answers
        around.restart = [this] {
            ++restarts;
        };
        around.note_refused = [](const telemetry::Refused& /*refused*/) {
        };
        return around;
    }

    test::TempDir dir_;
    Places places_{dir_.file("site.toml"), dir_.file("state"), "", "", "", dir_.file("p"), ""};
    remote::SigningKey key_ = new_key();
    std::optional<TwinDriver> driver_;
};

remote::TwinState state_in(TwinPhase phase) {
    remote::TwinState state;
    state.phase = phase;
    state.highest = 7;
    state.candidate.version = {7, std::string(32, 'h')};
    state.candidate.config = "[spool]\nmax_mib = 8\n";
    state.starts = 1;
    state.link_was_up = true;
    return state;
}

TEST_CASE("twin driver: held documents do not overwrite one that was staged first", "[app]") {
    DrivenBox box;
    TwinDriver& driver = box.start();
    const WallTime soon = box.clock.wall_now() + std::chrono::seconds(5);
    driver.receive(kGroupTopic, box.document(1, "[spool]\nmax_mib = 9\n", soon));
    driver.receive(kTopic, box.document(2, "", soon));  // the same as what runs
    box.clock.advance(std::chrono::seconds(6));
    driver.tick();
    const remote::TwinState state = box.on_disk();
    CHECK(state.phase == TwinPhase::staged);
    CHECK(state.candidate.version.generation == 1);
    CHECK(state.candidate.config == "[spool]\nmax_mib = 9\n");
}

TEST_CASE("twin driver: a document that was withdrawn while held is not applied", "[app]") {
    DrivenBox box;
    TwinDriver& driver = box.start();
    const WallTime soon = box.clock.wall_now() + std::chrono::seconds(5);
    driver.receive(kTopic, box.document(1, "[spool]\nmax_mib = 9\n", soon));
    driver.receive(kTopic, "");
    box.clock.advance(std::chrono::seconds(6));
    driver.tick();
    CHECK(box.on_disk() == remote::TwinState());
}

TEST_CASE("twin driver: a first document that comes at a bad time is offered again", "[app]") {
    DrivenBox box;
    box.put_state(state_in(TwinPhase::staged));
    TwinDriver& busy = box.start();
    CHECK_FALSE(busy.receive_unretained(kTopic, box.document(8, "[spool]\nmax_mib = 9\n")));

    DrivenBox idle;
    TwinDriver& driver = idle.start();
    const std::string first = idle.document(1, "[spool]\nmax_mib = 9\n");
    CHECK(driver.receive_unretained(kTopic, first));
    CHECK(idle.on_disk().highest == 1);
    CHECK(DrivenBox().start().receive_unretained(kTopic, first));  // another's key: refused
}

TEST_CASE("twin driver: a first document that cannot be kept is offered again", "[app]") {
    DrivenBox box;
    TwinDriver& driver = box.start();
    box.lose_state_directory();
    CHECK_FALSE(driver.receive_unretained(kTopic, box.document(1, "[spool]\nmax_mib = 9\n")));
}

TEST_CASE("twin driver: a check that ended the agent twice is told as rejected", "[app]") {
    DrivenBox box;
    remote::TwinState state = state_in(TwinPhase::staged);
    state.starts = remote::kMostStarts;
    box.put_state(state);
    box.start();
    CHECK(box.on_disk().phase == TwinPhase::idle);
    REQUIRE(box.told.size() == 1);
    CHECK(box.told[0].name == "config.rejected");
}

TEST_CASE("twin driver: a doubtful trial ends although its end cannot be kept", "[app]") {
    DrivenBox box;
    box.put_state(state_in(TwinPhase::applying));
    TwinDriver& driver = box.start();
    REQUIRE(box.on_disk().phase == TwinPhase::trial);
    box.lose_state_directory();
    box.clock.advance(wire::kDefaultTrial);
    driver.tick();  // nothing was delivered
    CHECK(box.restarts == 1);
}

TEST_CASE("twin driver: a state file that cannot be read is not written over", "[app]") {
    DrivenBox box;
    std::ofstream(box.state_file()) << std::string(std::size_t{4} << 20U, 'x');  // too large
    TwinDriver& driver = box.start();
    driver.receive(kTopic, box.document(1, "[spool]\nmax_mib = 9\n"));
    CHECK(box.on_disk().highest == 1);
    CHECK(std::filesystem::file_size(box.state_file() + ".unread") == std::size_t{4} << 20U);
}

}  // namespace
}  // namespace cxedge::app
