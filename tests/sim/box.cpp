// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/box.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include <fmt/core.h>

#include "agent/app/new_batch.hpp"
#include "agent/app/outlet.hpp"

namespace cxedge::sim {
namespace fs = std::filesystem;
namespace {

// The box says nothing of its own accord in a simulated week.
constexpr std::chrono::hours kNever{24 * 365};

pipeline::PipelineOptions pipeline_options(milliseconds window) {
    pipeline::Rule raw;
    raw.match = "raw.*";
    raw.unit = "1";
    raw.has_keep = true;
    raw.keep = pipeline::Keep::raw;
    pipeline::Rule windowed;
    windowed.match = "win.*";
    windowed.unit = "1";
    pipeline::Rule bulk;
    bulk.match = "*.bulk*";
    bulk.has_stream = true;
    bulk.stream = Stream::bulk;
    pipeline::PipelineOptions options;
    options.rules = {raw, windowed, bulk};
    options.window = window;
    options.stale = kNever;
    return options;
}

}  // namespace

Box::Box(BoxSettings settings, SimClock& clock, SimBroker& broker, Dice& dice)
    : settings_(settings), clock_(clock), broker_(broker), dice_(dice) {
    fs::create_directories(state_dir());
    fs::create_directories(run_dir());
    write_boot_id();
}

Box::~Box() {
    disk_.set_fault(PowerDisk::Fault::none);
    disk_.at_operation(0, {});
}

fs::path Box::turn_dir(int turn) const {
    return dir_.path() / std::to_string(turn);
}

void Box::write_boot_id() const {
    std::ofstream(dir_.path() / "boot_id") << fmt::format("{:08x}-boot\n", boots_);
}

Status Box::start() {
    store::SpoolOptions options;
    options.directory = state_dir().string();
    options.max_bytes = settings_.max_bytes;
    options.boot_id_file = dir_.file("boot_id");
    options.ring_file = (run_dir() / "ring").string();
    options.ring_bytes = settings_.ring_bytes;
    options.commit_interval = settings_.commit_interval;
    options.max_age = {milliseconds(0), milliseconds(0), settings_.max_age_bulk};
    options.declare = [this](const Declaration& declaration) {
        return app::declaration_batch(declaration, clock_);
    };
    options.vfs = disk_.vfs();
    options.ballast_bytes = 64U << 10U;
    options.drop_live_when_full = settings_.drop_live_when_full;
    auto spool = store::Spool::open(options, clock_);
    if (!spool) {
        return spool.error();
    }
    spool_ = std::move(*spool);
    if (Status path = start_path(); !path) {
        return path;
    }
    start_uplink();
    return {};
}

Status Box::start_path() {
    auto outlet = app::Outlet::make(settings_.seal, {}, *spool_, clock_);
    if (!outlet) {
        return outlet.error();
    }
    std::vector<std::unique_ptr<app::Outlet>> outlets;
    outlets.push_back(std::move(*outlet));
    loop_ = std::make_unique<EventLoop>(clock_);
    app::DataPath::Options options{
        pipeline_options(settings_.pipeline_window),
        (run_dir() / "journal").string(),
        settings_.journal_bytes};
    path_ = std::make_unique<app::DataPath>(std::move(options), std::move(outlets), *loop_, clock_);
    return {};
}

void Box::start_uplink() {
    broker_.node_lives();
    uplink::UplinkOptions options;
    options.broker.host = "broker";
    options.identity = {"t", "s", "n", {}};
    options.window = settings_.window;
    options.backfill_bytes_per_s = settings_.backfill_bytes_per_s;
    options.seed = settings_.seed;
    uplink_ = std::make_unique<uplink::Uplink>(options, *spool_, broker_, clock_, [this] {
        wire::ClockState state;
        state.quality = clock_.is_set() ? store::BootClock::kSynchronised : 0;
        return state;
    });
}

void Box::turn() {
    path_->set_online(0, uplink_->status().connection == uplink::Connection::online);
    path_->tick();
    loop_->poll();
    uplink_->run_once(milliseconds(0));
    uplink_->run_once(milliseconds(0));
}

void Box::die() {
    next_turn_ = turn_ + 1;
    disk_.copy_after_kill(state_dir(), turn_dir(next_turn_) / "state");
    fs::copy(run_dir(), turn_dir(next_turn_) / "run");
    dead_ = true;
    broker_.node_died();
}

void Box::lose_power() {
    next_turn_ = turn_ + 1;
    disk_.copy_after_power_cut(state_dir(), turn_dir(next_turn_) / "state", dice_);
    fs::create_directories(turn_dir(next_turn_) / "run");
    ++boots_;
    dead_ = true;
    broker_.node_died();
}

void Box::die_within(std::uint64_t operations, bool power) {
    disk_.at_operation(operations, [this, power] { power ? lose_power() : die(); });
}

void Box::end() {
    disk_.at_operation(0, {});
    uplink_.reset();
    path_.reset();
    loop_.reset();
    spool_.reset();
    disk_.forget(turn_dir(turn_));
    fs::remove_all(turn_dir(turn_));
    turn_ = next_turn_;
    write_boot_id();
    dead_ = false;
}

std::string Box::damage(bool all) {
    std::vector<fs::path> files;
    for (const fs::path& directory : {state_dir(), run_dir()}) {
        for (const auto& entry : fs::directory_iterator(directory)) {
            const std::string name = entry.path().filename().string();
            const bool worth =
                name == "queue.db" || (all && (name == "queue.db-wal" || name == "ring"));
            if (worth && entry.file_size() > 0) {
                files.push_back(entry.path());
            }
        }
    }
    if (files.empty()) {
        return "nothing";
    }
    std::sort(files.begin(), files.end());
    const fs::path& file =
        files[static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(files.size()) - 1)
        )];
    const auto size = static_cast<std::int64_t>(fs::file_size(file));
    const std::int64_t at = dice_.between(0, size - 1);
    if (dice_.one_in(5)) {
        fs::resize_file(file, static_cast<std::uintmax_t>(at));
        return fmt::format("{} cut to {} bytes", file.filename().string(), at);
    }
    std::fstream content(file, std::ios::in | std::ios::out | std::ios::binary);
    content.seekg(at);
    const int byte = content.get();
    content.seekp(at);
    content.put(static_cast<char>(byte ^ (1 << dice_.between(0, 7))));
    return fmt::format("{} turned in byte {}", file.filename().string(), at);
}

bool Box::is_drained() const {
    return std::all_of(kLanes.begin(), kLanes.end(), [&](Lane lane) {
        return spool_->status(lane).batches == 0;
    });
}

}  // namespace cxedge::sim
