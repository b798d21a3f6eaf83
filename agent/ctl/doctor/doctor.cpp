// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/doctor.hpp"

#include <filesystem>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "agent/base/clock.hpp"
#include "agent/config/load.hpp"
#include "agent/ctl/broker_link.hpp"
#include "agent/ctl/doctor/agent_check.hpp"
#include "agent/ctl/doctor/broker_check.hpp"
#include "agent/ctl/doctor/camera_check.hpp"
#include "agent/ctl/doctor/certificate.hpp"
#include "agent/ctl/doctor/clock_check.hpp"
#include "agent/ctl/doctor/disk_check.hpp"
#include "agent/ctl/doctor/permission_check.hpp"
#include "agent/ctl/doctor/secret_place.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/remote/credential_files.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::chrono::seconds kDialPatience{5};
constexpr std::uint64_t kBytesPerMib = 1U << 20U;
constexpr Check kConfig{"config"};
constexpr Check kUser{"permission"};

// A text of a source's own settings; empty: not there.
std::string text_of(const config::SourceConfig& source, std::string_view key) {
    const SettingsNode* node = source.settings.find(key);
    const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
    return text == nullptr ? std::string() : *text;
}

std::string source_label(const config::SourceConfig& source) {
    return source.name.empty() ? source.plugin : source.name;
}

// The uplink and all further sinks, with the names people know them by.
std::vector<std::pair<std::string, const config::UplinkConfig*>> connections_of(
    const config::AgentConfig& config
) {
    std::vector<std::pair<std::string, const config::UplinkConfig*>> all{
        {"uplink", &config.uplink}};
    for (const config::SinkConfig& sink : config.sinks) {
        all.emplace_back("sink." + sink.name, &sink);
    }
    return all;
}

Finding dial(const std::string& url, const config::UplinkConfig& from) {
    ConnectionOptions connection;
    connection.broker = url;
    connection.username = from.username;
    connection.password_file = readable_path(from.password_file);
    connection.ca_file = readable_path(from.ca_file);
    connection.certificate_file = readable_path(from.certificate_file);
    connection.key_file = readable_path(from.key_file);
    auto options = broker_options(connection);
    if (!options) {
        return Check{"broker"}.problem(
            url + ": " + options.error().message, "mend the setting, or put the file there"
        );
    }
    options->connect_timeout = kDialPatience;
    const auto broker = uplink::make_mosquitto_broker();
    return check_broker(url, std::move(*options), *broker);
}

void examine_brokers(const config::AgentConfig& config, const Report& report) {
    for (const auto& [name, connection] : connections_of(config)) {
        for (const std::string& url : connection->brokers) {
            report(dial(url, *connection));
        }
    }
}

void examine_certificates(const config::AgentConfig& config, const Report& report) {
    const SystemClock clock;
    if (!config.node.claim_file.empty()) {
        report(check_certificate(
            {"node.claim_file", readable_path(config.node.claim_file), "", false}, clock.wall_now()
        ));
    }
    for (const auto& [name, connection] : connections_of(config)) {
        if (!connection->certificate_file.empty()) {
            report(check_certificate(
                {name + ".certificate_file",
                 readable_path(connection->certificate_file),
                 readable_path(connection->key_file),
                 true},
                clock.wall_now()
            ));
        }
    }
}

void examine_disk(
    const config::AgentConfig& config, const std::string& state_dir, const Report& report
) {
    auto quota_mib = static_cast<std::uint64_t>(config.spool.max_mib);
    for (const config::SinkConfig& sink : config.sinks) {
        quota_mib += static_cast<std::uint64_t>(sink.max_mib);
    }
    const auto room = disk_room(state_dir);
    report(
        room ? check_disk(*room, quota_mib * kBytesPerMib)
             : Check{"disk"}.problem(room.error().message, "run cxctl doctor as root")
    );
}

void examine_cameras(const config::AgentConfig& config, const Report& report) {
    for (const config::SourceConfig& source : config.sources) {
        if (source.plugin == "camera" && source.enabled) {
            const CameraPlace place{
                source_label(source), text_of(source, "source"), !text_of(source, "user").empty()};
            report(check_camera(place, kDialPatience));
        }
    }
}

// What systemd hands over has the right modes.
void leave_out_foreign(std::vector<NamedFile>& files) {
    std::erase_if(files, [](const NamedFile& file) {
        return file.path.empty() || is_credential(file.path);
    });
}

