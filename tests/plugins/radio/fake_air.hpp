// SPDX-License-Identifier: Apache-2.0
// A kernel with Wi-Fi that answers requests with messages of nl80211_bytes.hpp.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "plugins/radio_wifi/wifi_system.hpp"

#include "tests/plugins/radio/nl80211_bytes.hpp"

namespace cxedge::test {

// A request as the kernel reads it.
struct WifiRequest {
    std::uint16_t family = 0;
    std::uint16_t flags = 0;
    std::uint32_t seq = 0;
    std::uint8_t command = 0;
    std::uint32_t interface_index = 0;
    std::string family_name;
};

// What there is; shared by the conversations of all runs.
struct Air {
    int open_error = 0;
    int family_error = 0;
    std::vector<Attrs> interfaces;
    std::vector<Attrs> stations;
    std::vector<Attrs> surveys;
    std::map<int, int> dump_errors;  // by command
    int mute = -1;                   // this command is not answered
    int garbled = -1;                // this one with half a message
    bool stale = false;              // an answer to an earlier question comes before each
    std::vector<WifiRequest> requests;

    // One client with an access point.
    static Air connected() {
        Air air;
        air.interfaces = {interface_attrs(3, "wlan0")};
        air.stations = {station_attrs(3)};
        air.surveys = {survey_attrs(3, {2412, false, 50, 10}), survey_attrs(3)};
        return air;
    }
};

class FakeWifi final : public plugins::WifiSystem {
public:
    explicit FakeWifi(std::shared_ptr<Air> air) : air_(std::move(air)) {}

    [[nodiscard]] int open(EventLoop& loop, Events events) override {
        loop_ = &loop;
        events_ = std::move(events);
        return air_->open_error;
    }

    [[nodiscard]] int send(std::string_view message) override {
        const WifiRequest request = read(message);
        air_->requests.push_back(request);
        if (request.command == air_->mute && request.family == kFamily) {
            return 0;
        }
        datagrams_ = answers(request);
        deliver_next();
        return 0;
    }

private:
    static WifiRequest read(std::string_view message) {
        nlmsghdr head{};
        genlmsghdr genl{};
        if (message.size() < sizeof head + sizeof genl) {
            throw std::runtime_error("a request without a head");
        }
        std::memcpy(&head, message.data(), sizeof head);
        std::memcpy(&genl, message.data() + sizeof head, sizeof genl);
        if (head.nlmsg_len != message.size() || (head.nlmsg_flags & NLM_F_REQUEST) == 0) {
            throw std::runtime_error("a request that the kernel would not take");
        }
        WifiRequest request{head.nlmsg_type, head.nlmsg_flags, head.nlmsg_seq, genl.cmd, 0, {}};
        if (message.size() > sizeof head + sizeof genl) {
            nlattr attr{};
            const std::string_view rest = message.substr(sizeof head + sizeof genl);
            std::memcpy(&attr, rest.data(), sizeof attr);
            if (attr.nla_type == CTRL_ATTR_FAMILY_NAME && head.nlmsg_type == GENL_ID_CTRL) {
                request.family_name = rest.substr(sizeof attr, attr.nla_len - sizeof attr - 1);
            } else if (attr.nla_type == NL80211_ATTR_IFINDEX) {
                std::memcpy(&request.interface_index, rest.data() + sizeof attr, 4);
            }
        }
        return request;
    }

    [[nodiscard]] std::vector<std::string> answers(const WifiRequest& request) const {
        std::vector<std::string> all;
        if (air_->stale) {
            all.push_back(error_message(request.seq - 1, 5));
        }
        if (request.family == GENL_ID_CTRL) {
            all.push_back(family(request));
            return all;
        }
        const std::string dump = messages(request);
        if (request.command == air_->garbled) {
            all.push_back(dump.substr(0, dump.size() / 2 + 1));
            return all;
        }
        const auto error = air_->dump_errors.find(request.command);
        if (error != air_->dump_errors.end()) {
            all.push_back(done_message(request.seq, error->second));
            return all;
        }
        if (!dump.empty()) {
            all.push_back(dump);
        }
        all.push_back(done_message(request.seq));
        return all;
    }

    [[nodiscard]] std::string family(const WifiRequest& request) const {
        if (air_->family_error != 0) {
            return error_message(request.seq, air_->family_error);
        }
        Attrs attrs;
        attrs.text(CTRL_ATTR_FAMILY_NAME, "nl80211")
            .number(CTRL_ATTR_FAMILY_ID, kFamily)
            .number(CTRL_ATTR_VERSION, std::uint32_t{1});
        return genl_message(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, request.seq, attrs);
    }

    // Of one datagram.
    [[nodiscard]] std::string messages(const WifiRequest& request) const {
        const bool stations = request.command == NL80211_CMD_GET_STATION;
        const bool surveys = request.command == NL80211_CMD_GET_SURVEY;
        const std::uint8_t command = stations  ? NL80211_CMD_NEW_STATION
                                     : surveys ? NL80211_CMD_NEW_SURVEY_RESULTS
                                               : NL80211_CMD_NEW_INTERFACE;
        std::string bytes;
        for (const Attrs& attrs : stations  ? air_->stations
                                  : surveys ? air_->surveys
                                            : air_->interfaces) {
            bytes += genl_message(kFamily, command, request.seq, attrs);
        }
        return bytes;
    }

    // One a turn of the loop.
    void deliver_next() {
        timer_ = loop_->after({}, [this] {
            const std::string next = datagrams_.front();
            datagrams_.erase(datagrams_.begin());
            if (!datagrams_.empty()) {
                deliver_next();
            }
            events_.bytes(next);
        });
    }

    std::shared_ptr<Air> air_;
    EventLoop* loop_ = nullptr;
    Events events_;
    std::vector<std::string> datagrams_;
    LoopHandle timer_;
};

}  // namespace cxedge::test
