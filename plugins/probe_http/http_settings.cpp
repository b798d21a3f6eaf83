// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/http_settings.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "plugins/_devices/http_client.hpp"
#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/text_search.hpp"

namespace cxedge::plugins {
namespace {

bool is_status(std::string_view text) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9';
    };
    constexpr std::size_t kLength = 3;
    return text.size() == kLength && text[0] >= '1' && text[0] <= '5' &&
           (text.substr(1) == "xx" || (digit(text[1]) && digit(text[2])));
}

std::string check_sha256(const std::string& text) {
    constexpr std::size_t kDigits = 64;
    const auto hex = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    const bool sound =
        text.empty() || (text.size() == kDigits && std::all_of(text.begin(), text.end(), hex));
    return sound ? std::string() : "is not 64 hexadecimal digits";
}

Schema<HttpSettings> make_http_schema() {
    using S = HttpSettings;
    Schema<S> schema;
    probes::add_probe_keys(schema);
    schema.text("method", &S::method, "How to ask").one_of({"GET", "HEAD", "POST", "PUT"});
    schema.text_map(
        "headers", &S::headers, "Header lines to send, e.g. { Accept = \"text/html\" }"
    );
    schema.text("body", &S::body, "What to send, with method POST or PUT");
    schema.texts("expect_status", &S::expect_status, "Statuses that are right: \"2xx\", \"301\"");
    schema.text("expect_body", &S::expect_body, "Text that the answer holds; empty: any")
        .check(probes::check_search_text);
    schema.text("expect_sha256", &S::expect_sha256, "SHA-256 of the answer's body; empty: any")
        .check(check_sha256);
    schema.integer("redirects", &S::redirects, "Redirects followed at most; 0: one is an answer")
        .range(0, 20);
    schema.text("ca_file", &S::ca_file, "PEM certificates that sign the server's (https)");
    schema.boolean("tls_verify", &S::tls_verify, "https: whether the server's certificate counts");
    schema.integer("max_body_kib", &S::max_body_kib, "The body is read no further than this")
        .range(1, 1'048'576);
    return schema;
}

const Schema<HttpSettings>& http_schema() {
    static const Schema<HttpSettings> kSchema = make_http_schema();
    return kSchema;
}

void wrong_setting(
    const SettingsNode& node, const char* key, std::string_view what, SettingsProblems& problems
) {
    const SettingsNode* const at = node.find(key);
    problems.add(at == nullptr ? node.position : at->position, key, what);
}

}  // namespace

HttpSettings read_http_settings(const SettingsNode& node, SettingsProblems& problems) {
    HttpSettings settings = http_schema().read(node, problems);
    probes::check_probe_settings(settings, node, probes::check_url, problems);
    const auto wrong = [&](const char* key, std::string_view what) {
        wrong_setting(node, key, what, problems);
    };
    for (const std::string& status : settings.expect_status) {
        if (!is_status(status)) {
            wrong("expect_status", fmt::format("{} is neither like 2xx nor like 301", status));
        }
    }
    if (settings.expect_status.empty()) {
        wrong("expect_status", "needs one at least");
    }
    if (const std::string said = devices::check_http_headers(settings.headers); !said.empty()) {
        wrong("headers", said);
    }
    if (!settings.body.empty() && settings.method != "POST" && settings.method != "PUT") {
        wrong("method", "must be POST or PUT to send a body");
    }
    return settings;
}

std::vector<SettingHelp> http_settings_help() {
    return http_schema().help();
}

std::string class_of_status(long status) {
    constexpr long kHundred = 100;
    return fmt::format("{}xx", status / kHundred);
}

bool fits_status(long status, const std::vector<std::string>& expected) {
    const std::string code = std::to_string(status);
    return std::any_of(expected.begin(), expected.end(), [&](const std::string& each) {
        return each == code || each == class_of_status(status);
    });
}

}  // namespace cxedge::plugins
