// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/radio_wifi.hpp"

#include <utility>

namespace cxedge::plugins {
namespace {

class WifiRun final : public probes::ProbeRun {
public:
    WifiRun(
        const probes::ProbeContext& context,
        std::unique_ptr<WifiSystem> system,
        WifiReader::Wanted wanted,
        WifiBook& book
    )
        : context_(context),
          book_(book),
          reader_(context.loop, std::move(system), std::move(wanted)) {}

    void begin(Done done) override {
        done_ = std::move(done);
        limit_ = context_.loop.after(context_.timeout, [this] { finish(reader_.view(), true); });
        reader_.begin([this](const WifiView& view) { finish(view, false); });
    }

private:
    void finish(const WifiView& view, bool timed_out) {
        limit_.cancel();
        if (const Done done = std::exchange(done_, nullptr)) {
            done(book_.take(view, timed_out, context_.clock.steady_now()));
        }
    }

    const probes::ProbeContext& context_;
    WifiBook& book_;
    Done done_;
    LoopHandle limit_;
    WifiReader reader_;
};

}  // namespace

RadioWifi::RadioWifi() : RadioWifi(make_netlink_wifi) {}

RadioWifi::RadioWifi(MakeWifiSystem make_system) : make_system_(std::move(make_system)) {}

std::vector<SettingHelp> RadioWifi::settings_help() {
    return wifi_settings_help();
}

void RadioWifi::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_wifi_settings(settings, problems);
}

std::unique_ptr<probes::ProbeRun> RadioWifi::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    WifiBook& book = books_.try_emplace(target.name, target.address, settings_).first->second;
    // "auto": all clients, or the one of the setting `interface`.
    auto wanted = [address = target.address, only = context.interface](const WifiInterface& found) {
        return address == "auto" ? found.is_station && (only.empty() || found.name == only)
                                 : found.name == address;
    };
    return std::make_unique<WifiRun>(context, make_system_(), std::move(wanted), book);
}

}  // namespace cxedge::plugins
