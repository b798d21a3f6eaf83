// SPDX-License-Identifier: Apache-2.0
#include "agent/config/uplink_schema.hpp"

#include "agent/config/credential.hpp"
#include "agent/config/text_checks.hpp"

namespace cxedge::config {
namespace {

constexpr double kDay = 86400;

template <class T>
void add_backlog_settings(Schema<T>& s) {
    s.duration(
         "live_age_s",
         &T::live_age,
         "A batch older than this is backfill: own topic, sent after what is fresh; 1 to 86400"
    )
        .range(1, kDay);
    s.integer(
         "backfill_kib_per_s",
         &T::backfill_kib_per_s,
         "KiB of backfill a second, so that a backlog leaves room on the line; 0 to 1048576, "
         "0: no limit"
    )
        .range(0, 1048576);
    s.duration(
         "backfill_start_jitter_s",
         &T::backfill_start_jitter,
         "Backfill begins at random within this time after connecting, so that a fleet does not "
         "begin as one; 0 to 86400"
    )
        .range(0, kDay);
}

template <class T>
void add_outage_settings(Schema<T>& s) {
    s.duration(
         "fast_retry_s",
         &T::fast_retry,
         "While an outage is younger than this and TCP is refused at once, try again every 200 to "
         "400 ms; then 1 s to 5 min with jitter; 0 to 3600, 0: never fast"
    )
        .range(0, 3600);
    s.duration(
         "failback_s",
         &T::failback,
         "On a lesser broker of the list, look this often whether the first one works again; "
         "0 to 86400, 0: stay"
    )
        .range(0, kDay);
    s.integer(
         "clock_wait_h",
         &T::clock_wait_h,
         "Data waits at most this many hours for a clock that can be right, then it is sent with "
         "guessed times; 0 to 8760"
    )
        .range(0, 8760);
}

// A sink has all the settings of the uplink.
template <class T>
Schema<T> connection_schema() {
    Schema<T> s;
    s.text_or_texts(
         "broker",
         &T::brokers,
         "mqtt://host[:1883], or mqtts://host[:8883] for TLS; a list: the next one is tried after "
         "three failures in a row"
    )
        .check(check_broker);
    s.text("username", &T::username, "User name at the broker; empty: none");
    s.text(
         "password_file",
         &T::password_file,
         "File whose first line is the password; never the password itself"
    )
        .check(check_optional_secret_file);
    s.text(
         "ca_file",
         &T::ca_file,
         "CA certificates (PEM) that the broker must chain to; empty with mqtts: the system's"
    )
        .check(check_optional_secret_file);
    s.text(
         "certificate_file",
         &T::certificate_file,
         "Client certificate (PEM); needs key_file and mqtts"
    )
        .check(check_optional_secret_file);
    s.text(
         "key_file",
         &T::key_file,
         "Private key (PEM) of certificate_file. For this and the files above: a path, or "
         "credential:NAME, one that systemd hands over (LoadCredential=)"
    )
        .check(check_optional_secret_file);
    s.duration(
         "keepalive_s",
         &T::keepalive,
         "MQTT keep-alive: a dead link is noticed after 1.5 times this; 5 to 3600"
    )
        .range(5, 3600);
    s.integer("window", &T::window, "Batches sent and not yet acknowledged, at most; 1 to 1000")
        .range(1, 1000);
    s.duration(
         "ack_timeout_s",
         &T::ack_timeout,
         "A broker that acknowledges nothing for this long is stuck: connect again; 1 to 3600"
    )
        .range(1, 3600);
    add_backlog_settings(s);
    add_outage_settings(s);
    return s;
}

}  // namespace

Schema<UplinkConfig> uplink_schema() {
    return connection_schema<UplinkConfig>();
}

Schema<SinkConfig> sink_schema() {
    auto s = connection_schema<SinkConfig>();
    s.text(
         "name", &SinkConfig::name, "Name of this sink, unique on the box; its data lies under it"
    )
        .check(check_name);
    s.texts(
        "metrics", &SinkConfig::metrics, "Metrics it gets; * stands for any characters; empty: all"
    );
    s.texts("streams", &SinkConfig::streams, "What it gets of event, kpi, bulk, health; empty: all")
        .one_of({"event", "kpi", "bulk", "health"});
    s.integer(
         "max_mib",
         &SinkConfig::max_mib,
         "Disk for samples that wait for this sink, in MiB; 1 to 65536"
    )
        .range(1, 65536);
    return s;
}

}  // namespace cxedge::config
