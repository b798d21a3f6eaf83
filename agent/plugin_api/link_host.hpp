// SPDX-License-Identifier: Apache-2.0
// The Host of a plugin process: speaks LINK.md over a SEQPACKET socket. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/base/unique_fd.hpp"
#include "agent/plugin_api/host.hpp"
#include "agent/plugin_api/worker_pool.hpp"

namespace cxedge {

namespace wire::link {
struct Reading;
}

class LinkHost final : public Host {
public:
    // `on_broken` is called once when the agent cannot be reached any more.
    LinkHost(UniqueFd socket, EventLoop& loop, const Clock& clock, std::function<void()> on_broken);
    LinkHost(const LinkHost&) = delete;
    LinkHost& operator=(const LinkHost&) = delete;
    ~LinkHost() override;

    [[nodiscard]] std::string_view source_name() const override { return source_name_; }
    [[nodiscard]] const BoxName& box() const override { return box_; }
    [[nodiscard]] const Clock& clock() const override { return clock_; }
    [[nodiscard]] EventLoop& loop() override { return loop_; }
    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status emit(SeriesId series, double value) override;
    Status emit_at(SeriesId series, double value, WallTime device_time) override;
    Status emit_once(SeriesId series, double value, const Occasion& occasion) override;
    Status emit_lost(SeriesId series) override;
    void emit_event(Event event) override;
    void commit(std::function<void(const Status&)> done) override;
    void offload(std::function<void()> work, std::function<void(const Status&)> done) override;
    void keep(std::string_view bytes) override;
    [[nodiscard]] std::string_view kept() const override { return kept_; }
    void set_problem(std::string_view problem) override;
    void tell_device(const DeviceNote& note) override;
    Status follow(std::string_view metric, OnReading on_reading) override;
    void log(log::Level level, std::string_view message) override;

    // For serve_plugin().
    [[nodiscard]] int socket() const { return socket_.get(); }
    void set_source_name(std::string name) { source_name_ = std::move(name); }
    void set_box(BoxName box) { box_ = std::move(box); }
    void set_kept(std::string kept) { kept_ = std::move(kept); }
    void send_bytes(const std::string& frame);
    // One received datagram, or empty when there is none now; a closed link calls on_broken.
    bool receive(std::string& frame);
    void committed(std::uint64_t ticket, const std::string& error);
    void heartbeat();
    void flush();

private:
    struct Pending;
    struct Declared {
        SeriesId id{};
        SeriesInfo info;  // without its key
    };
    // What is only known of the reading; adds when it was taken.
    Status queue(const wire::link::Reading& reading);
    void broken();

    UniqueFd socket_;
    EventLoop& loop_;
    const Clock& clock_;
    std::function<void()> on_broken_;
    std::string source_name_;
    BoxName box_;
    std::string kept_;
    std::map<SeriesKey, Declared> declared_;
    std::unique_ptr<Pending> pending_;
    std::uint64_t readings_ = 0;
    std::uint64_t last_ticket_ = 0;
    std::map<std::uint64_t, std::function<void(const Status&)>> commits_;
    WorkerPool workers_{2};
};

}  // namespace cxedge
