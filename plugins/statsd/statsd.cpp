// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/statsd.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "agent/base/unix_socket.hpp"

namespace cxedge::plugins {
namespace {

constexpr double kMillisecondsPerSecond = 1000;
// A timing sent at @0.001 stands for 1000, but one line must not become any number of readings.
constexpr double kMaxRepeats = 100;

std::string check_socket(const std::string& path) {
    return path.empty() ? "" : check_unix_path(path);
}

Schema<StatsdSettings> make_schema() {
    Schema<StatsdSettings> schema;
    ignore_common_keys(schema);
    schema.text("listen", &StatsdSettings::listen, "UDP address:port; empty: none; port 0: any")
        .check(check_udp_address);
    schema.text("socket", &StatsdSettings::socket, "Path of a Unix datagram socket; empty: none")
        .check(check_socket);
    schema.text("socket_mode", &StatsdSettings::socket_mode, "Who may send to it")
        .check(check_file_mode);
    schema.text("prefix", &StatsdSettings::prefix, "Put in front of every name, e.g. \"pos.\"");
    schema.text_map(
        "dims", &StatsdSettings::dims, "Dimensions of every series; tags of the same key win"
    );
    schema
        .duration(
            "interval_s",
            &StatsdSettings::interval,
            "Over which sets are counted and bad lines reported"
        )
        .range(0.05, 3600);
    schema
        .integer(
            "receive_buffer_kib",
            &StatsdSettings::receive_buffer_kib,
            "Receive buffer to ask the kernel for"
        )
        .range(16, 65'536);
    schema
        .integer(
            "max_series", &StatsdSettings::max_series, "Different names, types and tags at most"
        )
        .range(1, 1'000'000);
    schema
        .integer(
            "max_members",
            &StatsdSettings::max_members,
            "Different members of a set an interval at most"
        )
        .range(1, 10'000'000);
    return schema;
}

const Schema<StatsdSettings>& schema() {
    static const Schema<StatsdSettings> kSchema = make_schema();
    return kSchema;
}

std::string shortened(std::string_view line) {
    constexpr std::size_t kShown = 60;
    std::string shown(line.substr(0, kShown));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?'
    );
    return shown;
}

}  // namespace

std::vector<SettingHelp> Statsd::settings_help() {
    return schema().help();
}

void Statsd::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    if (settings_.listen.empty() && settings_.socket.empty()) {
        problems.add(
            settings.position, "listen", "is empty and there is no `socket`: nothing to listen on"
        );
    }
}

Status Statsd::start(Host& host) {
    host_ = &host;
    table_.emplace(
        SeriesTable::Naming{settings_.prefix, settings_.dims},
        static_cast<std::size_t>(settings_.max_series)
    );
    counts_ = {};
    drops_before_ = 0;
    bad_said_ = false;
    full_set_said_ = false;
    declare_own_series();
    if (Status opened = open_sockets(); !opened) {
        return opened;
    }
    timer_ = host.loop().every(settings_.interval, [this] { flush(); });
    return {};
}

Status Statsd::open_sockets() {
    if (!settings_.listen.empty()) {
        if (Status status = take_over(DatagramSocket::bind_udp(settings_.listen)); !status) {
            return status;
        }
    }
    if (settings_.socket.empty()) {
        return {};
    }
    mode_t mode = 0;
    parse_file_mode(settings_.socket_mode, mode);
    return take_over(DatagramSocket::bind_unix(settings_.socket, mode));
}

Status Statsd::take_over(Result<DatagramSocket> opened) {
    if (!opened) {
        return opened.error();
    }
    sockets_.push_back(std::make_unique<DatagramSocket>(std::move(opened).value()));
    DatagramSocket& socket = *sockets_.back();
    const std::int64_t granted =
        socket.set_receive_buffer(settings_.receive_buffer_kib * 1024) / 1024;
    host_->log(
        log::Level::info,
        fmt::format("listening on {}, receive buffer {} KiB", socket.name(), granted)
    );
    socket.listen(host_->loop(), [this](const Datagram& datagram) { receive(datagram); });
    return {};
}

void Statsd::declare_own_series() {
    struct Own {
        const char* metric;
        const char* unit;
        std::uint64_t Counts::*count;
    };
    own_.clear();
    for (const Own& own :
         {Own{"statsd.lines", "{line}", &Counts::lines},
          Own{"statsd.bad_lines", "{line}", &Counts::bad},
          Own{"statsd.refused", "{line}", &Counts::refused},
          Own{"statsd.kernel_drops", "{packet}", &Counts::kernel_drops}}) {
        const std::vector<Dimension> dims{{"source", std::string(host_->source_name())}};
        const Result<SeriesId> id =
            host_->declare({{own.metric, dims}, Kind::delta, own.unit, {}, 0});
        if (id) {
            own_.push_back({*id, own.count});
        } else {
            host_->log(log::Level::warn, fmt::format("{}: {}", own.metric, id.error().message));
        }
    }
}

