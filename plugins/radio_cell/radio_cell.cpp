// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_cell/radio_cell.hpp"

#include <utility>

#include "plugins/radio_cell/modem_look.hpp"

namespace cxedge::plugins {
namespace {

class CellRun final : public probes::ProbeRun {
public:
    CellRun(const probes::ProbeContext& context, ModemLook::Wishes wishes, CellBook& book)
        : context_(context), book_(book), look_(context.loop, std::move(wishes)) {}

    void begin(Done done) override {
        done_ = std::move(done);
        limit_ = context_.loop.after(context_.timeout, [this] { finish(look_.view(), true); });
        look_.begin([this](const CellView& view) { finish(view, false); });
    }

private:
    void finish(const CellView& view, bool timed_out) {
        limit_.cancel();
        if (const Done done = std::exchange(done_, nullptr)) {
            done(book_.take(view, timed_out, context_.clock.steady_now()));
        }
    }

    const probes::ProbeContext& context_;
    CellBook& book_;
    Done done_;
    LoopHandle limit_;
    ModemLook look_;
};

}  // namespace

std::vector<SettingHelp> RadioCell::settings_help() {
    return cell_settings_help();
}

void RadioCell::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_cell_settings(settings, problems);
}

std::unique_ptr<probes::ProbeRun> RadioCell::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    CellBook& book = books_.try_emplace(target.name, settings_).first->second;
    const auto rate = std::chrono::duration_cast<std::chrono::seconds>(settings_.signal_rate);
    ModemLook::Wishes wishes{
        target.address, settings_.bus, static_cast<std::uint32_t>(rate.count()), settings_.cell_id};
    return std::make_unique<CellRun>(context, std::move(wishes), book);
}

}  // namespace cxedge::plugins
