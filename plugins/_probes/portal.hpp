// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a request and answers in its place: a captive portal (RFC 8952). Pure.
// Thread: any.
#pragma once

#include <string>

#include "plugins/_probes/http_fetch.hpp"

namespace cxedge::probes {

// Whether `reply` came from another site than `url` asks for. Hosts are of one site that share
// their last two labels, as "shop.example" and "www.shop.example" do; addresses: that are the same.
bool from_other_site(const std::string& url, const FetchReply& reply);

// Whether what came is HTML.
bool is_page(const FetchReply& reply);

// Why something else than expected may have come, for people; empty: no idea. `form`: the body has
// one.
std::string portal_hint(const std::string& url, const FetchReply& reply, bool form);

}  // namespace cxedge::probes
