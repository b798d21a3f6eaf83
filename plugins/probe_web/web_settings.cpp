// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/web_settings.hpp"

#include "plugins/_devices/http_client.hpp"
#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/text_search.hpp"

namespace cxedge::plugins {
namespace {

Schema<WebSettings> make_web_schema() {
    using S = WebSettings;
    Schema<S> schema;
    probes::add_probe_keys(schema);
    schema.text("expect_body", &S::expect_body, "Text that the document holds; empty: any")
        .check(probes::check_search_text);
    schema.texts("resources", &S::resources, "Loaded with the page, besides what it names; URLs");
    schema.integer("parallel", &S::parallel, "Requests at a time").range(1, 16);
    schema.integer("max_resources", &S::max_resources, "Parts of a page that are loaded at most")
        .range(0, 500);
    schema.integer("max_page_kib", &S::max_page_kib, "A page with its parts is cut off here")
        .range(1, 1'048'576);
    schema.integer("max_failed", &S::max_failed, "So many parts may fail of a page that is loaded")
        .range(0, 500);
    schema.text_map(
        "headers", &S::headers, "Header lines to send, e.g. { Accept = \"text/html\" }"
    );
    schema.text("ca_file", &S::ca_file, "PEM certificates that sign the servers' (https)");
    schema.boolean("tls_verify", &S::tls_verify, "https: whether a server's certificate counts");
    return schema;
}

const Schema<WebSettings>& web_schema() {
    static const Schema<WebSettings> kSchema = make_web_schema();
    return kSchema;
}

}  // namespace

WebSettings read_web_settings(const SettingsNode& node, SettingsProblems& problems) {
    WebSettings settings = web_schema().read(node, problems);
    probes::check_probe_settings(settings, node, probes::check_url, problems);
    if (const std::string wrong = devices::check_http_headers(settings.headers); !wrong.empty()) {
        const SettingsNode* const at = node.find("headers");
        problems.add(at == nullptr ? node.position : at->position, "headers", wrong);
    }
    return settings;
}

std::vector<SettingHelp> web_settings_help() {
    return web_schema().help();
}

}  // namespace cxedge::plugins
