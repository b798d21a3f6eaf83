// SPDX-License-Identifier: Apache-2.0
// Each check of cxctl doctor with what is well and what is not.
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "agent/ctl/doctor/agent_check.hpp"
#include "agent/ctl/doctor/broker_check.hpp"
#include "agent/ctl/doctor/clock_check.hpp"
#include "agent/ctl/doctor/disk_check.hpp"
#include "agent/ctl/doctor/permission_check.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/ctl/played_broker.hpp"

namespace cxedge::ctl {
namespace {

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool is_problem(const Finding& finding) {
    return finding.verdict == Verdict::problem && !finding.remedy.empty();
}

// A file of this mode.
std::string file_with(const test::TempDir& dir, const std::string& name, mode_t mode) {
    const std::string path = dir.file(name);
    std::ofstream(path) << "x\n";
    ::chmod(path.c_str(), mode);
    return path;
}

uplink::BrokerOptions options_of(bool tls) {
    uplink::BrokerOptions options;
    options.host = "broker.example";
    options.tls = tls;
    return options;
}

// What the check says of a connection that is lost for this reason.
Finding finding_of(const uplink::BrokerOptions& options, uplink::Loss loss, const char* why) {
    PlayedBroker broker;
    broker.loss = loss;
    broker.next.emplace_back([why](uplink::BrokerListener& heard) { heard.on_disconnected(why); });
    return check_broker("mqtt://broker.example", options, broker);
}

}  // namespace

TEST_CASE("doctor: findings as a line and as JSON", "[ctl][doctor]") {
    constexpr Check kDisk{"disk"};
    const Findings findings{kDisk.ok("1 GiB free"), kDisk.problem("full \"x\"\n", "free it")};
    CHECK(to_line(findings[0]) == "ok       disk         1 GiB free\n");
    CHECK(to_line(findings[1]) == "PROBLEM  disk         full \"x\"? -> free it\n");
    CHECK(any_problem(findings));
    CHECK_FALSE(any_problem({kDisk.ok("fine"), kDisk.note("works", "look")}));
    const auto json = nlohmann::json::parse(to_json(findings));
    CHECK(json["ok"] == false);
    CHECK(json["findings"].size() == 2);
    CHECK(json["findings"][1]["verdict"] == "problem");
    CHECK(json["findings"][1]["what"] == "full \"x\"\n");
    CHECK(json["findings"][1]["remedy"] == "free it");
    CHECK(nlohmann::json::parse(to_json({}))["ok"] == true);
}

TEST_CASE("doctor: a clock that is right, free-running, never set", "[ctl][doctor]") {
    KernelClock clock{true, true, true, 2500, 100};
    CHECK(check_clock(clock).verdict == Verdict::ok);
    CHECK(mentions(check_clock(clock).what, "0.003 s"));
    clock.synchronised = false;
    CHECK(check_clock(clock).verdict == Verdict::note);
    clock.set = false;
    CHECK(is_problem(check_clock(clock)));
    CHECK(check_clock({false, true, false, 0, 0}).verdict == Verdict::note);
}

TEST_CASE("doctor: room for the spool on its disk", "[ctl][doctor]") {
    DiskRoom room{"/state", 100, 900, true, false};
    CHECK(check_disk(room, 1000).verdict == Verdict::ok);
    CHECK(is_problem(check_disk(room, 1001)));
    room.used_bytes = 2000;  // more than the quota: nothing more is needed
    CHECK(check_disk(room, 1001).verdict == Verdict::ok);
    room.inodes_left = false;
    CHECK(is_problem(check_disk(room, 0)));
    room.read_only = true;
    CHECK(mentions(check_disk(room, 0).what, "read-only"));
}

TEST_CASE("doctor: the disk of a directory that is not there yet", "[ctl][doctor]") {
    const test::TempDir dir;
    std::ofstream(dir.file("queue.db")) << std::string(5000, 'x');
    const auto there = disk_room(dir.path().string());
    const auto later = disk_room(dir.file("a/b/c"));
    REQUIRE(there.ok());
    REQUIRE(later.ok());
    CHECK(there->used_bytes == 5000);
    CHECK(later->used_bytes == 0);
    CHECK(later->free_bytes > 0);
    CHECK(later->inodes_left);
}

TEST_CASE("doctor: a secret is the daemon's alone", "[ctl][doctor]") {
    const test::TempDir dir;
    const DaemonUser me = current_user();
    const std::string good = file_with(dir, "good", 0600);
    CHECK(check_secret({"uplink.key_file", good}, me).verdict == Verdict::ok);

    const Finding open = check_secret({"uplink.key_file", file_with(dir, "open", 0644)}, me);
    CHECK(is_problem(open));
    CHECK(mentions(open.what, "0644"));
    CHECK(mentions(open.remedy, "chmod 600 " + dir.file("open")));

    CHECK(is_problem(check_secret({"uplink.key_file", dir.file("absent")}, me)));
    CHECK(is_problem(check_secret({"uplink.key_file", dir.path().string()}, me)));

    // Somebody who is neither owner nor root; the directory is closed to them as well.
    const DaemonUser other{"cxedge", me.uid + 12345, me.gid + 12345};
    const Finding closed = check_secret({"uplink.key_file", good}, other);
    CHECK(is_problem(closed));
    CHECK(mentions(closed.what, "may not enter " + dir.path().string()));
    ::chmod(dir.path().c_str(), 0755);
    const Finding foreign = check_secret({"uplink.key_file", good}, other);
    CHECK(is_problem(foreign));
    CHECK(mentions(foreign.remedy, "chown cxedge: " + good));
}

TEST_CASE("doctor: what the daemon must read is readable", "[ctl][doctor]") {
    const test::TempDir dir;
    ::chmod(dir.path().c_str(), 0755);
    const DaemonUser other{"cxedge", current_user().uid + 12345, current_user().gid + 12345};
    CHECK(
        check_readable({"uplink.ca_file", file_with(dir, "ca", 0644)}, other).verdict == Verdict::ok
    );
    CHECK(is_problem(check_readable({"", file_with(dir, "site", 0640)}, other)));
    CHECK(is_problem(check_readable({"", dir.file("absent")}, other)));
}

TEST_CASE("doctor: the state directory belongs to the daemon", "[ctl][doctor]") {
    const test::TempDir dir;
    const std::string path = dir.path().string();
    const DaemonUser me = current_user();
    CHECK(check_state_directory(path, me).verdict == Verdict::ok);
    CHECK(check_state_directory(path + "/later", me).verdict == Verdict::ok);
    CHECK(is_problem(check_state_directory(file_with(dir, "file", 0600), me)));
    const DaemonUser other{"cxedge", me.uid + 12345, me.gid + 12345};
    CHECK(mentions(check_state_directory(path, other).remedy, "chown -R cxedge: " + path));
    ::chmod(path.c_str(), 0777);
    CHECK(mentions(check_state_directory(path, me).remedy, "chmod 700 " + path));
}

TEST_CASE("doctor: users", "[ctl][doctor]") {
    const auto root = find_user("root");
    REQUIRE(root.ok());
    CHECK(root->uid == 0);
    const auto nobody = find_user("no-such-user-here");
    REQUIRE_FALSE(nobody.ok());
    CHECK(nobody.error().code == ErrorCode::not_found);
}

TEST_CASE("doctor: an agent that is well, offline, not there", "[ctl][doctor]") {
    telemetry::Health health;
    health.connection = "online";
    const Findings well = check_agent(health);
    REQUIRE(well.size() == 1);
    CHECK(well[0].verdict == Verdict::ok);

    health.connection = "offline";
    health.last_error = "connection refused";
    telemetry::SourceHealth source;
    source.name = "till";
    source.state = "failed";
    source.problem = "socket: permission denied";
    health.sources.push_back(source);
    const Findings ill = check_agent(health);
    REQUIRE(ill.size() == 2);
    CHECK(is_problem(ill[0]));
    CHECK(mentions(ill[0].what, "source till is failed: socket: permission denied"));
    CHECK(is_problem(ill[1]));
    CHECK(mentions(ill[1].what, "OFFLINE"));

    const test::TempDir dir;
    const Findings gone = check_agent(ask_agent(dir.file("control.sock")));
    REQUIRE(gone.size() == 1);
    CHECK(mentions(gone[0].remedy, "systemctl start cxedged"));
}

TEST_CASE("doctor: a broker that takes the connection", "[ctl][doctor]") {
    PlayedBroker broker;
    broker.accepts();
    const Finding finding = check_broker("mqtts://broker.example", options_of(true), broker);
    CHECK(finding.verdict == Verdict::ok);
    CHECK(finding.what == "mqtts://broker.example: connected with MQTT 5.0, TLS");
    CHECK(broker.disconnected);
}

TEST_CASE("doctor: a broker of the last decade is tried in its own protocol", "[ctl][doctor]") {
    class OldBroker final : public PlayedBroker {
    public:
        void poll(std::chrono::milliseconds timeout) override {
            if (protocol == uplink::Protocol::v311) {
                accepts();
            } else {
                drops();
            }
            PlayedBroker::poll(timeout);
        }
    };
    OldBroker broker;
    broker.loss = {uplink::Reached::server, 0x84, false};
    const Finding finding = check_broker("mqtt://old.example", options_of(false), broker);
    CHECK(finding.verdict == Verdict::ok);
    CHECK(mentions(finding.what, "MQTT 3.1.1"));
    CHECK(broker.connects == 2);
}

TEST_CASE("doctor: each way in which a broker is not reached has its remedy", "[ctl][doctor]") {
    using uplink::Reached;
    const auto plain = options_of(false);
    auto tls = options_of(true);
    const auto remedy = [](const Finding& finding) {
        CHECK(finding.verdict == Verdict::problem);
        return finding.remedy;
    };
    CHECK(mentions(
        remedy(finding_of(plain, {Reached::nothing, 0, false}, "no such name")), "name servers"
    ));
    CHECK(mentions(remedy(finding_of(plain, {Reached::name, 0, false}, "refused")), "firewall"));
    CHECK(mentions(
        remedy(finding_of(plain, {Reached::server, 0x87, false}, "not authorised")), "password_file"
    ));
    CHECK(mentions(
        remedy(finding_of(plain, {Reached::server, 0x88, false}, "unavailable")), "broker's log"
    ));
    CHECK(mentions(remedy(finding_of(plain, {Reached::server, 0, true}, "closed")), "mqtts://"));
    const char* untrusted = "TLS: certificate verify failed";
    CHECK(
        mentions(remedy(finding_of(tls, {Reached::server, 0, false}, untrusted)), "uplink.ca_file")
    );
    CHECK(mentions(
        remedy(finding_of(tls, {Reached::server, 0, false}, "TLS: host name verification failed")),
        "as it stands in the broker's certificate"
    ));
    CHECK(mentions(
        remedy(finding_of(tls, {Reached::server, 0, true}, "TLS: closed by the broker (...)")),
        "certificate_file"
    ));
    tls.ca_file = "/etc/cxedge/ca.pem";
    CHECK(mentions(
        remedy(finding_of(tls, {Reached::server, 0, false}, untrusted)), "into /etc/cxedge/ca.pem"
    ));
    CHECK(mentions(remedy(finding_of(plain, {Reached::session, 0, false}, "gone")), "log"));
}

TEST_CASE("doctor: what keeps a connection from being begun is told", "[ctl][doctor]") {
    PlayedBroker broker;
    broker.refuse = true;
    const Finding finding = check_broker("mqtt://broker.example", options_of(false), broker);
    CHECK(is_problem(finding));
    CHECK(mentions(finding.what, "connection refused"));
}

}  // namespace cxedge::ctl
