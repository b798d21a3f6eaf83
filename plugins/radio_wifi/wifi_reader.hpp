// SPDX-License-Identifier: Apache-2.0
// One look at the Wi-Fi of this box: its interfaces, the access point of each client, the channel
// in use. Of interfaces that are no clients nothing more is asked: their stations are people's
// telephones. Thread: the loop's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/radio_wifi/nl80211_messages.hpp"
#include "plugins/radio_wifi/wifi_system.hpp"

namespace cxedge::plugins {

struct WifiLink {
    WifiInterface interface;
    std::optional<WifiStation> access_point;  // none: not connected
    std::optional<WifiSurvey> channel;        // in use; none: the driver does not tell
};

struct WifiView {
    enum class Step : std::uint8_t { socket, family, interfaces, links, all };
    Step reached = Step::socket;  // `all`: nothing is missing
    int error = 0;                // errno that ended it at that step
    bool garbled = false;         // likewise: an answer that is none
    std::vector<WifiLink> links;  // of the interfaces that were asked for
};

class WifiReader {
public:
    using Wanted = std::function<bool(const WifiInterface&)>;
    using Done = std::function<void(const WifiView&)>;

    WifiReader(EventLoop& loop, std::unique_ptr<WifiSystem> system, Wanted wanted);
    // Once. `done` comes once, from the loop, never from within this. It sets no time limit: see
    // view().
    void begin(Done done);
    // As far as it came.
    [[nodiscard]] const WifiView& view() const { return view_; }

private:
    struct Question {
        WifiDump what = WifiDump::interfaces;
        std::uint32_t interface_index = 0;
    };

    void send(const std::string& message);
    void ask_next();
    void take(std::string_view datagram);
    void take_message(const NetlinkMessage& message);
    void take_end(int error);
    void take_family(const NetlinkMessage& message);
    void take_interface(const NetlinkMessage& message);
    void take_access_point(const NetlinkMessage& message);
    void take_channel(const NetlinkMessage& message);
    WifiLink* link_of(std::uint32_t interface_index);
    void fail(int error);
    void garbled();
    void finish();

    EventLoop& loop_;
    Wanted wanted_;
    Done done_;
    WifiView view_;
    std::uint16_t family_ = 0;
    std::uint32_t seq_ = 0;
    std::deque<Question> questions_;  // the first is being answered
    LoopHandle later_;
    std::unique_ptr<WifiSystem> system_;
};

}  // namespace cxedge::plugins