void Statsd::receive(const Datagram& datagram) {
    std::string_view packet = datagram.bytes;
    if (datagram.is_cut) {
        // What follows the last line end is incomplete: a shortened number would be a wrong one.
        const std::size_t end = packet.rfind('\n');
        packet = packet.substr(0, end == std::string_view::npos ? 0 : end);
        ++counts_.lines;
        bad_line("(datagram too long)");
    }
    std::string_view line;
    while (next_line(packet, line)) {
        ++counts_.lines;
        take_line(line);
    }
}

void Statsd::take_line(std::string_view text) {
    const std::optional<StatsdLine> line = parse_statsd_line(text);
    // All or nothing: of "a:1:x|c" not even the 1 counts.
    if (!line || (line->type != StatsdType::set && !has_only_numbers(line->values))) {
        bad_line(text);
        return;
    }
    if (SeriesTable::Series* const series = table_->find_or_declare(*line, *host_)) {
        take_values(*line, *series);
    } else {
        ++counts_.refused;
    }
}

void Statsd::take_values(const StatsdLine& line, SeriesTable::Series& series) {
    if (line.type == StatsdType::set) {
        take_member(line.values, series);
        return;
    }
    std::string_view rest = line.values;
    std::string_view text;
    while (next_value(rest, text)) {
        if (const std::optional<StatsdNumber> number = parse_statsd_number(text)) {
            take_number(line, series, *number);
        }
    }
}

void Statsd::take_number(
    const StatsdLine& line, SeriesTable::Series& series, const StatsdNumber& number
) {
    switch (line.type) {
        case StatsdType::counter:
            emit(series.id, number.value / line.rate, line.unix_time);
            return;
        case StatsdType::gauge:
            series.level = number.is_signed ? series.level + number.value : number.value;
            emit(series.id, series.level, line.unix_time);
            return;
        case StatsdType::milliseconds:
        case StatsdType::histogram:
            break;
        case StatsdType::set:
            return;
    }
    const bool is_time = line.type == StatsdType::milliseconds;
    const double value = is_time ? number.value / kMillisecondsPerSecond : number.value;
    const auto repeats = static_cast<int>(std::round(std::min(1 / line.rate, kMaxRepeats)));
    for (int i = 0; i < repeats; ++i) {
        emit(series.id, value, line.unix_time);
    }
}

void Statsd::take_member(std::string_view member, SeriesTable::Series& series) {
    if (series.members.size() < static_cast<std::size_t>(settings_.max_members)) {
        series.members.insert(std::hash<std::string_view>{}(member));
        return;
    }
    if (!std::exchange(full_set_said_, true)) {
        host_->log(
            log::Level::warn, "a set has more than max_members members: its count stops there"
        );
    }
}

void Statsd::emit(SeriesId id, double value, const std::optional<std::int64_t>& unix_time) {
    const Status status = unix_time ? host_->emit_at(id, value, from_unix_ms(*unix_time * 1000))
                                    : host_->emit(id, value);
    // Nobody waits for an answer: a refusal can only be counted.
    counts_.refused += status ? 0U : 1U;
}

void Statsd::bad_line(std::string_view line) {
    ++counts_.bad;
    if (std::exchange(bad_said_, true)) {
        return;
    }
    const std::string text = fmt::format("not a StatsD line: \"{}\"", shortened(line));
    host_->log(log::Level::warn, text + "; further ones are only counted (statsd.bad_lines)");
    Event event;
    event.name = "statsd.bad_line";
    event.severity = Severity::warning;
    event.subject = std::string(host_->source_name());
    event.text = "A line was not understood; further ones are only counted.";
    host_->emit_event(std::move(event));
}

void Statsd::flush() {
    flush_sets();
    std::uint64_t drops = 0;
    for (const auto& socket : sockets_) {
        drops += socket->kernel_drops();
    }
    counts_.kernel_drops = drops - std::exchange(drops_before_, drops);
    const Counts counts = std::exchange(counts_, Counts{});
    for (const OwnSeries& own : own_) {
        emit(own.id, static_cast<double>(counts.*own.count), std::nullopt);
    }
}

void Statsd::flush_sets() {
    table_->for_each_set([this](SeriesTable::Series& series) {
        emit(series.id, static_cast<double>(series.members.size()), std::nullopt);
        series.members.clear();
    });
}

void Statsd::stop() {
    const bool was_running = static_cast<bool>(timer_);
    timer_ = LoopHandle();
    if (was_running) {
        flush();
    }
    sockets_.clear();
    own_.clear();
    table_.reset();
}

std::uint16_t Statsd::port() const {
    for (const auto& socket : sockets_) {
        if (const std::uint16_t port = socket->port(); port != 0) {
            return port;
        }
    }
    return 0;
}

}  // namespace cxedge::plugins