std::vector<NamedFile> secrets_of(const config::AgentConfig& config) {
    std::vector<NamedFile> files{{"node.claim_file", config.node.claim_file}};
    for (const auto& [name, connection] : connections_of(config)) {
        files.push_back({name + ".password_file", connection->password_file});
        files.push_back({name + ".key_file", connection->key_file});
    }
    for (const config::SourceConfig& source : config.sources) {
        files.push_back(
            {"source." + source_label(source) + ".password_file", text_of(source, "password_file")}
        );
    }
    leave_out_foreign(files);
    return files;
}

std::vector<NamedFile> public_files_of(
    const config::AgentConfig& config, const std::string& config_file
) {
    std::vector<NamedFile> files{{"", config_file}};
    for (const auto& [name, connection] : connections_of(config)) {
        files.push_back({name + ".ca_file", connection->ca_file});
        files.push_back({name + ".certificate_file", connection->certificate_file});
    }
    leave_out_foreign(files);
    return files;
}

// As the agent connects: with what the box enrolled with, where no certificate is configured.
config::AgentConfig with_enrolled_certificate(
    config::AgentConfig config, const DoctorOptions& options, const Report& report
) {
    if (config.node.claim_file.empty() || !config.uplink.certificate_file.empty()) {
        return config;
    }
    const std::string file = remote::CredentialFiles(options.state_dir + "/identity").node();
    std::error_code hidden;
    if (std::filesystem::exists(file, hidden)) {
        config.uplink.certificate_file = file;
        config.uplink.key_file = file;
    } else if (!hidden) {
        report(Check{"certificate"}.note(
            "this box is not enrolled yet: no " + file,
            "start cxedged, or run cxctl enrol; an enroller must run somewhere"
        ));
    }
    return config;
}

void examine_permissions(
    const config::AgentConfig& config, const DoctorOptions& options, const Report& report
) {
    const auto user = find_user(options.user);
    if (!user) {
        report(kUser.problem(
            user.error().message, "systemd-sysusers makes it; or name the daemon's with --user"
        ));
        return;
    }
    for (const NamedFile& file : public_files_of(config, options.config_file)) {
        report(check_readable(file, *user));
    }
    for (const NamedFile& file : secrets_of(config)) {
        report(check_secret(file, *user));
    }
    report(check_state_directory(options.state_dir, *user));
}

void report_mistakes(const Error& error, const Report& report) {
    std::istringstream lines(error.message);
    for (std::string line; std::getline(lines, line);) {
        report(kConfig.problem(line, "mend it there; cxctl setup writes a new file"));
    }
}

void examine_agent(
    const config::AgentConfig& config, const DoctorOptions& options, const Report& report
) {
    const std::string& own = config.agent.control_socket;
    const bool told = options.socket != kDefaultSocket;
    for (const Finding& finding :
         check_agent(ask_agent(own.empty() || told ? options.socket : own))) {
        report(finding);
    }
}

}  // namespace

void examine_box(
    const config::AgentConfig& configured, const DoctorOptions& options, const Report& report
) {
    const config::AgentConfig config = with_enrolled_certificate(configured, options, report);
    examine_permissions(config, options, report);
    examine_certificates(config, report);
    report(check_clock(kernel_clock()));
    examine_disk(config, options.state_dir, report);
    examine_cameras(config, report);
    examine_brokers(config, report);
}

ExitCode run_doctor(const DoctorOptions& options) {
    Findings findings;
    const Report report = [&](const Finding& finding) {
        findings.push_back(finding);
        if (!options.json) {
            write_out(to_line(finding));
        }
    };
    const auto loaded = config::load({options.config_file, options.profiles_dir});
    if (loaded) {
        report(kConfig.ok(fmt::format(
            "{}: profile {}, {} sources",
            options.config_file,
            loaded->config.profile.empty() ? "none" : loaded->config.profile,
            loaded->config.sources.size()
        )));
        examine_box(loaded->config, options, report);
        examine_agent(loaded->config, options, report);
    } else {
        report_mistakes(loaded.error(), report);
    }
    if (options.json) {
        write_out(to_json(findings));
    }
    return any_problem(findings) ? ExitCode::failed : ExitCode::ok;
}

}  // namespace cxedge::ctl
