// SPDX-License-Identifier: Apache-2.0
#include "plugins/serial/serial.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "plugins/_devices/text.hpp"
#include "plugins/serial/line_shape.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kReopen{1};
constexpr std::chrono::hours kSayAgain{1};
constexpr int kMostUnanswered = 3;

// Keys of the line itself are read into a struct of their own.
Schema<LineSettings> make_line_schema() {
    Schema<LineSettings> schema;
    schema.text("port", &LineSettings::port, "Device file, best below /dev/serial/by-id")
        .required();
    schema.integer("baud", &LineSettings::baud, "Bits per second").range(50, 4'000'000);
    schema.integer("data_bits", &LineSettings::data_bits, "5 to 8").range(5, 8);
    schema.text("parity", &LineSettings::parity, "Parity bit")
        .one_of({"none", "even", "odd", "mark", "space"});
    schema.integer("stop_bits", &LineSettings::stop_bits, "1 or 2").range(1, 2);
    schema.text("flow", &LineSettings::flow, "Flow control").one_of({"none", "rtscts", "xonxoff"});
    return schema;
}

Schema<SerialSettings> make_schema() {
    Schema<SerialSettings> schema;
    ignore_common_keys(schema);
    for (const char* key : {"port", "baud", "data_bits", "parity", "stop_bits", "flow"}) {
        schema.ignore(key);
    }
    schema.text(
        "line_end", &SerialSettings::line_end, "What ends a line: \"\\n\", \"\\r\", \"\\r\\n\""
    );
    schema
        .duration(
            "settle_ms", &SerialSettings::settle, "What comes so soon after opening began before it"
        )
        .range(0, 10'000);
    schema.text("send", &SerialSettings::send, "Sent to ask the device; empty: it talks by itself");
    schema.duration("send_every_s", &SerialSettings::send_every, "So often it is asked")
        .range(0.1, 86'400);
    schema.integer("max_line_bytes", &SerialSettings::max_line_bytes, "Longer lines are skipped")
        .range(16, 65'536);
    schema.tables("match", &SerialSettings::matches, match_rule_schema(), "Lines of one form");
    devices::add_intake_keys(schema);
    return schema;
}

const Schema<SerialSettings>& schema() {
    static const Schema<SerialSettings> kSchema = make_schema();
    return kSchema;
}

const Schema<LineSettings>& line_schema() {
    static const Schema<LineSettings> kSchema = make_line_schema();
    return kSchema;
}

// The keys of the line only: others are unknown to its schema.
SettingsNode only_line_keys(const SettingsNode& settings) {
    SettingsNode::Table table;
    for (const SettingHelp& help : line_schema().help()) {
        if (const SettingsNode* const value = settings.find(help.key); value != nullptr) {
            table.emplace_back(help.key, *value);
        }
    }
    SettingsNode node;
    node.value = std::move(table);
    node.position = settings.position;
    return node;
}

bool is_noise(std::string_view line) {
    return std::any_of(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20U && c != '\t') || c == 0x7F;
    });
}

}  // namespace

std::vector<SettingHelp> Serial::settings_help() {
    std::vector<SettingHelp> help = line_schema().help();
    const std::vector<SettingHelp> rest = schema().help();
    help.insert(help.end(), rest.begin(), rest.end());
    return help;
}

void Serial::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    settings_.line = line_schema().read(only_line_keys(settings), problems);
    const auto complain = [&](const char* key, const std::string& what) {
        const SettingsNode* const node = settings.find(key);
        problems.add(node != nullptr ? node->position : settings.position, key, what);
    };
    if (!is_standard_baud(settings_.line.baud)) {
        complain("baud", "is not a standard one, such as 9600 or 115200");
    }
    if (!settings_.line.port.empty() && settings_.line.port.front() != '/') {
        complain("port", "must be a path that begins with /");
    }
    if (settings_.line_end.empty() || settings_.line_end.size() > 2) {
        complain("line_end", "must be one or two characters");
    }
    if (settings_.send.empty() && settings.find("send_every_s") != nullptr) {
        complain("send_every_s", "has no effect without send");
    }
    matcher_ = LineMatcher::make(settings_.matches, settings, problems);
}

Status Serial::start(Host& host) {
    host_ = &host;
    if (Status opened = open(); !opened) {
        return opened;
    }
    intake_.emplace(host, settings_);
    begin();
    return {};
}

