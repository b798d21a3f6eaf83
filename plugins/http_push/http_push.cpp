// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_push/http_push.hpp"

#include <utility>

namespace cxedge::plugins {

std::vector<SettingHelp> HttpPush::settings_help() {
    return push_schema().help();
}

void HttpPush::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = push_schema().read(settings, problems);
    check_push(settings_, settings, problems);
    readers_.clear();
    make_readers(settings, problems);
}

void HttpPush::make_readers(const SettingsNode& settings, SettingsProblems& problems) {
    if (settings_.routes.empty()) {
        readers_.push_back(devices::PayloadReader::make(settings_, settings, problems));
        return;
    }
    const SettingsNode* const tables = settings.find("route");
    const SettingsNode::List* const list = tables == nullptr ? nullptr : tables->list();
    for (std::size_t i = 0; i < settings_.routes.size(); ++i) {
        const SettingsNode& node = list != nullptr && i < list->size() ? (*list)[i] : settings;
        readers_.push_back(devices::PayloadReader::make(settings_.routes[i], node, problems));
    }
}

Status HttpPush::start(Host& host) {
    std::vector<PushRun::Kind> kinds;
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        const PushRoute& route = settings_.routes.empty() ? settings_ : settings_.routes[i];
        kinds.push_back({&route, readers_[i].get()});
    }
    Result<std::unique_ptr<PushRun>> run = PushRun::start(settings_, kinds, host);
    if (!run) {
        return run.error();
    }
    run_ = std::move(run).value();
    return {};
}

void HttpPush::stop() {
    run_.reset();
}

}  // namespace cxedge::plugins
