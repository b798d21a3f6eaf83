// SPDX-License-Identifier: Apache-2.0
// The template part of http_listener.hpp (include that file, not this one).
#pragma once

#include "plugins/_devices/http_listen_address.hpp"
#include "plugins/_devices/http_listener.hpp"  // IWYU pragma: keep

namespace cxedge::devices {

template <class T>
void add_http_listener_keys(Schema<T>& schema) {
    schema.text("listen", &T::listen, "TCP address:port to listen on; port 0: any")
        .check(check_listen_address);
    schema.text("cert_file", &T::cert_file, "PEM certificate chain; with key_file: TLS");
    schema.text("key_file", &T::key_file, "PEM key of the certificate");
    schema.text("token_file", &T::token_file, "File with the bearer token of who may push");
    schema.text("user", &T::user, "User of who may push (basic authentication)");
    schema.text("password_file", &T::password_file, "File with the user's password");
    schema.integer("max_body_kib", &T::max_body_kib, "Largest message").range(1, 65'536);
    schema.integer("max_connections", &T::max_connections, "Connections at most").range(1, 4'096);
    schema
        .integer(
            "max_connections_per_address",
            &T::max_connections_per_address,
            "Connections from one address at most"
        )
        .range(1, 4'096);
    schema.number("max_requests_per_s", &T::max_requests_per_s, "Requests from one address at most")
        .range(0.1, 100'000);
    schema.duration("timeout_s", &T::timeout, "A connection that says nothing is closed after")
        .range(1, 3'600);
}

}  // namespace cxedge::devices
