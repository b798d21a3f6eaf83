// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/modem_bus.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string_view>
#include <utility>

#include <poll.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "plugins/radio_cell/modem_reader.hpp"

namespace cxedge::plugins {
namespace {

constexpr const char* kService = "org.freedesktop.ModemManager1";
constexpr const char* kRoot = "/org/freedesktop/ModemManager1";
constexpr const char* kSignalInterface = "org.freedesktop.ModemManager1.Modem.Signal";
constexpr const char* kLocationInterface = "org.freedesktop.ModemManager1.Modem.Location";
// Runs end by themselves; the bus's own limit must only not come before.
constexpr std::uint64_t kCallLimitUs = 3'600'000'000;
// Messages handled in one go, so that others on the loop have their turn.
constexpr int kMessagesAtOnce = 16;

struct FaultName {
    std::string_view error;  // D-Bus error name
    BusFault fault;
};

// D-Bus specification, "Error names"; ModemManager's MMCoreError; polkit.
constexpr std::array<FaultName, 12> kFaultNames{{
    {"org.freedesktop.DBus.Error.ServiceUnknown", BusFault::no_service},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", BusFault::no_service},
    {"org.freedesktop.DBus.Error.AccessDenied", BusFault::forbidden},
    {"org.freedesktop.DBus.Error.AuthFailed", BusFault::forbidden},
    {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", BusFault::forbidden},
    {"org.freedesktop.ModemManager1.Error.Core.Unauthorized", BusFault::forbidden},
    {"org.freedesktop.DBus.Error.NoReply", BusFault::ended},
    {"org.freedesktop.DBus.Error.Disconnected", BusFault::ended},
    {"org.freedesktop.DBus.Error.Timeout", BusFault::ended},
    {"org.freedesktop.DBus.Error.UnknownObject", BusFault::gone},
    {"org.freedesktop.DBus.Error.UnknownInterface", BusFault::gone},
    {"org.freedesktop.DBus.Error.UnknownMethod", BusFault::gone},
}};

BusFault fault_of(sd_bus_message* answer) {
    const sd_bus_error* const error = sd_bus_message_get_error(answer);
    if (error == nullptr || error->name == nullptr) {
        return BusFault::none;
    }
    const auto found = std::find_if(kFaultNames.begin(), kFaultNames.end(), [&](const auto& each) {
        return each.error == error->name;
    });
    return found == kFaultNames.end() ? BusFault::refused : found->fault;
}

bool is_denial(int error) {
    return error == EACCES || error == EPERM;
}

std::uint64_t monotonic_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

int connect_bus(const std::string& address, sd_bus** bus) {
    if (address == "system") {
        return sd_bus_open_system_with_description(bus, "cxedge");
    }
    int done = sd_bus_new(bus);
    done = done < 0 ? done : sd_bus_set_address(*bus, address.c_str());
    done = done < 0 ? done : sd_bus_set_bus_client(*bus, 1);
    return done < 0 ? done : sd_bus_start(*bus);
}

}  // namespace

ModemBus::Slot::~Slot() {
    sd_bus_slot_unref(slot);
}

ModemBus::ModemBus(EventLoop& loop) : loop_(loop) {}

ModemBus::~ModemBus() {
    slots_.clear();
    // Without flushing, which would wait.
    sd_bus_close_unref(bus_);
}

void ModemBus::open(const std::string& address, OnFault lost) {
    lost_ = std::move(lost);
    const int done = connect_bus(address, &bus_);
    if (done < 0) {
        lose_soon(is_denial(-done) ? BusFault::forbidden : BusFault::no_bus);
        return;
    }
    arm();
}

int ModemBus::called_back(sd_bus_message* message, void* slot, void* /*error*/) noexcept {
    static_cast<Slot*>(slot)->on_message(message);
    return 0;
}

ModemBus::Message ModemBus::new_call(
    const std::string& path, const char* interface, const char* method
) {
    sd_bus_message* message = nullptr;
    const int done =
        sd_bus_message_new_method_call(bus_, &message, kService, path.c_str(), interface, method);
    Message owned(message, sd_bus_message_unref);
    // Whoever has ModemManager has it running; a probe starts nothing.
    if (done >= 0) {
        static_cast<void>(sd_bus_message_set_auto_start(message, 0));
    }
    return owned;
}

void ModemBus::call(const Message& message, OnMessage done) {
    Slot& slot = slots_.emplace_back();
    slot.on_message = std::move(done);
    const int sent = message == nullptr
                         ? -ENOTCONN
                         : sd_bus_call_async(
                               bus_,
                               &slot.slot,
                               message.get(),
                               [](sd_bus_message* answer, void* data, sd_bus_error* error) {
                                   return called_back(answer, data, error);
                               },
                               &slot,
                               kCallLimitUs
                           );
    if (sent < 0) {
        lose_soon(BusFault::ended);
        return;
    }
    arm();
}

void ModemBus::ask_modems(OnModems done) {
    call(
        new_call(kRoot, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
        [done = std::move(done)](sd_bus_message* answer) {
            const BusFault fault = fault_of(answer);
            auto modems = fault == BusFault::none ? read_modems(answer) : std::nullopt;
            const bool garbled = fault == BusFault::none && !modems;
            done(garbled ? BusFault::garbled : fault, modems.value_or(std::vector<ModemNote>()));
        }
    );
}

void ModemBus::set_up_signal(const std::string& path, std::uint32_t rate_s, OnFault done) {
    const Message message = new_call(path, kSignalInterface, "Setup");
    if (message) {
        static_cast<void>(sd_bus_message_append_basic(message.get(), 'u', &rate_s));
    }
    call(message, [done = std::move(done)](sd_bus_message* answer) { done(fault_of(answer)); });
}

void ModemBus::watch_signal(ModemNote& note, std::function<void()> changed) {
    Slot& slot = slots_.emplace_back();
    slot.on_message = [&note, changed = std::move(changed)](sd_bus_message* message) {
        if (read_signal_change(message, note)) {
            changed();
        }
    };
    // Without it nothing comes, and the run ends at its limit.
    static_cast<void>(sd_bus_match_signal_async(
        bus_,
        &slot.slot,
        kService,
        note.path.c_str(),
        "org.freedesktop.DBus.Properties",
        "PropertiesChanged",
        [](sd_bus_message* message, void* data, sd_bus_error* error) {
            return called_back(message, data, error);
        },
        nullptr,
        &slot
    ));
}

void ModemBus::ask_cell(const std::string& path, OnCell done) {
    call(
        new_call(path, kLocationInterface, "GetLocation"),
        [done = std::move(done)](sd_bus_message* answer) {
            const BusFault fault = fault_of(answer);
            done(fault, fault == BusFault::none ? read_location(answer) : std::string());
        }
    );
}

void ModemBus::process() {
    int more = 1;
    for (int i = 0; i < kMessagesAtOnce && more > 0; ++i) {
        more = sd_bus_process(bus_, nullptr);
    }
    if (more < 0) {
        lose(is_denial(-more) ? BusFault::forbidden : BusFault::ended);
    } else {
        arm();
    }
}

// What the bus waits for now.
void ModemBus::arm() {
    const int fd = sd_bus_get_fd(bus_);
    const int events = sd_bus_get_events(bus_);
    std::uint64_t at_us = 0;
    if (fd < 0 || events < 0 || sd_bus_get_timeout(bus_, &at_us) < 0) {
        lose_soon(BusFault::ended);
        return;
    }
    const auto watch = [&](LoopHandle& handle, int event, auto when) {
        if ((events & event) == 0) {
            handle.cancel();
        } else if (!handle) {
            handle = (loop_.*when)(fd, [this] { process(); });
        }
    };
    watch(readable_, POLLIN, &EventLoop::when_readable);
    watch(writable_, POLLOUT, &EventLoop::when_writable);
    timer_.cancel();
    if (at_us != std::numeric_limits<std::uint64_t>::max()) {
        const std::uint64_t now_us = monotonic_us();
        const std::uint64_t wait_ms = at_us > now_us ? (at_us - now_us) / 1'000 + 1 : 0;
        const auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(wait_ms));
        timer_ = loop_.after(wait, [this] { process(); });
    }
}

void ModemBus::lose_soon(BusFault fault) {
    if (!std::exchange(is_lost_, true)) {
        timer_ = loop_.after({}, [this, fault] { lose(fault); });
    }
}

void ModemBus::lose(BusFault fault) {
    is_lost_ = true;
    readable_.cancel();
    writable_.cancel();
    timer_.cancel();
    if (const OnFault lost = std::exchange(lost_, nullptr)) {
        lost(fault);
    }
}

}  // namespace cxedge::plugins
