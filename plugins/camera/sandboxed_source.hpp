// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/camera/camera_source.hpp"
#include "plugins/camera/sandbox.hpp"

namespace cxedge::camera {

// The camera as its own process runs it: start() shuts the process in for good, before the first
// byte of a stream is read.
class SandboxedSource final : public Source {
public:
    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        const SettingsNode* source = settings.find("source");
        const auto* address =
            source == nullptr ? nullptr : std::get_if<std::string>(&source->value);
        needs_ = SandboxNeeds::of(address == nullptr ? "" : *address);
        camera_.init(settings, problems);
    }
    Status start(Host& host) override {
        if (!inside_) {  // start() is called again after `unavailable`
            if (Status entered = enter_sandbox(needs_); !entered) {
                return invalid_argument(entered.error().message);
            }
            inside_ = true;
        }
        return camera_.start(host);
    }
    void stop() override { camera_.stop(); }

private:
    CameraSource camera_;
    SandboxNeeds needs_;
    bool inside_ = false;
};

}  // namespace cxedge::camera
