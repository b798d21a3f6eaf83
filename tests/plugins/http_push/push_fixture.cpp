// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/http_push/push_fixture.hpp"

#include <numeric>
#include <stdexcept>

namespace cxedge::test {

const std::string kPushListener = "plugin = \"http_push\"\nlisten = \"127.0.0.1:0\"\n";
const std::string kPushValue =
    "each = \"/records\"\ndevice_at = \"/sensor\"\n"
    "[[source.value]]\nat = \"/in\"\nmetric = \"store.footfall.in\"\nkind = \"delta\"\n"
    "unit = \"{person}\"\n";

std::string push_record(int in, const std::string& id, const std::string& sensor) {
    return "{\"records\": [{\"in\": " + std::to_string(in) + ", \"sensor\": \"" + sensor +
           (id.empty() ? "\"" : "\", \"id\": \"" + id + "\"") + "}]}";
}

void PushFixture::begin(const std::string& further) {
    const Status started = start(kPushListener + further + kPushValue);
    if (!started) {
        throw std::runtime_error(started.error().message);
    }
}

std::string PushFixture::url(const std::string& path, const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(source.port()) + path;
}

std::vector<double> PushFixture::counted() const {
    return host.values_of("store.footfall.in{device=a}");
}

double PushFixture::requests(int status) const {
    const std::vector<double> values =
        host.values_of("http_push.requests{source=test,status=" + std::to_string(status) + "}");
    return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<std::string> PushFixture::events() const {
    std::vector<std::string> lines;
    for (const Event& event : host.events) {
        lines.push_back(event.name + " " + event.text);
    }
    return lines;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace cxedge::test
