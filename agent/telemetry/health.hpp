// SPDX-License-Identifier: Apache-2.0
// What the agent knows of its own state: gathered from its parts, shown by `cxctl status`, sent as
// agent.* metrics (METRICS.md), and the ticks that feed the watchdog.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"

namespace cxedge::telemetry {

struct SourceHealth {
    std::string name;
    std::string plugin;
    std::string state;    // starting, running, waiting, failed, stopped
    std::string problem;  // empty = well
    std::uint64_t readings = 0;
    std::uint64_t restarts = 0;
    std::int32_t pid = 0;  // out of process only
};

// A device behind a source (agent/model/device.hpp).
struct DeviceHealth {
    std::string source;
    std::string device;
    std::string model;     // empty: not told
    std::string firmware;  // likewise
    double battery = -1;   // percent; below 0: not told
    bool up = false;
    double last_seen_age_s = 0;
};

struct LaneHealth {
    std::string lane;
    std::uint64_t batches = 0;
    std::uint64_t samples = 0;
    std::uint64_t bytes = 0;
    double oldest_age_s = 0;
    std::uint64_t events = 0;
};

// Declared since start, for one cause.
struct LossHealth {
    std::string cause;  // as GapCause is called; without "split", which loses nothing
    std::uint64_t gaps = 0;
    std::uint64_t samples = 0;  // in these gaps
};

// A further [[sink]]; the main one is Health itself.
struct SinkHealth {
    std::string name;
    std::string connection;        // offline, connecting, online
    std::string connection_since;  // ISO 8601
    std::string broker;
    std::string last_error;
    std::uint64_t batches = 0;  // that wait
    std::uint64_t samples = 0;  // in these
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
    double oldest_age_s = 0;
    std::uint64_t gaps = 0;          // declared since start
    std::uint64_t samples_lost = 0;  // in these
    std::string storage_mode = "normal";
    std::string storage_problem;
};

// One consistent picture.
struct Health {
    std::string version;
    std::string tenant;
    std::string site;
    std::string node;
    std::uint64_t epoch = 0;
    std::uint32_t boot = 0;
    double uptime_s = 0;
    std::vector<SourceHealth> sources;
    std::vector<DeviceHealth> devices;
    std::vector<LaneHealth> lanes;
    std::vector<SinkHealth> sinks;  // but the main one
    std::uint64_t series = 0;
    std::uint64_t readings_accepted = 0;  // by the pipeline, from all sources
    std::uint64_t readings_repeated = 0;  // that had been told before
    std::uint64_t readings_refused = 0;
    std::uint64_t samples_produced = 0;   // handed to batches since start, plus found in the spool
    std::uint64_t samples_delivered = 0;  // acknowledged by the broker since start
    std::uint64_t events_produced = 0;
    std::uint64_t events_delivered = 0;
    std::uint64_t samples_open = 0;  // in batches not yet sealed
    // Declared since start: nobody will receive them.
    std::uint64_t gaps = 0;
    std::uint64_t samples_lost = 0;  // in those gaps
    std::vector<LossHealth> losses;  // the same for each cause
    std::uint64_t dead_letters = 0;
    std::uint64_t samples_dead = 0;  // in those dead letters
    std::uint64_t spool_bytes = 0;
    std::uint64_t spool_max_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    std::int64_t spool_growth_bytes_per_s = 0;  // over the last minutes; <= 0: not filling
    std::string storage_mode = "normal";        // one of storage_modes()
    std::string storage_problem;                // empty = well; says what to do
    // What is not on disk yet would not survive the process: no file on tmpfs.
    bool journal_in_memory = false;  // accepted, not yet in a batch
    bool ring_in_memory = false;     // batches
    std::string memory_problem;      // why; empty = both have their files
    // The history; without one history_max_bytes is 0.
    std::uint64_t history_bytes = 0;
    std::uint64_t history_max_bytes = 0;
    double history_age_s = 0;           // how far it goes back
    std::uint64_t history_dropped = 0;  // samples and events that found no room, since start
    std::string history_problem;        // empty = well; says what to do
    std::string connection;             // offline, connecting, online
    std::string connection_since;       // ISO 8601
    std::string broker;                 // the endpoint in use
    std::string protocol;               // "MQTT 5.0", "MQTT 3.1.1"; empty when never connected
    bool platform_ack = false;          // the platform acknowledges too: kept until it does
    std::string last_error;
    std::string certificate_until;    // ISO 8601; empty: no client certificate
    std::string certificate_problem;  // not enrolled, ends soon, not renewed; empty: well
    std::uint64_t connects = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t batches_sent = 0;
    std::uint64_t batches_refused = 0;
    std::uint64_t commands_accepted = 0;  // since start
    std::uint64_t commands_refused = 0;   // forged, not for us, expired, repeated ...
    std::string command_refusal;          // why the last of them
    std::uint64_t configs_refused = 0;    // likewise of signed configurations, rejected ones too
    std::string config_refusal;
    double rss_mib = 0;
    double cpu_s = 0;  // processor time used since start
};

// Not acted on since start, and why the last.
struct Refused {
    std::uint64_t count = 0;
    std::string why;
};

// Latest picture, published by ingest, read by control. Thread: any.
class HealthBoard {
public:
    void publish(Health health);
    // What control knows of commands; in every picture from then on.
    void note_commands(std::uint64_t accepted, Refused refused);
    // Likewise of configurations from afar.
    void note_configs(Refused refused);
    [[nodiscard]] Health latest() const;

private:
    mutable std::mutex mutex_;
    Health health_;
    std::uint64_t commands_accepted_ = 0;
    Refused commands_refused_;
    Refused configs_refused_;
};

// The systemd watchdog is fed only when every thread has ticked since the last feed: a hang of one
// is a hang of the agent. Thread: any.
enum class Ticker : std::uint8_t { ingest, uplink, control };
class WatchdogFeed {
public:
    void tick(Ticker who);
    // True once every thread ticked since the previous true; then starts over.
    bool due();

private:
    std::array<std::atomic<bool>, 3> ticked_{};
};

// Resident set of this process in MiB (/proc/self/statm); 0 when unknown.
double resident_mib();
// Processor time of this process, all threads, in seconds; 0 when unknown.
double processor_seconds();

}  // namespace cxedge::telemetry
