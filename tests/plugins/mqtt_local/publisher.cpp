// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/mqtt_local/publisher.hpp"

#include <stdexcept>

#include <mosquitto.h>

namespace cxedge::test {
namespace {

constexpr int kSteps = 1'000;  // of at most 10 ms each

void note_acknowledged(mosquitto* /*handle*/, void* user, int mid) {
    *static_cast<int*>(user) = mid;
}

void note_welcome(mosquitto* /*handle*/, void* user, int code) {
    *static_cast<int*>(user) = code == 0 ? 0 : -2;
}

}  // namespace

Publisher::Publisher(const PublisherOptions& options) : acknowledged_(-1) {
    mosquitto_lib_init();
    handle_ = mosquitto_new(nullptr, true, &acknowledged_);
    mosquitto_connect_callback_set(handle_, note_welcome);
    mosquitto_publish_callback_set(handle_, note_acknowledged);
    if (!options.user.empty()) {
        mosquitto_username_pw_set(handle_, options.user.c_str(), options.password.c_str());
    }
    if (!options.ca_file.empty()) {
        mosquitto_tls_set(handle_, options.ca_file.c_str(), nullptr, nullptr, nullptr, nullptr);
    }
    if (mosquitto_connect(handle_, "127.0.0.1", options.port, 60) != MOSQ_ERR_SUCCESS) {
        throw std::runtime_error("the publisher cannot connect");
    }
    run_until_acknowledged(0);
}

Publisher::~Publisher() {
    mosquitto_disconnect(handle_);
    mosquitto_destroy(handle_);
    mosquitto_lib_cleanup();
}

void Publisher::run_until_acknowledged(int mid) {
    for (int i = 0; i < kSteps && acknowledged_ != mid; ++i) {
        if (mosquitto_loop(handle_, 10, 1) != MOSQ_ERR_SUCCESS) {
            break;
        }
    }
    if (acknowledged_ != mid) {
        throw std::runtime_error("the broker does not acknowledge");
    }
}

void Publisher::send(const std::string& topic, const std::string& payload, bool retain) {
    int mid = 0;
    const auto size = static_cast<int>(payload.size());
    if (mosquitto_publish(handle_, &mid, topic.c_str(), size, payload.data(), 1, retain) !=
        MOSQ_ERR_SUCCESS) {
        throw std::runtime_error("the publisher cannot publish");
    }
    run_until_acknowledged(mid);
}

}  // namespace cxedge::test
