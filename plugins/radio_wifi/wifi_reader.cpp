// SPDX-License-Identifier: Apache-2.0
#include "plugins/radio_wifi/wifi_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

namespace cxedge::plugins {

WifiReader::WifiReader(EventLoop& loop, std::unique_ptr<WifiSystem> system, Wanted wanted)
    : loop_(loop), wanted_(std::move(wanted)), system_(std::move(system)) {}

void WifiReader::begin(Done done) {
    done_ = std::move(done);
    const int error = system_->open(
        loop_,
        {[this](std::string_view datagram) { take(datagram); },
         [this](int what) {
             fail(what);
         }}
    );
    if (error != 0) {
        later_ = loop_.after({}, [this, error] { fail(error); });
        return;
    }
    view_.reached = WifiView::Step::family;
    send(wifi_family_request(++seq_));
}

void WifiReader::send(const std::string& message) {
    const int error = system_->send(message);
    if (error != 0) {
        later_ = loop_.after({}, [this, error] { fail(error); });
    }
}

void WifiReader::ask_next() {
    if (questions_.empty()) {
        view_.reached = WifiView::Step::all;
        finish();
        return;
    }
    const Question& next = questions_.front();
    send(wifi_dump_request(next.what, family_, next.interface_index, ++seq_));
}

void WifiReader::take(std::string_view datagram) {
    const NetlinkMessages messages = split_netlink(datagram);
    for (const NetlinkMessage& message : messages.all) {
        // What is about an earlier question is late.
        if (done_ && message.seq == seq_) {
            take_message(message);
        }
    }
    if (!messages.whole) {
        garbled();
    }
}

void WifiReader::take_message(const NetlinkMessage& message) {
    if (const std::optional<int> error = netlink_error(message)) {
        take_end(*error);
    } else if (view_.reached == WifiView::Step::family) {
        take_family(message);
    } else if (message.type != family_) {
        garbled();
    } else if (questions_.front().what == WifiDump::interfaces) {
        take_interface(message);
    } else if (questions_.front().what == WifiDump::stations) {
        take_access_point(message);
    } else {
        take_channel(message);
    }
}

// A dump has ended, well or not.
void WifiReader::take_end(int error) {
    const bool forbidden = error == EPERM || error == EACCES;
    // A link that is down or was removed just now has no access point; many drivers know nothing of
    // their channel.
    const bool ends = view_.reached != WifiView::Step::links || forbidden;
    if (error != 0 && ends) {
        fail(error);
        return;
    }
    if (!questions_.empty()) {
        questions_.pop_front();
        view_.reached = WifiView::Step::links;
        ask_next();
    }
}

void WifiReader::take_family(const NetlinkMessage& message) {
    const auto family = read_family(message.payload);
    if (!family) {
        garbled();
        return;
    }
    family_ = *family;
    view_.reached = WifiView::Step::interfaces;
    questions_.push_back({WifiDump::interfaces, 0});
    ask_next();
}

void WifiReader::take_interface(const NetlinkMessage& message) {
    const auto found = read_interface(message.payload);
    if (!found) {
        garbled();
        return;
    }
    if (found->index == 0 || found->name.empty() || !wanted_(*found)) {
        return;
    }
    view_.links.push_back({*found, {}, {}});
    if (found->is_station) {
        questions_.push_back({WifiDump::stations, found->index});
        questions_.push_back({WifiDump::surveys, found->index});
    }
}

void WifiReader::take_access_point(const NetlinkMessage& message) {
    const auto station = read_station(message.payload);
    if (!station) {
        garbled();
        return;
    }
    WifiLink* const link = link_of(station->interface_index);
    if (link != nullptr && !station->is_peer && station->authorized) {
        link->access_point = station;
    }
}

void WifiReader::take_channel(const NetlinkMessage& message) {
    const auto survey = read_survey(message.payload);
    if (!survey) {
        garbled();
        return;
    }
    WifiLink* const link = link_of(survey->interface_index);
    if (link == nullptr) {
        return;
    }
    const double mhz = std::floor(link->interface.frequency_hz.value_or(-1) / 1e6);
    // Not all drivers mark the channel in use.
    if (survey->in_use || (!link->channel && survey->frequency_mhz == mhz)) {
        link->channel = survey;
    }
}

WifiLink* WifiReader::link_of(std::uint32_t interface_index) {
    const auto found = std::find_if(view_.links.begin(), view_.links.end(), [&](const auto& link) {
        return link.interface.index == interface_index;
    });
    return found == view_.links.end() ? nullptr : &*found;
}

void WifiReader::fail(int error) {
    view_.error = error;
    finish();
}

void WifiReader::garbled() {
    view_.garbled = true;
    finish();
}

void WifiReader::finish() {
    if (const Done done = std::exchange(done_, nullptr)) {
        done(view_);
    }
}

}  // namespace cxedge::plugins
