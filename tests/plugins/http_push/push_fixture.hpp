// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plugins/http_push/http_push.hpp"

#include "tests/plugins/http_push/http_client.hpp"
#include "tests/plugins/plugin_fixture.hpp"

namespace cxedge::test {

// Settings that every test begins with: any port, and what a counter called "a" says.
extern const std::string kPushListener;
extern const std::string kPushValue;  // the [[source.value]] table, so at the end
// `{"records": [...]}` with one record.
std::string push_record(int in, const std::string& id = "", const std::string& sensor = "a");

struct PushFixture : Running<plugins::HttpPush> {
    // Fails the test if it does not start. `further`: keys of the source.
    void begin(const std::string& further = "");
    [[nodiscard]] HttpClient connect() const { return HttpClient(source.port()); }
    [[nodiscard]] std::string url(const std::string& path, const std::string& scheme = "http")
        const;
    std::vector<double> counted() const;                    // of counter a
    [[nodiscard]] double requests(int status) const;        // once stopped
    [[nodiscard]] std::vector<std::string> events() const;  // "name text"
};

// How often `part` is in `text`.
std::size_t occurrences(const std::string& text, const std::string& part);

}  // namespace cxedge::test
