// SPDX-License-Identifier: Apache-2.0
// A source in a process of its own: spawned, spoken to over LINK.md, restarted when it crashes or
// falls silent. Thread: ingest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/base/event_loop.hpp"
#include "agent/ingest/child_process.hpp"
#include "agent/ingest/restart_policy.hpp"
#include "agent/ingest/source_instance.hpp"
#include "agent/ingest/source_reporter.hpp"
#include "agent/wire/link_codec.hpp"

namespace cxedge::ingest {

// How patient the agent is with a plugin process. Tests are less patient.
struct PluginPatience {
    std::chrono::milliseconds heartbeat{1000};
    // A process that says nothing for this long is hung and is killed.
    std::chrono::milliseconds silence{5000};
    // From exec to Hello: loading a large plugin from slow flash takes its time.
    std::chrono::milliseconds hello{15000};
    // Asked to stop, not gone: killed.
    std::chrono::milliseconds stop{3000};
    std::chrono::milliseconds first_restart{RestartPolicy::kFirstDelay};
    // A failed process gets another chance this often: nobody visits the box.
    std::chrono::milliseconds second_chance{std::chrono::minutes(10)};
};

class PluginProcess final : public SourceInstance {
public:
    PluginProcess(
        SourceSpec spec, const IngestContext& context, const PluginPatience& patience = {}
    );

    void start() override;
    void stop() override;
    [[nodiscard]] bool stopped() const override {
        return state_ == State::stopped || state_ == State::failed;
    }
    void withdraw() override { reporter_.withdraw(); }
    [[nodiscard]] InstanceHealth health() const override;

private:
    enum class State : std::uint8_t { starting, running, waiting, stopping, failed, stopped };

    void spawn();
    void read_frames();
    bool read_frame();
    void handle(const wire::link::Frame& frame);
    void on_hello(const wire::link::Hello& hello);
    void on_declare(const wire::link::Declare& declare);
    void on_readings(const wire::link::Readings& readings);
    void on_reading(const wire::link::Reading& reading);
    Status accept(SeriesId series, const wire::link::Reading& reading);
    void declare_again(std::uint32_t id);
    void turned_away(SeriesId series, const Error& error);
    void on_commit(const wire::link::Commit& commit);
    void on_heartbeat();
    void on_keep(const wire::link::Keep& keep);
    void on_bye(const wire::link::Bye& bye);
    void send(const wire::link::Frame& frame);
    [[nodiscard]] SampleTime time_of(const wire::link::Reading& reading) const;
    void expect_frame_within(std::chrono::milliseconds time);
    void ended(const std::string& hint);
    void crashed(const std::string& how);
    void fail(const std::string& why);

    SourceSpec spec_;
    IngestContext context_;
    PluginPatience patience_;
    SourceReporter reporter_;
    State state_ = State::stopped;
    RestartPolicy restarts_;
    std::optional<ChildProcess> child_;
    LoopHandle inbox_;
    LoopHandle silence_;
    LoopHandle retry_;
    std::string frame_;                                          // receive buffer
    bool proved_ = false;                                        // child_ got as far as a heartbeat
    std::unordered_map<std::uint32_t, SeriesId> series_;         // the plugin's ids to ours
    bool acknowledges_ = false;                                  // its senders can send again
    std::optional<Error> turned_away_;                           // since its last commit
    std::unordered_map<std::uint32_t, SeriesInfo> no_room_yet_;  // declared while storage was full
    std::optional<Error> refused_;                               // why the plugin gave up for good
    std::uint64_t readings_ = 0;
    std::uint64_t restart_count_ = 0;
    std::uint64_t generation_ = 0;  // of child_: late answers of a former one are dropped
    // Answers that come later still: storage that refuses may keep them longer than the source is.
    const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
};

// Starts the plugin only to let it check its settings (`cxedged check`). Blocks up to
// `patience.hello` for each answer. unavailable: could not be asked.
Result<std::vector<std::string>> check_settings(
    const SourceSpec& spec, const PluginPatience& patience = {}
);

}  // namespace cxedge::ingest