Status Serial::open() {
    Result<UniqueFd> opened = open_serial_port(settings_.line);
    if (!opened) {
        return opened.error();
    }
    port_ = std::move(*opened);
    return {};
}

void Serial::begin() {
    EventLoop& loop = host_->loop();
    splitter_.emplace(static_cast<std::size_t>(settings_.max_line_bytes));
    begins_midway_ = false;
    unanswered_ = 0;
    readable_ = loop.when_readable(port_.get(), [this] { on_readable(); });
    if (settings_.settle.count() > 0) {
        settling_ = loop.after(settings_.settle, [this] { settled(); });
    }
    if (!settings_.send.empty()) {
        poll_ = loop.every(settings_.send_every, [this] { ask(); });
    }
    if (!settling_) {
        settled();
    }
}

void Serial::settled() {
    settling_ = LoopHandle();
    if (!settings_.send.empty()) {
        ask();
    }
}

// The device went away, as USB adapters do; it comes back under the same name.
void Serial::lost(const std::string& why) {
    readable_ = LoopHandle();
    settling_ = LoopHandle();
    poll_ = LoopHandle();
    port_.reset();
    set_problem(settings_.line.port + " went away: " + why);
    reopen_ = host_->loop().every(kReopen, [this] { open_again(); });
}

void Serial::open_again() {
    if (open()) {
        reopen_ = LoopHandle();
        set_problem({});
        begin();
    }
}

void Serial::on_readable() {
    const ssize_t got = ::read(port_.get(), buffer_.data(), buffer_.size());
    if (got > 0) {
        take_bytes({buffer_.data(), static_cast<std::size_t>(got)});
        return;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        lost(got == 0 ? "it hung up" : std::generic_category().message(errno));
    }
}

void Serial::take_bytes(std::string_view bytes) {
    begins_midway_ = begins_midway_ || settling_;
    std::string text(bytes);
    const char end = settings_.line_end.back();
    if (end != '\n') {
        std::replace(text.begin(), text.end(), '\n', ' ');
        std::replace(text.begin(), text.end(), end, '\n');
    }
    splitter_->feed(text, [this](std::string_view line, bool too_long) {
        take_line(line, too_long);
    });
}

void Serial::take_line(std::string_view line, bool too_long) {
    // The end of a line whose beginning nobody read may look like another one.
    if (std::exchange(begins_midway_, false)) {
        return;
    }
    if (too_long) {
        intake_->bad_message(settings_.line.port, invalid_argument("a line is too long"));
        return;
    }
    line = devices::trimmed(line);
    if (!line.empty()) {
        take_text(line);
    }
}

void Serial::take_text(std::string_view line) {
    const std::optional<devices::Report> report =
        is_noise(line) ? std::nullopt : matcher_->read(line);
    if (!report) {
        unmatched(line);
        return;
    }
    unanswered_ = 0;
    set_problem({});
    // Refused by storage: the device cannot be asked to say it again, and the agent counts a gap.
    static_cast<void>(intake_->take(*report));
}

void Serial::unmatched(std::string_view line) {
    ++unmatched_;
    intake_->bad_message(settings_.line.port, invalid_argument("a line fits no match"));
    const SteadyTime now = host_->clock().steady_now();
    if (unmatched_said_ && now - *unmatched_said_ < kSayAgain) {
        return;
    }
    unmatched_said_ = now;
    host_->log(
        log::Level::warn,
        fmt::format(
            "{} lines fit no match; the last one has the form \"{}\"",
            std::exchange(unmatched_, 0),
            shape_of(line)
        )
    );
}

void Serial::ask() {
    const std::string& send = settings_.send;
    const ssize_t sent = ::write(port_.get(), send.data(), send.size());
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lost(std::generic_category().message(errno));
        return;
    }
    if (++unanswered_ > kMostUnanswered) {
        set_problem(settings_.line.port + ": the device does not answer");
    }
}

void Serial::set_problem(const std::string& problem) {
    if (problem != problem_) {
        problem_ = problem;
        host_->set_problem(problem);
    }
}

void Serial::stop() {
    readable_ = LoopHandle();
    settling_ = LoopHandle();
    reopen_ = LoopHandle();
    poll_ = LoopHandle();
    port_.reset();
    intake_.reset();
    problem_.clear();
}

}  // namespace cxedge::plugins
