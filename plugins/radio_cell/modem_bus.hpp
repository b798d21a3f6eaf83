// SPDX-License-Identifier: Apache-2.0
// ModemManager over D-Bus, without ever waiting (sd-bus on the loop). Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/event_loop.hpp"

#include "plugins/radio_cell/modem_note.hpp"

struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;

namespace cxedge::plugins {

enum class BusFault : std::uint8_t {
    none,
    no_bus,      // nobody listens at the bus's address
    no_service,  // no ModemManager on the bus
    forbidden,   // the bus's policy or polkit
    ended,       // ModemManager or the bus went away while it was asked
    gone,        // that modem, or what was asked of it
    refused,     // another error
    garbled,     // the answer is of another type
};

class ModemBus {
public:
    explicit ModemBus(EventLoop& loop);
    ModemBus(const ModemBus&) = delete;
    ModemBus& operator=(const ModemBus&) = delete;
    // No call back comes any more.
    ~ModemBus();

    using OnFault = std::function<void(BusFault)>;
    // Once, and first. `address`: "system", or "unix:path=...". All call backs come from the loop,
    // never from within a call here; none sets a time limit.
    void open(const std::string& address, OnFault lost);

    using OnModems = std::function<void(BusFault, std::vector<ModemNote>)>;
    // All modems. ModemManager is not started for it.
    void ask_modems(OnModems done);
    // Asks for signal figures every `rate_s` seconds.
    void set_up_signal(const std::string& path, std::uint32_t rate_s, OnFault done);
    // Keeps `note`, which must outlive this, at what its modem tells of its signal.
    void watch_signal(ModemNote& note, std::function<void()> changed);
    using OnCell = std::function<void(BusFault, std::string cell)>;
    void ask_cell(const std::string& path, OnCell done);

private:
    using OnMessage = std::function<void(sd_bus_message*)>;
    struct Slot {
        ~Slot();
        OnMessage on_message;
        sd_bus_slot* slot = nullptr;
    };
    using Message = std::unique_ptr<sd_bus_message, sd_bus_message* (*)(sd_bus_message*)>;

    static int called_back(sd_bus_message* message, void* slot, void* error) noexcept;
    Message new_call(const std::string& path, const char* interface, const char* method);
    void call(const Message& message, OnMessage done);
    void process();
    void arm();
    void lose(BusFault fault);
    void lose_soon(BusFault fault);

    EventLoop& loop_;
    OnFault lost_;
    sd_bus* bus_ = nullptr;
    bool is_lost_ = false;
    std::list<Slot> slots_;
    LoopHandle readable_;
    LoopHandle writable_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
